// Builds the Workers: cargo compiles them, wasm-bindgen writes the JavaScript around each, esbuild makes one module of that.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, packagedNode } from '../bootstrap.mjs';
import { run } from '../command.mjs';
import { TARGET, TARGET_DIR, addTarget, ensureBindgen } from '../toolchain.mjs';
import { runCargo } from './cargo.mjs';

/** @typedef {'dev' | 'release'} Profile */

/** Cargo's names of the profiles. @type {Record<Profile, string>} */
const CARGO_PROFILES = { dev: 'worker-dev', release: 'release' };

/**
 * @typedef {object} WorkerSource
 * @property {string} title
 * @property {string} crate
 * @property {string} module the JavaScript that workerd loads
 * @property {() => string[]} objects classes of Durable Objects
 */

/** The Worker that chats, and the one that reads files. @type {Record<'chat' | 'readers', WorkerSource>} */
const SOURCES = {
  chat: { title: 'Worker', crate: 'frontdesk', module: join(ROOT, 'dev/build/shim.js'), objects: durableObjectClasses },
  readers: { title: 'Readers', crate: 'readers-worker', module: join(ROOT, 'crates/readers-worker/worker.js'), objects: () => [] },
};

/** @typedef {keyof typeof SOURCES} WorkerName */

/** Features of WebAssembly that workerd supports: wasm-opt must not use others. */
export const WASM_FEATURES = [
  'bulk-memory', 'exception-handling', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext',
];

/** Number of the bundling steps: raise it when a change of them changes their output. */
const STEPS_VERSION = 2;

/** Folder of each profile. wrangler deploys the first: nothing but a release may be written there. */
export const WORKER_FOLDERS = { release: join(ROOT, 'build'), dev: join(ROOT, 'build/dev') };

/** Configuration of the readers for wrangler. */
export const READERS_CONFIG = join(ROOT, 'crates/readers-worker/wrangler.toml');

/** Name of the readers' Worker there. */
export const READERS_NAME = 'frontdesk-readers';

/** Folder of the readers. @param {Profile} profile */
export const readersFolder = (profile) => join(WORKER_FOLDERS[profile], 'readers');

/**
 * Writes `index.js` and `index_bg.wasm` of each Worker into its folder.
 * @param {object} options
 * @param {Profile} options.profile
 * @param {WorkerName[]} [options.names] all by default
 * @param {Promise<void>} options.packages resolves when npm's packages are there
 * @param {import('../progress.mjs').Progress} options.progress
 */
export async function buildWorkers({ profile, names = ['chat', 'readers'], packages, progress }) {
  addTarget(progress.say);
  const sources = names.map((name) => SOURCES[name]);
  const [bindgen] = await Promise.all([ensureBindgen(progress), compile({ profile, sources, progress }), packages]);
  for (const name of names) {
    const folder = name === 'readers' ? readersFolder(profile) : WORKER_FOLDERS[profile];
    await bundleIfStale({ profile, source: SOURCES[name], folder, bindgen, progress });
  }
}

/**
 * @param {object} options
 * @param {Profile} options.profile
 * @param {WorkerSource} options.source
 * @param {string} options.folder
 * @param {string} options.bindgen path of the tool
 * @param {import('../progress.mjs').Progress} options.progress
 */
async function bundleIfStale({ profile, source, folder, bindgen, progress }) {
  const compiled = join(TARGET_DIR, TARGET, CARGO_PROFILES[profile], `${source.crate.replaceAll('-', '_')}.wasm`);
  const stamp = join(folder, '.made-of');
  const madeOf = fingerprint({ profile, source, compiled, bindgen });
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeOf) return;
  const step = progress.step(source.title);
  const unfinished = join(folder, `unfinished-${process.pid}`);
  try {
    await bundle({ profile, source, compiled, bindgen, folder: unfinished, step });
    rmSync(stamp, { force: true });
    for (const file of ['index_bg.wasm', 'index.js']) renameSync(join(unfinished, file), join(folder, file));
    writeFileSync(stamp, madeOf);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  step.done(`${source.title} bundled, ${sizes(folder)}`);
}

/**
 * @param {object} options
 * @param {Profile} options.profile
 * @param {WorkerSource[]} options.sources
 * @param {import('../progress.mjs').Progress} options.progress
 */
async function compile({ profile, sources, progress }) {
  const step = progress.step('Worker');
  const started = Date.now();
  // With it, wasm-bindgen's macros expand to `js_sys` alone.
  const env = { WASM_BINDGEN_USE_JS_SYS: '1' };
  const packages = sources.flatMap(({ crate }) => ['--package', crate]);
  await runCargo('The Worker', ['build', '--lib', ...packages, '--target', TARGET, '--profile', CARGO_PROFILES[profile], '--target-dir', TARGET_DIR], { step, env });
  // Cargo looks after its own freshness: of a build with nothing to do there is nothing to tell.
  if (Date.now() - started > 2000) step.done('Worker compiled');
  else step.end();
}

/**
 * @param {object} options
 * @param {Profile} options.profile
 * @param {WorkerSource} options.source
 * @param {string} options.compiled path of cargo's WebAssembly
 * @param {string} options.bindgen path of the tool
 * @param {string} options.folder
 * @param {import('../progress.mjs').Step} options.step
 */
async function bundle({ profile, source, compiled, bindgen, folder, step }) {
  step.update('wasm-bindgen');
  const generated = join(folder, 'generated');
  mkdirSync(generated, { recursive: true });
  await run('wasm-bindgen', bindgen, ['module', compiled, 'index', generated]);
  const wasm = join(generated, 'index_bg.wasm');
  if (profile === 'release') {
    step.update('wasm-opt');
    const wasmOpt = join(ROOT, 'node_modules/binaryen/bin/wasm-opt');
    const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
    // With the names of functions: stack traces have them.
    await run('wasm-opt', packagedNode(), [wasmOpt, wasm, '-o', join(folder, 'index_bg.wasm'), '-O', '--debuginfo', ...features]);
  } else {
    renameSync(wasm, join(folder, 'index_bg.wasm'));
  }

  step.update('esbuild');
  const script = join(generated, 'index.js');
  // workerd imports a module of WebAssembly without the word that the proposal for it has.
  writeFileSync(script, readFileSync(script, 'utf8').replace('import source ', 'import '));
  copyFileSync(source.module, join(generated, 'module.js'));
  const entry = join(generated, 'entry.js');
  writeFileSync(entry, entryModule(source.objects()));
  const { build } = await import('esbuild');
  await build({
    entryPoints: [entry],
    outfile: join(folder, 'index.js'),
    bundle: true,
    format: 'esm',
    external: ['./index_bg.wasm', 'cloudflare:*'],
    minify: profile === 'release',
    logLevel: 'warning',
  });
}

/** The module whose exports workerd sees. @param {string[]} objects */
function entryModule(objects) {
  const compiled = objects.length > 0 ? ["import * as compiled from './index.js';", "import { durableObject } from './module.js';"] : [];
  const classes = objects.map((name) => `export const ${name} = durableObject(compiled.${name});`);
  return ["export { default } from './module.js';", ...compiled, ...classes].join('\n');
}

/** Classes of Durable Objects, as `wrangler.toml` binds them in any environment. */
function durableObjectClasses() {
  const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
  return [...new Set([...config.matchAll(/^class_name = "(\w+)"/gm)].map(([, name]) => name))];
}

/**
 * @param {{ profile: Profile, source: WorkerSource, compiled: string, bindgen: string }} inputs
 * @returns {string} the same for the same bundle
 */
function fingerprint({ profile, source, compiled, bindgen }) {
  const hash = createHash('sha256');
  for (const path of [compiled, source.module, join(ROOT, 'package-lock.json')]) hash.update(readFileSync(path));
  // The tool's folder is named after its sources.
  return hash.update(JSON.stringify([profile, source.objects(), bindgen, STEPS_VERSION])).digest('hex');
}

/** @param {string} folder */
function sizes(folder) {
  const files = ['index.js', 'index_bg.wasm'].map((file) => readFileSync(join(folder, file)));
  const megabytes = (/** @type {Buffer[]} */ parts) => (parts.reduce((sum, part) => sum + part.length, 0) / 1e6).toFixed(2);
  return `${megabytes(files)} MB, ${megabytes(files.map((file) => gzipSync(file)))} MB gzipped: ${relative(ROOT, folder)}`;
}
