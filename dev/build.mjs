// Builds what is deployed: the chat page into web/dist, the Worker into build/. Skips what is newer than its sources.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './bootstrap.mjs';
import { run } from './command.mjs';
import { ensureToolchain } from './toolchain.mjs';

const BINARIES = join(ROOT, 'node_modules', '.bin');

/** @param {(line: string) => void} say */
export async function build(say) {
  await buildPage(say);
  await buildWorker(say);
}

/** @param {(line: string) => void} say */
async function buildPage(say) {
  if (isFresh('web/dist/.built', ['web/src', 'web/public', 'web/index.html', 'web/vite.config.ts', 'package-lock.json'])) return;
  say('Building the chat page');
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  await run('vite', process.execPath, [vite, 'build', 'web', '--logLevel', 'warn'], { say });
  writeFileSync(join(ROOT, 'web/dist/.built'), '');
}

/** @param {(line: string) => void} say */
async function buildWorker(say) {
  if (isFresh('build/index.js', ['src', 'crates', 'Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml'])) return;
  const { wasmBindgen, workerBuild } = await ensureToolchain(say);
  say('Building the Worker (2 to 3 minutes the first time)');
  const env = {
    WASM_BINDGEN_BIN: wasmBindgen,
    WASM_OPT_BIN: join(BINARIES, 'wasm-opt'),
    ESBUILD_BIN: join(BINARIES, 'esbuild'),
    // Tools that are Node scripts must find the Node that runs this one.
    PATH: `${BINARIES}${delimiter}${process.env.PATH}`,
  };
  await run('the Worker', workerBuild, ['--release'], { say, env });
  say(`The Worker is ${sizes()}`);
}

/** @returns {string} what a deployment weighs; a free plan takes 3 MB gzipped */
function sizes() {
  const files = ['build/index.js', 'build/index_bg.wasm'].map((file) => readFileSync(join(ROOT, file)));
  const kilobytes = (/** @type {Buffer[]} */ parts) => Math.round(parts.reduce((sum, part) => sum + part.length, 0) / 1000);
  return `${kilobytes(files)} KB, ${kilobytes(files.map((file) => gzipSync(file)))} KB gzipped`;
}

/**
 * @param {string} output
 * @param {string[]} inputs files or folders
 */
function isFresh(output, inputs) {
  const made = join(ROOT, output);
  return existsSync(made) && inputs.every((input) => newest(join(ROOT, input)) <= statSync(made).mtimeMs);
}

/**
 * @param {string} path
 * @returns {number} when the newest file in it was changed, in milliseconds
 */
function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
