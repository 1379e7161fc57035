// What benchmarks of engines on workerd share: a crate built as the Worker is, and the speed of what runs there.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../dev/bootstrap.mjs';
import { ensureToolchain } from '../dev/toolchain.mjs';

const LEAST_MS = 2000;
const TRIES = 5;

/** Those that worker-build lets wasm-opt use. */
const FEATURES = [
  'mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types', 'exception-handling',
];

export const say = (line) => console.error(`• ${line}`);

const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

/** Builds a crate in this folder; returns where cargo puts what it builds. */
export function cargo(crate, ...options) {
  execFileSync('cargo', ['build', '--release', '--manifest-path', join(ROOT, 'bench', crate, 'Cargo.toml'), ...options], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CARGO_TARGET_DIR: target },
  });
  return target;
}

/** Builds a crate in this folder for workerd as the Worker is built, into `folder`; returns the modules' paths by name. */
export async function buildWasm(crate, folder) {
  const { wasmBindgen } = await ensureToolchain(say);
  cargo(crate, '--target', 'wasm32-unknown-unknown', '--lib');
  const built = join(target, `wasm32-unknown-unknown/release/${crate}.wasm`);
  execFileSync(wasmBindgen, [built, '--target', 'web', '--no-typescript', '--out-dir', folder], { stdio: 'inherit' });
  const wasm = join(folder, `${crate}_bg.wasm`);
  execFileSync(join(ROOT, 'node_modules/.bin/wasm-opt'), [wasm, '-O', '-o', wasm, ...FEATURES.map((name) => `--enable-${name}`)], { stdio: 'inherit' });
  return {
    [`${crate}.js`]: join(folder, `${crate}.js`), [`${crate}_bg.wasm`]: wasm,
    'engines-worker.js': join(ROOT, 'bench/engines-worker.js'),
  };
}

/** What the engine finds in all texts, and how long it takes until the answer is there. */
export async function time(worker, engine, texts, rounds) {
  const body = JSON.stringify(texts);
  const began = performance.now();
  const response = await fetch(`${worker.url}/?engine=${engine}&rounds=${rounds}`, { method: 'POST', body });
  return { found: Number(await response.text()), ms: performance.now() - began };
}

/** Clocks stand still while a Worker computes, so it is timed from outside: many rounds, less a request without any. */
export async function measure(worker, engine, texts) {
  const bytes = Buffer.byteLength(texts.join(''));
  const fastest = async (rounds) => {
    const tries = [];
    for (let count = 0; count < TRIES; count += 1) tries.push(await time(worker, engine, texts, rounds));
    return tries.reduce((best, one) => (one.ms < best.ms ? one : best));
  };
  let rounds = 1;
  while ((await time(worker, engine, texts, rounds)).ms < LEAST_MS / TRIES) rounds *= 2;
  const [empty, full] = [await fastest(0), await fastest(rounds)];
  return { found: full.found, speed: (bytes * rounds) / 1e6 / ((full.ms - empty.ms) / 1000) };
}
