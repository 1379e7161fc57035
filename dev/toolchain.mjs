// The tools that turn Rust into a Worker and check it, built once per version and kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './bootstrap.mjs';
import { run } from './command.mjs';

const TARGET = 'wasm32-unknown-unknown';

/** `locked`: wasm-bindgen-cli's own lockfile does not build with a current compiler. */
const TOOLS = {
  'wasm-bindgen-cli': { version: '0.2.130', binary: 'wasm-bindgen', locked: false },
  'worker-build': { version: '0.8.7', binary: 'worker-build', locked: true },
  'cargo-deny': { version: '0.20.2', binary: 'cargo-deny', locked: true },
};

/** For tools that run for a second, quick to build beats quick to run. */
const QUICK_BUILD = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/**
 * @param {(line: string) => void} say
 * @returns {Promise<{ wasmBindgen: string, workerBuild: string }>} paths of the binaries
 */
export async function ensureToolchain(say) {
  requireMatchingCrate();
  addTarget(say);
  return { wasmBindgen: await ensureTool('wasm-bindgen-cli', say), workerBuild: await ensureTool('worker-build', say) };
}

/** The crate and the tool speak a private format: their versions must be the same. */
function requireMatchingCrate() {
  const lock = readFileSync(join(ROOT, 'Cargo.lock'), 'utf8');
  const crate = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  const { version } = TOOLS['wasm-bindgen-cli'];
  if (crate !== version) {
    throw new Error(`Cargo.lock has wasm-bindgen ${crate}, dev/toolchain.mjs ${version}: set both to the same version.`);
  }
}

/**
 * Adds what Rust needs to compile for a Worker; a toolchain that was there before this repository may lack it.
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
 * @param {keyof typeof TOOLS} name
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the path of its binary
 */
export async function ensureTool(name, say) {
  const { version, binary, locked } = TOOLS[name];
  const folder = join(cacheFolder(), `${name}-${version}`);
  const path = join(folder, 'bin', process.platform === 'win32' ? `${binary}.exe` : binary);
  if (existsSync(path)) return path;

  say(`Building ${name} ${version}: once per machine, 2 to 4 minutes`);
  mkdirSync(cacheFolder(), { recursive: true });
  // Built beside its place and renamed into it, so that a start that is interrupted, or a second one, harms nothing.
  const unfinished = `${folder}.unfinished-${process.pid}`;
  const target = join(tmpdir(), `frontdesk-${name}-${process.pid}`);
  try {
    const options = ['install', name, '--version', version, '--root', unfinished, ...(locked ? ['--locked'] : [])];
    // Outside the repository, whose pinned toolchain and settings are for the Worker.
    await run(name, 'cargo', options, { say, cwd: tmpdir(), env: { ...QUICK_BUILD, CARGO_TARGET_DIR: target } });
    if (!existsSync(path)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
  }
  return path;
}

function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'frontdesk');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'frontdesk');
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'frontdesk');
  return join(homedir(), '.cache', 'frontdesk');
}
