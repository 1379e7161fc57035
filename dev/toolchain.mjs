// The tools in Rust that the build and the checks need, built once per version and kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { runCargo } from './build/cargo.mjs';

/** @typedef {import('./progress.mjs').Progress} Progress */

export const TARGET = 'wasm32-unknown-unknown';

/** Said to cargo each time, whatever its configuration is: the build looks for its results there. */
export const TARGET_DIR = join(ROOT, 'target');

const BINDGEN = join(ROOT, 'dev/build/bindgen');

const CARGO_DENY = { name: 'cargo-deny', version: '0.20.2' };

/** For a tool that runs for a second, quick to build beats quick to run. */
const QUICK_BUILD = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '256',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/**
 * Adds the target that Workers are compiled for; a toolchain that was there before this repository may lack it.
 * @param {(line: string) => void} say
 */
export function addTarget(say) {
  const installed = spawnSync('rustup', ['target', 'list', '--installed'], { cwd: ROOT, encoding: 'utf8' });
  if (installed.stdout?.includes(TARGET)) return;
  say(`Adding Rust's ${TARGET} target`);
  const { status } = spawnSync('rustup', ['target', 'add', TARGET], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`rustup could not add the target ${TARGET}: its own message above says why.`);
}

/**
 * The tool that runs wasm-bindgen; its cache folder is named after its sources.
 * @param {Progress} progress
 * @returns {Promise<string>} the path of its binary
 */
export async function ensureBindgen(progress) {
  requireMatchingCrate();
  const hash = createHash('sha256');
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs']) hash.update(readFileSync(join(BINDGEN, file)));
  const folder = join(cacheFolder(), `bindgen-${hash.digest('hex').slice(0, 12)}`);
  const path = join(folder, executable('frontdesk-bindgen'));
  if (existsSync(path)) return path;

  const step = progress.step('wasm-bindgen');
  // In the repository, so that a build that is interrupted goes on where it was.
  const target = join(TARGET_DIR, 'bindgen');
  // Beside the Worker, which takes longer and should not have to wait.
  const jobs = String(Math.max(1, Math.floor(availableParallelism() / 2)));
  await runCargo('wasm-bindgen', ['build', '--locked', '--manifest-path', join(BINDGEN, 'Cargo.toml'), '--target-dir', target, '--jobs', jobs], { step });
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.unfinished-${process.pid}`;
  copyFileSync(join(target, 'debug', executable('frontdesk-bindgen')), unfinished);
  renameSync(unfinished, path);
  rmSync(target, { recursive: true, force: true });
  step.done('wasm-bindgen compiled');
  return path;
}

/** The crate and the tool speak a private format: their versions must be the same. */
function requireMatchingCrate() {
  const [crate, tool] = [ROOT, BINDGEN].map((folder) => {
    const lock = readFileSync(join(folder, 'Cargo.lock'), 'utf8');
    return /name = "wasm-bindgen-shared"\nversion = "([^"]+)"/.exec(lock)?.[1];
  });
  if (crate !== tool) {
    throw new Error(`Cargo.lock has wasm-bindgen ${crate}, dev/build/bindgen/Cargo.lock ${tool}: set both to the same version.`);
  }
}

/**
 * @param {Progress} progress
 * @returns {Promise<string>} the path of its binary
 */
export async function ensureCargoDeny(progress) {
  const { name, version } = CARGO_DENY;
  const folder = join(cacheFolder(), `${name}-${version}`);
  const path = join(folder, 'bin', executable(name));
  if (existsSync(path)) return path;

  const step = progress.step(`${name} ${version}`);
  mkdirSync(cacheFolder(), { recursive: true });
  // Built beside its place and renamed into it, so that a build that is interrupted, or a second one, harms nothing.
  const unfinished = `${folder}.unfinished-${process.pid}`;
  const target = join(tmpdir(), `frontdesk-${name}-${process.pid}`);
  try {
    const options = ['install', name, '--version', version, '--locked', '--root', unfinished];
    // Outside the repository, whose pinned toolchain and settings are for the Worker.
    await runCargo(name, options, { step, cwd: tmpdir(), env: { ...QUICK_BUILD, CARGO_TARGET_DIR: target } });
    if (!existsSync(path)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
  }
  step.done(`${name} compiled`);
  return path;
}

/** @param {string} name */
function executable(name) {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

export function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'frontdesk');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'frontdesk');
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'frontdesk');
  return join(homedir(), '.cache', 'frontdesk');
}
