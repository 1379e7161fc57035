// The module of the readers against a stand-in for what wasm-bindgen writes, which traps on demand.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importWithStandIns } from './stand-ins.mjs';

const COMPILED = `
let instance = 1;
let isUsed = false;
export const __wbg_reset_state = () => { instance += 1; isUsed = false; };
export function read(request, file) {
  if (isUsed) throw new Error('an instance has one file');
  isUsed = true;
  if (request === 'trap') throw new WebAssembly.RuntimeError('unreachable');
  return JSON.stringify({ instance, request, bytes: file.length });
}`;

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-readers-'));
/** @type {any} */
let readers;
/** @type {string[]} */
let errors = [];

before(async () => {
  console.error = (...values) => { errors.push(values.join(' ')); };
  const entryPoints = [fileURLToPath(new URL('../../crates/readers-worker/worker.js', import.meta.url))];
  const standIns = { compiled: COMPILED, workers: 'export class WorkerEntrypoint {}' };
  const { default: Readers } = await importWithStandIns(folder, { entryPoints }, standIns);
  readers = new Readers();
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => { errors = []; });

const send = (/** @type {string} */ request, body = 'file') => readers.fetch(new Request('https://readers/', { method: 'POST', headers: { 'x-frontdesk-read': request }, body }));

test('files that come at once are read in an instance each', async () => {
  const answers = await Promise.all(['a', 'b', 'c'].map(async (request) => (await send(request)).json()));
  assert.deepEqual(answers.map(({ request, bytes }) => [request, bytes]), [['a', 4], ['b', 4], ['c', 4]]);
  assert.equal(new Set(answers.map(({ instance }) => instance)).size, 3);
});

test('a file that traps ends its own reading', async () => {
  const [before, trapped, later] = await Promise.all(['a', 'trap', 'b'].map((request) => send(request, 'secret text')));
  assert.deepEqual([before.status, trapped.status, later.status], [200, 500, 200]);
  assert.equal(await trapped.text(), '');
  assert.equal(errors.length, 1);
  assert.doesNotMatch(errors[0], /secret/);
});
