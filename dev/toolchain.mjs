// The tools that turn Rust into a Worker, built once per version and kept in the user's cache folder.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './bootstrap.mjs';

const TARGET = 'wasm32-unknown-unknown';

/** `locked`: wasm-bindgen-cli's own lockfile does not build with a current compiler. */
const TOOLS = {
  'wasm-bindgen-cli': { version: '0.2.130', binary: 'wasm-bindgen', locked: false },
  'worker-build': { version: '0.8.7', binary: 'worker-build', locked: true },
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

/** @param {(line: string) => void} say */
function addTarget(say) {
  const installed = spawnSync('rustup', ['target', 'list', '--installed'], { cwd: ROOT, encoding: 'utf8' });
  if (installed.stdout?.includes(TARGET)) return;
  say(`Adding Rust's ${TARGET} target`);
  const { status } = spawnSync('rustup', ['target', 'add', TARGET], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`rustup could not add the target ${TARGET}: its own message above says why.`);
}

/**
 * @param {keyof typeof TOOLS} name
 * @param {(line: string) => void} say
 */
async function ensureTool(name, say) {
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
    const options = ['--version', version, '--root', unfinished, ...(locked ? ['--locked'] : [])];
    await cargoInstall([name, ...options], { ...QUICK_BUILD, CARGO_TARGET_DIR: target }, say);
    if (!existsSync(path)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
  }
  return path;
}

/**
 * Runs `cargo install`, saying every ten seconds how far it is.
 * @param {string[]} options
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 */
async function cargoInstall(options, env, say) {
  // Outside the repository, whose pinned toolchain and settings are for the Worker.
  const child = spawn('cargo', ['install', ...options], {
    cwd: tmpdir(), env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  let compiled = 0;
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    compiled += text.match(/^\s+Compiling /gm)?.length ?? 0;
    tail = (tail + text).slice(-4000);
  });
  const started = Date.now();
  const timer = setInterval(() => {
    say(`  ${options[0]}: ${compiled} crates compiled, ${Math.round((Date.now() - started) / 1000)} s`);
  }, 10_000);
  const code = await new Promise((resolve) => { child.once('close', resolve).once('error', resolve); });
  clearInterval(timer);
  if (code !== 0) throw new Error(`cargo could not install ${options[0]}:\n${tail}`);
}

function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'frontdesk');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'frontdesk');
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'frontdesk');
  return join(homedir(), '.cache', 'frontdesk');
}
