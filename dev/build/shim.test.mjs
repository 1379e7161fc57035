// The shim against a stand-in for what wasm-bindgen writes: the same guard, ids and exports, with traps on demand.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importWithStandIns } from './stand-ins.mjs';

const COMPILED = `
const state = { criticalError: false, instanceId: 0 };
let instance = 0, isTerminated = false;
const start = () => { instance += 1; isTerminated = false; state.instanceId += 1; };
start();
const guard = () => { if (isTerminated) start(); };
const trap = (isPanic) => { isTerminated = true; state.criticalError = isPanic; throw new WebAssembly.RuntimeError('unreachable'); };
export const log = globalThis.calls = [];
export const __worker_init_state = () => { guard(); return state; };
export const __wbg_reset_state = () => { log.push('reset'); start(); };
export const terminate = globalThis.terminate = () => { isTerminated = true; };
export function fetch(request, env, ctx) {
  guard();
  if (request === 'panic') trap(true);
  if (request === 'trap') trap(false);
  if (request === 'unsettled') return new Promise(() => {});
  if (request === 'later') return Promise.resolve('later');
  if (request === 'failed') return Promise.reject(new Error('an error of its own'));
  log.push(['fetch', instance, request, env, ctx]);
  return 'answer';
}
export class User {
  constructor(ctx, env) { guard(); this.instance = instance; log.push(['new', instance, ctx.name, env]); }
  free() {}
  __destroy_into_raw() {}
  fetch(request) {
    if (this.instance !== instance) throw new Error('Invalid stale object');
    guard();
    if (this.instance !== instance) throw new Error('address of an old instance used');
    if (request === 'panic') trap(true);
    if (request === 'error') throw new Error('no trap');
    log.push(['User.fetch', instance, request]);
    return 'object';
  }
  alarm() { log.push(['User.alarm', instance]); }
}`;

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-shim-'));
/** @type {any} */
let shim;
/** @type {any} */
const world = globalThis;
/** A context, as workerd gives it to a Durable Object. @param {string} name */
const context = (name) => ({ name, abort: () => world.calls.push(['abort', 0, name]) });
/** A trap in a future, outside of all calls. */
const trapLater = () => {
  world.terminate();
  world.onError({ error: new WebAssembly.RuntimeError('unreachable') });
};

before(async () => {
  world.addEventListener = (/** @type {string} */ _type, /** @type {unknown} */ listener) => { world.onError = listener; };
  console.error = () => {};
  console.log = () => {};
  const stdin = {
    contents: `export { default, durableObject } from ${JSON.stringify(fileURLToPath(new URL('shim.js', import.meta.url)))}; export { User } from './index.js';`,
    resolveDir: folder,
  };
  const workers = 'export class WorkerEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }';
  shim = await importWithStandIns(folder, { stdin }, { compiled: COMPILED, workers });
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => { world.calls.length = 0; });

test('a request reaches the compiled Worker with its environment and context', () => {
  assert.equal(new shim.default('ctx', 'env').fetch('hello'), 'answer');
  assert.deepEqual(world.calls.map((/** @type {any[]} */ call) => call.toSpliced(1, 1)), [['fetch', 'hello', 'env', 'ctx']]);
});

for (const kind of ['panic', 'trap']) {
  test(`after a ${kind} the next request finds one new instance`, () => {
    const entry = new shim.default('ctx', 'env');
    entry.fetch('before');
    assert.throws(() => entry.fetch(kind), WebAssembly.RuntimeError);
    entry.fetch('after');
    const [[, first], [, second], ...rest] = world.calls.filter((/** @type {any} */ call) => call[0] === 'fetch');
    assert.equal(second, first + 1);
    assert.deepEqual(rest, []);
  });
}

test('a Durable Object is made anew in a new instance, before it is called, and not otherwise', () => {
  const User = shim.durableObject(shim.User);
  const [one, other] = [new User(context('ctx 1'), 'env'), new User(context('ctx 2'), 'env')];
  one.fetch('a');
  assert.throws(() => one.fetch('error'), /no trap/);
  assert.throws(() => one.fetch('panic'), WebAssembly.RuntimeError);
  assert.equal(one.fetch('b'), 'object');
  other.alarm();
  one.fetch('c');
  const names = world.calls.filter((/** @type {any[]} */ [name]) => name !== 'abort').map((/** @type {any[]} */ [name, , ...values]) => [name, ...values].join(' '));
  assert.deepEqual(names, [
    'new ctx 1 env', 'new ctx 2 env', 'User.fetch a', 'new ctx 1 env', 'User.fetch b', 'new ctx 2 env', 'User.alarm', 'User.fetch c',
  ]);
});

test('a trap between two calls is noticed before an object of the old instance is touched', () => {
  const user = new (shim.durableObject(shim.User))(context('ctx'), 'env');
  user.fetch('a');
  world.terminate();
  assert.equal(user.fetch('b'), 'object');
});

test('promises of calls pass through, and those that a trap leaves unsettled are rejected', async () => {
  const entry = new shim.default('ctx', 'env');
  assert.equal(await entry.fetch('later'), 'later');
  await assert.rejects(entry.fetch('failed'), /an error of its own/);
  const inFlight = entry.fetch('unsettled');
  trapLater();
  await assert.rejects(inFlight, WebAssembly.RuntimeError);
  assert.equal(await entry.fetch('later'), 'later');
});

test('a trap resets the objects that workerd lets it reset, and those only', () => {
  const User = shim.durableObject(shim.User);
  const refused = { name: 'other', abort: () => { throw new Error('Cannot perform I/O on behalf of a different Durable Object.'); } };
  const objects = [new User(refused, 'env'), new User(context('own'), 'env')];
  trapLater();
  assert.deepEqual(world.calls.filter((/** @type {any[]} */ [call, , name]) => call === 'abort' && name === 'own').length, 1);
  assert.equal(objects[0].fetch('a'), 'object');
});

test('an error that is no trap ends nothing', () => {
  const user = new (shim.durableObject(shim.User))(context('calm'), 'env');
  world.onError({ error: new Error('of a script') });
  user.fetch('a');
  assert.deepEqual(world.calls.map((/** @type {any[]} */ [name]) => name), ['new', 'User.fetch']);
});

test('a class has the events of its compiled class and nothing of wasm-bindgen', () => {
  const methods = Object.getOwnPropertyNames(shim.durableObject(shim.User).prototype);
  assert.deepEqual(methods.sort(), ['alarm', 'constructor', 'fetch']);
});
