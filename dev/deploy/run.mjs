// The deployment itself: checks, migrations, the Worker that reads files, the Worker with its assets, and whether it answers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkAll } from './checks.mjs';
import { READERS_CONFIG } from '../build/worker.mjs';
import { environmentOptions } from './cloudflare.mjs';
import { databaseTarget } from './supabase.mjs';

/** @typedef {import('./settings.mjs').Deployment} Deployment */
/** @typedef {import('./tools.mjs').Tools} Tools */

/**
 * @typedef {object} Plan
 * @property {Deployment} deployment
 * @property {boolean} isDryRun
 * @property {Tools} tools
 * @property {(line: string) => void} say
 * @property {number} [patience] milliseconds that the new Worker may take to be ready
 */

const SIGNS = { ok: '✓', warning: '!', missing: '✗' };

/** Milliseconds that a new Worker may take to be ready, by default. */
const PATIENCE_MS = 60_000;

/**
 * @param {Plan} plan
 * @returns {Promise<boolean>} true if all that was to be done is done
 */
export async function deploy(plan) {
  const { deployment, isDryRun, say } = plan;
  say(`Checking ${deployment.environment}`);
  const { findings, known } = await checkAll(plan);
  for (const { state, text } of findings) say(`  ${SIGNS[state]} ${text}`);
  const count = findings.filter(({ state }) => state === 'missing').length;
  // A dry run goes on where it can, so that it tells all at once.
  if (count > 0 && !isDryRun) return stop(say, `${count} missing: nothing was changed.`);

  if (!await migrate(plan)) return stop(say, isDryRun ? 'The migrations cannot be compared.' : 'The migrations failed: the Worker was not changed.');
  if (!await deployReaders(plan)) return stop(say, isDryRun ? 'The readers cannot be built.' : 'The readers were not deployed, nor the Worker; the migrations are applied, and fit the Worker before.');
  const targets = await deployWorker(plan, known);
  if (!targets) return stop(say, isDryRun ? 'The Worker cannot be built.' : 'The Worker was not deployed; the migrations are applied and the readers deployed, and both fit the Worker before.');
  if (isDryRun) return count > 0 ? stop(say, `${count} missing. Nothing was changed.`) : (say('Nothing is missing. Nothing was changed.'), true);
  return await isReady(plan, targets) || stop(say, 'The new Worker is not ready. `npx wrangler rollback` brings the one before back: docs/deploy.md#rolling-back.');
}

/** @param {(line: string) => void} say @param {string} sentence */
function stop(say, sentence) {
  say(`✗ ${sentence}`);
  return false;
}

/** @param {Plan} plan */
async function migrate({ deployment, isDryRun, tools, say }) {
  const target = databaseTarget(deployment);
  // Told by the checks.
  if (!target) return true;
  say(isDryRun ? 'Migrations that would be applied' : 'Applying migrations');
  const { code } = await tools.supabase(['db', 'push', ...target, ...(isDryRun ? ['--dry-run'] : ['--yes'])], { isShown: true });
  return code === 0;
}

/**
 * Before the Worker: Cloudflare refuses one that is bound to another which does not exist.
 * @param {Plan} plan
 */
async function deployReaders({ deployment: { environment }, isDryRun, tools, say }) {
  say(isDryRun ? 'Building the readers' : 'Deploying the readers');
  const folder = mkdtempSync(join(tmpdir(), 'frontdesk-deploy-'));
  try {
    const upload = isDryRun ? ['--dry-run', '--outdir', folder] : [];
    const { code } = await tools.wrangler(['deploy', '--config', READERS_CONFIG, ...environmentOptions(environment), ...upload], { isShown: true });
    return code === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Plan} plan
 * @param {Set<string>} known secrets that the Worker has already
 * @returns {Promise<string[] | undefined>} its addresses; undefined if it failed
 */
async function deployWorker({ deployment, isDryRun, tools, say }, known) {
  const { environment, vars, frameAncestors } = deployment;
  say(isDryRun ? 'Building the Worker and its assets' : 'Deploying the Worker and its assets');
  const folder = mkdtempSync(join(tmpdir(), 'frontdesk-deploy-'));
  try {
    const [secrets, report] = [join(folder, 'secrets.json'), join(folder, 'report.ndjson')];
    // JSON, not .env: there wrangler would replace `$NAME` in a value.
    writeFileSync(secrets, JSON.stringify(secretsToUpload(deployment, known)), { mode: 0o600 });
    const settings = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
    const upload = isDryRun ? ['--dry-run', '--outdir', join(folder, 'out')] : ['--secrets-file', secrets];
    const { code } = await tools.wrangler(['deploy', ...environmentOptions(environment), '--keep-vars', ...settings, ...upload], {
      isShown: true, env: { WRANGLER_OUTPUT_FILE_PATH: report, ...(frameAncestors && { FRAME_ANCESTORS: frameAncestors }) },
    });
    return code === 0 ? readTargets(report) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The master key of a Worker that has one stays: with another, no stored value could be read. A rotation names both.
 * @param {Deployment} deployment
 * @param {Set<string>} known
 */
function secretsToUpload({ secrets }, known) {
  const { PII_MASTER_KEY: masterKey, ...rest } = secrets;
  const isRotation = masterKey?.includes(',');
  return masterKey && (isRotation || !known.has('PII_MASTER_KEY')) ? { ...rest, PII_MASTER_KEY: masterKey } : rest;
}

/** @param {string} report of wrangler: a line of JSON for each event @returns {string[]} */
function readTargets(report) {
  try {
    const lines = readFileSync(report, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    return lines.find(({ type }) => type === 'deploy')?.targets ?? [];
  } catch {
    return [];
  }
}

/**
 * @param {Plan} plan
 * @param {string[]} targets
 */
async function isReady({ tools, say, patience = PATIENCE_MS }, targets) {
  const address = targets.find((target) => target.startsWith('https://'));
  if (!address) {
    say('✓ Deployed. Its address is not known here: look at /readyz of its route.');
    return true;
  }
  const deadline = Date.now() + patience;
  let answer = 'no answer';
  do {
    const response = await tools.fetch(`${address}/readyz`).catch(() => undefined);
    answer = response ? await response.text() : 'no answer';
    if (response?.ok) {
      say(`✓ ${address} is ready: ${answer}`);
      return true;
    }
    await delay(Math.min(2000, patience));
  } while (Date.now() < deadline);
  say(`  ${address}/readyz: ${answer}`);
  return false;
}
