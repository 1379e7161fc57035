// `npm run bench:privacy [-- FILE]`: how fast personal data is found. Natively in one thread; and on workerd, the detectors
// in WebAssembly beside the same job in JavaScript regular expressions, both in one run. FILE (or PRIVACY_TEXTS) is a further
// set of texts, JSON lines {"text"}. Compare the rows, not machines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../dev/bootstrap.mjs';
import { freePorts } from '../dev/ports.mjs';
import { ensureToolchain } from '../dev/toolchain.mjs';
import { messages } from './privacy-texts.mjs';
import { startWorkerd } from './workerd.mjs';

const LEAST_MS = 2000;
const TRIES = 5;

/** Those that worker-build lets wasm-opt use. */
const FEATURES = [
  'mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types', 'exception-handling',
];

const say = (line) => console.error(`• ${line}`);
const folder = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

function cargo(...options) {
  execFileSync('cargo', ['build', '--release', '--manifest-path', join(ROOT, 'bench/detect/Cargo.toml'), ...options], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CARGO_TARGET_DIR: target },
  });
}

/** @returns {[string, string[]][]} names and texts */
function sets() {
  const { plain, personal } = messages();
  const path = process.argv[2] ?? process.env.PRIVACY_TEXTS;
  const own = path ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).text) : undefined;
  return [['no personal data', plain], ['personal data', personal], ...(own ? [[path, own]] : [])];
}

/** Builds the detectors for workerd as the Worker is built; returns the modules' paths. */
async function buildWasm() {
  const { wasmBindgen } = await ensureToolchain(say);
  cargo('--target', 'wasm32-unknown-unknown', '--lib');
  const built = join(target, 'wasm32-unknown-unknown/release/detect.wasm');
  execFileSync(wasmBindgen, [built, '--target', 'web', '--no-typescript', '--out-dir', folder], { stdio: 'inherit' });
  const wasm = join(folder, 'detect_bg.wasm');
  execFileSync(join(ROOT, 'node_modules/.bin/wasm-opt'), [wasm, '-O', '-o', wasm, ...FEATURES.map((name) => `--enable-${name}`)], { stdio: 'inherit' });
  writeFileSync(join(folder, 'main.js'), `
    import { initSync, spans } from './detect.js';
    import module from './detect_bg.wasm';
    import { find } from './privacy-peer.js';
    import { serve } from './privacy-worker.js';
    initSync({ module });
    export default serve({ wasm: spans, peer: find });`);
  return {
    'main.js': join(folder, 'main.js'), 'detect.js': join(folder, 'detect.js'), 'detect_bg.wasm': wasm,
    'privacy-peer.js': join(ROOT, 'bench/privacy-peer.js'), 'privacy-worker.js': join(ROOT, 'bench/privacy-worker.js'),
  };
}

/** Clocks stand still while a Worker computes, so it is timed from outside: many rounds, less a request without any. */
async function measure(worker, engine, texts) {
  const body = JSON.stringify(texts);
  const bytes = Buffer.byteLength(texts.join(''));
  const time = async (rounds) => {
    const began = performance.now();
    const response = await fetch(`${worker.url}/?engine=${engine}&rounds=${rounds}`, { method: 'POST', body });
    return { found: Number(await response.text()), ms: performance.now() - began };
  };
  const fastest = async (rounds) => {
    const tries = [];
    for (let count = 0; count < TRIES; count += 1) tries.push(await time(rounds));
    return tries.reduce((best, one) => (one.ms < best.ms ? one : best));
  };
  let rounds = 1;
  while ((await time(rounds)).ms < LEAST_MS / TRIES) rounds *= 2;
  const [empty, full] = [await fastest(0), await fastest(rounds)];
  return { found: full.found, speed: (bytes * rounds) / 1e6 / ((full.ms - empty.ms) / 1000) };
}

const table = [];
const all = sets();
say('Building the detectors natively');
cargo('--bin', 'detect');
for (const [at, [name, texts]] of all.entries()) {
  say(`Natively: ${name}`);
  const file = join(folder, `${at}.jsonl`);
  writeFileSync(file, texts.map((text) => JSON.stringify({ text })).join('\n'));
  const result = JSON.parse(execFileSync(join(target, 'release/detect'), [file], { encoding: 'utf8' }));
  table.push({ texts: name, engine: 'native', found: result.found, 'MB/s': Math.round(result['MB/s']) });
}
say('Building the detectors for workerd');
const modules = await buildWasm();
const worker = await startWorkerd({ folder: join(folder, 'workerd'), port: (await freePorts()).api, modules });
try {
  for (const [name, texts] of all) {
    say(`On workerd: ${name}`);
    const [wasm, peer] = [await measure(worker, 'wasm', texts), await measure(worker, 'peer', texts)];
    table.push(
      { texts: name, engine: 'wasm', found: wasm.found, 'MB/s': Math.round(wasm.speed), 'to the peer': `${(wasm.speed / peer.speed).toFixed(1)}x` },
      { texts: name, engine: 'JavaScript', found: peer.found, 'MB/s': Number(peer.speed.toFixed(1)) },
    );
  }
  console.table(table);
  const wasm = readFileSync(modules['detect_bg.wasm']);
  console.log(`The detectors' WebAssembly: ${Math.round(wasm.length / 1000)} KB, ${Math.round(gzipSync(wasm).length / 1000)} KB gzipped`);
} finally {
  worker.stop();
  rmSync(folder, { recursive: true, force: true });
}
