// `npm test`: sets up and runs every check. `npm test -- unit` or `npm test -- e2e` runs a part; `npm run test:faults` runs
// the fault matrix, which takes too long for each change.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, fail, ROOT } from './bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ build }, { findChromium }, { startProgress }, { addTarget, ensureCargoDeny }] = await Promise.all([
  import('./build/all.mjs'), import('./chromium.mjs'), import('./progress.mjs'), import('./toolchain.mjs'),
]);

const NODE = process.execPath;
const WASM = ['--target', 'wasm32-unknown-unknown', '--workspace', '--lib'];
const tool = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
const progress = startProgress();
const { say } = progress;

/** The release, which is deployed. `--dev` tests the build of `npm start`, which is made sooner. @type {import('./build/worker.mjs').Profile} */
const profile = process.argv.includes('--dev') ? 'dev' : 'release';

/** Milliseconds after which a test or a suite has failed. Without it, one that waits for ever would keep the others from being told. */
const TEST_LIMIT = 20 * 60_000;

/** Parts that run when none is named. @type {string[]} */
const USUAL = ['unit', 'e2e'];

/** @typedef {{ part: 'unit' | 'e2e' | 'faults', name: string, run: () => Promise<unknown> }} Step */

/** @type {Step[]} the quick ones first; a step's failure does not keep the others from running */
const STEPS = [
  { part: 'unit', name: 'Rust: format', run: () => run('cargo', ['fmt', '--all', '--check']) },
  { part: 'unit', name: 'Rust: lints, native', run: () => run('cargo', ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']) },
  { part: 'unit', name: 'Rust: lints, wasm32', run: () => run('cargo', ['clippy', ...WASM, '--', '-D', 'warnings']) },
  { part: 'unit', name: 'Rust: tests', run: () => run('cargo', ['test', '--workspace']) },
  { part: 'unit', name: 'Tokens: as gpt-tokenizer counts', run: () => run(NODE, ['tests/tokens/parity.mjs']) },
  { part: 'unit', name: 'Rust: simulation', run: () => run('cargo', ['test', '--profile', 'simulation', '--test', 'simulation']) },
  { part: 'unit', name: 'Rust: documentation', run: () => run('cargo', ['doc', '--workspace', '--no-deps', '--target', 'wasm32-unknown-unknown'], { RUSTDOCFLAGS: '-D warnings' }) },
  { part: 'unit', name: 'Rust: licences, bans, sources', run: cargoDeny },
  { part: 'unit', name: 'Client: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'client', '--noEmit']) },
  { part: 'unit', name: 'Client: tests', run: () => run(NODE, ['--test', 'client/test/*.test.mjs']) },
  { part: 'unit', name: 'Widget: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'widget']) },
  { part: 'unit', name: 'React: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'react']) },
  { part: 'unit', name: 'Page: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'web']) },
  { part: 'unit', name: 'Import circles', run: () => run(NODE, ['dev/lint.mjs', 'circles']) },
  { part: 'unit', name: 'Rust: comments', run: () => run(NODE, ['dev/lint.mjs', 'comments']) },
  { part: 'unit', name: 'Scripts: tests', run: () => run(NODE, ['--test', 'dev/**/*.test.mjs']) },
  { part: 'unit', name: 'Scripts: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'dev']) },
  { part: 'unit', name: 'Peer of the benchmark: types', run: () => run(NODE, [tool('typescript/bin/tsc'), '-p', 'bench/peer']) },
  { part: 'unit', name: 'npm: unused code and packages', run: () => run(NODE, [tool('knip/bin/knip.js')]) },
  { part: 'unit', name: 'Papers: variables, errors, links', run: () => run(NODE, ['tests/papers.mjs']) },
  { part: 'unit', name: 'Database: pgTAP', run: () => run(NODE, ['dev/pgtap.mjs']) },
  { part: 'unit', name: 'Database: many connections', run: () => run(NODE, ['--test', '--test-reporter=spec', 'tests/concurrency/postgres.test.mjs']) },
  { part: 'e2e', name: 'Build', run: () => build({ profile, progress }) },
  { part: 'e2e', name: 'End to end', run: endToEnd },
  { part: 'faults', name: 'Build', run: () => build({ profile, progress }) },
  { part: 'faults', name: 'Fault matrix', run: () => runTests(['tests/faults/matrix.test.mjs']) },
];

const [wanted] = process.argv.slice(2).filter((option) => option !== '--dev');
if (wanted && !STEPS.some(({ part }) => part === wanted)) {
  fail('Run "npm test", "npm test -- unit", "npm test -- e2e" or "npm run test:faults"; "npm test -- e2e --dev" is built sooner.');
}

addTarget(say);
const results = [];
const parts = wanted ? [wanted] : USUAL;
for (const step of STEPS.filter(({ part }) => parts.includes(part))) results.push(await check(step));
const failed = results.filter(({ ok }) => !ok).length;
console.log(`\n${results.map(({ name, ok, seconds }) => `${ok ? '✓' : '✗'} ${name} (${seconds} s)`).join('\n')}\n`);
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** @param {Step} step */
async function check({ name, run: perform }) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const ok = await perform().then(() => true, (error) => {
    console.error(`✗ ${error.message}`);
    return false;
  });
  return { name, ok, seconds: Math.round((Date.now() - started) / 1000) };
}

async function cargoDeny() {
  await run(await ensureCargoDeny(progress), ['check', 'licenses', 'bans', 'sources']);
}

async function endToEnd() {
  const files = readdirSync(join(ROOT, 'tests/e2e')).filter((file) => file.endsWith('.test.mjs'));
  await runTests(files.map((file) => `tests/e2e/${file}`), { CHROMIUM_PATH: await findChromium(say) });
}

/**
 * In one process, so that all files share one running stack.
 * @param {string[]} files
 * @param {NodeJS.ProcessEnv} [env]
 */
function runTests(files, env) {
  // SQLite is an experiment of Node's.
  const options = ['--disable-warning=ExperimentalWarning', '--test', '--experimental-test-isolation=none', '--test-reporter=spec', `--test-timeout=${TEST_LIMIT}`];
  return run(NODE, [...options, ...files], { FRONTDESK_PROFILE: profile, ...env });
}

/**
 * @param {string} command
 * @param {string[]} options
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<void>}
 */
function run(command, options, env = {}) {
  const child = spawn(command, options, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
}
