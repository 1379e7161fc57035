// Sets up what the other scripts need before they can be loaded: npm's packages, and a Node new enough for them. Nothing here may import
// a package.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { startProgress } from './progress.mjs';
import { ROOT } from './root.mjs';

export { ROOT };

/** wrangler's minimum; where Node is older, the one that the npm package `node` brings takes its place. */
const NODE_NEEDED = [22, 12];

/** The oldest that the build runs on. */
const NODE_TO_BUILD_WITH = [20, 12];

/**
 * Returns in a process that can load everything; in one that cannot, runs `script` in another and exits as it does.
 * @param {string} script the `import.meta.url` of the caller
 */
export async function bootstrap(script) {
  requireTools();
  const progress = startProgress();
  await installPackages(progress).catch((error) => fail(error.message));
  if (!isCurrentNode()) process.exit(await runInPackagedNode(fileURLToPath(script)));
}

export function requireTools() {
  if (!isAtLeast(NODE_TO_BUILD_WITH)) {
    fail(`Node ${process.versions.node} is too old: install Node ${NODE_TO_BUILD_WITH.join('.')} or newer from https://nodejs.org.`);
  }
  for (const tool of ['cargo', 'rustup']) {
    if (spawnSync(tool, ['--version']).error) {
      fail(`${tool} is missing: install Rust with rustup from https://rustup.rs, open a new terminal and try again.`);
    }
  }
}

/**
 * Installs npm's packages where they are missing or older than package-lock.json.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function installPackages(progress) {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs) return;
  const step = progress.step('npm packages');
  // Not `npm ci`: it refuses when a registry lacks a package that only another platform needs.
  // The packages ask for a newer Node than npm may run on: it is one of them.
  const options = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', 'npm', options, { shell: process.platform === 'win32' });
  step.done('npm packages installed');
}

/** True if this process runs on a Node that wrangler supports. */
export function isCurrentNode() {
  return isAtLeast(NODE_NEEDED);
}

/** @param {number[]} version */
function isAtLeast([needMajor, needMinor]) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > needMajor || (major === needMajor && minor >= needMinor);
}

/** The path of a Node that all packages run on. */
export function packagedNode() {
  if (isCurrentNode()) return process.execPath;
  return join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * @param {string} script
 * @returns {Promise<number>} its exit code
 */
export function runInPackagedNode(script) {
  const child = spawn(packagedNode(), [script, ...process.argv.slice(2)], { stdio: 'inherit' });
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
