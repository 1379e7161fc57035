// What must be true before any other script can be loaded: packages installed, and a Node new enough for them.
// Only what Node itself brings is imported here.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** wrangler's minimum; an older Node is replaced by the one that the npm package `node` brings. */
const NODE_NEEDED = [22, 12];

/** The oldest that npm and this file run on. */
const NODE_TO_INSTALL_WITH = 20;

/**
 * Returns in a process that can load everything; in one that cannot, runs `script` in another and exits as it does.
 * @param {string} script the `import.meta.url` of the caller
 */
export async function bootstrap(script) {
  requireTools();
  if (packagesAreMissing()) installPackages();
  if (!isNewEnough(process.versions.node)) process.exit(await runUnderNewNode(fileURLToPath(script)));
}

function requireTools() {
  if (Number(process.versions.node.split('.')[0]) < NODE_TO_INSTALL_WITH) {
    fail(`Node ${process.versions.node} is too old: install Node ${NODE_TO_INSTALL_WITH} or newer from https://nodejs.org.`);
  }
  for (const tool of ['cargo', 'rustup']) {
    if (spawnSync(tool, ['--version']).error) {
      fail(`${tool} is missing: install Rust with rustup from https://rustup.rs, open a new terminal and try again.`);
    }
  }
}

function packagesAreMissing() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(ROOT, 'package-lock.json')).mtimeMs;
}

function installPackages() {
  console.log('• Installing npm packages (about a minute the first time)');
  // What the packages ask of Node's version is met by the one that is among them.
  // Not `npm ci`: it refuses when a registry lacks a package that only another platform needs.
  const { status } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32',
  });
  if (status !== 0) fail('npm could not install the packages: its own message above says why.');
}

/** @param {string} version */
function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
}

/**
 * @param {string} script
 * @returns {Promise<number>} its exit code
 */
function runUnderNewNode(script) {
  const node = join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process stays to pass its exit code on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => { child.once('exit', (code) => resolve(code ?? 1)); });
}

/**
 * @param {string} sentence
 * @returns {never}
 */
export function fail(sentence) {
  console.error(`✗ ${sentence}`);
  process.exit(1);
}
