// Shared by the benchmarks of engines on workerd: builds a crate like the Worker, and measures the speed of an engine.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../dev/bootstrap.mjs';
import { WASM_FEATURES } from '../dev/build/worker.mjs';
import { startProgress } from '../dev/progress.mjs';
import { addTarget, ensureBindgen } from '../dev/toolchain.mjs';

/** Least duration of all attempts together, in milliseconds. */
const MIN_DURATION_MS = 2000;
const ATTEMPTS = 5;

export const say = (line) => console.error(`• ${line}`);

const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

/** Builds a crate of this folder and returns cargo's target folder. */
export function cargo(crate, ...options) {
  execFileSync('cargo', ['build', '--release', '--manifest-path', join(ROOT, 'bench', crate, 'Cargo.toml'), ...options], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CARGO_TARGET_DIR: target },
  });
  return target;
}

/** Builds a crate of this folder for workerd, into `folder`. Returns the paths of the modules by name. */
export async function buildWasm(crate, folder) {
  addTarget(say);
  const bindgen = await ensureBindgen(startProgress({ output: process.stderr }));
  cargo(crate, '--target', 'wasm32-unknown-unknown', '--lib');
  const built = join(target, `wasm32-unknown-unknown/release/${crate}.wasm`);
  execFileSync(bindgen, ['web', built, crate, folder], { stdio: 'inherit' });
  const wasm = join(folder, `${crate}_bg.wasm`);
  execFileSync(join(ROOT, 'node_modules/.bin/wasm-opt'), [wasm, '-O', '-o', wasm, ...WASM_FEATURES.map((name) => `--enable-${name}`)], { stdio: 'inherit' });
  return {
    [`${crate}.js`]: join(folder, `${crate}.js`), [`${crate}_bg.wasm`]: wasm,
    'engines-worker.js': join(ROOT, 'bench/engines-worker.js'),
  };
}

/** Runs an engine over all texts. Returns its result and the milliseconds until the response. */
export async function time(worker, engine, texts, rounds) {
  const body = JSON.stringify(texts);
  const startedAt = performance.now();
  const response = await fetch(`${worker.url}/?engine=${engine}&rounds=${rounds}`, { method: 'POST', body });
  return { found: Number(await response.text()), ms: performance.now() - startedAt };
}

/**
 * Measures an engine in MB/s. A Worker's clock stands still while it computes, so it is timed from outside: a request with many rounds,
 * minus a request without any.
 */
export async function measure(worker, engine, texts) {
  const bytes = Buffer.byteLength(texts.join(''));
  const fastest = async (rounds) => {
    const attempts = [];
    for (let count = 0; count < ATTEMPTS; count += 1) attempts.push(await time(worker, engine, texts, rounds));
    return attempts.reduce((best, one) => (one.ms < best.ms ? one : best));
  };
  let rounds = 1;
  while ((await time(worker, engine, texts, rounds)).ms < MIN_DURATION_MS / ATTEMPTS) rounds *= 2;
  const [empty, full] = [await fastest(0), await fastest(rounds)];
  return { found: full.found, speed: (bytes * rounds) / 1e6 / ((full.ms - empty.ms) / 1000) };
}
