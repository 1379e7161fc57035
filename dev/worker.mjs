// The built Worker on workerd, as `wrangler dev` runs it.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './bootstrap.mjs';
import { WORKER_FOLDERS } from './build/worker.mjs';
import { watchChild } from './part.mjs';
import { isFree, requireFreePort } from './ports.mjs';

/** Milliseconds that it may take to answer. */
const START_LIMIT = 180_000;

/**
 * Resolves when the Worker answers.
 *
 * @param {object} options
 * @param {import('./build/worker.mjs').Profile} options.profile
 * @param {number} options.port on 127.0.0.1
 * @param {Record<string, string>} options.vars
 * @param {string} options.stateDir folder of its Durable Objects
 * @param {import('./part.mjs').Log} options.log
 */
export async function startWorker({ profile, port, vars, stateDir, log }) {
  await requireFreePort(port, 'the API', 'FRONTDESK_PORT');
  const varsFile = join(stateDir, 'worker.vars');
  writeFileSync(varsFile, envFile(vars), { mode: 0o600 });

  const child = spawn(process.execPath, [
    join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'dev', join(WORKER_FOLDERS[profile], 'index.js'), '--ip', '127.0.0.1', '--port', String(port),
    '--persist-to', join(stateDir, 'worker'), '--env-file', varsFile, '--inspector-port', '0',
    '--show-interactive-dev-session=false', '--log-level', 'log',
  ], {
    cwd: ROOT,
    env: {
      ...process.env, FRONTDESK_IS_BUILT: '1', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: join(stateDir, 'logs'), NO_COLOR: '1', CI: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that workerd can be ended with it.
    detached: process.platform !== 'win32',
  });
  const watch = watchChild(child, 'The Worker', log);
  const endGroup = () => killGroup(child.pid, 'SIGKILL');
  process.once('exit', endGroup);
  watch.gone.then(() => process.off('exit', endGroup));

  const url = `http://127.0.0.1:${port}`;
  const failure = await Promise.race([waitUntilReady(url, child), watch.gone]);
  if (failure) {
    endGroup();
    throw new Error(failure);
  }
  return {
    url,
    exited: watch.exited,
    stop: watch.stop,
    /** Ends workerd and wrangler at once, as a crash of the machine would. */
    async kill() {
      const killed = watch.kill();
      endGroup();
      await killed;
      // workerd, which holds the port, may outlive wrangler by a moment.
      for (let tries = 0; tries < 250 && !await isFree(port); tries += 1) await delay(20);
    },
  };
}

/**
 * The text of a file for `wrangler --env-file`.
 * @param {Record<string, string>} vars
 */
export function envFile(vars) {
  return Object.entries(vars).map(([name, value]) => `${name}=${quote(value)}\n`).join('');
}

/**
 * Quotes a value with a sign that it does not contain: dotenv has no escape for a quote.
 * @param {string} value
 */
function quote(value) {
  const sign = ["'", '"', '`'].find((quote) => !value.includes(quote));
  if (!sign) throw new Error('A variable may not hold all three kinds of quotes.');
  return sign + value + sign;
}

/**
 * @param {number | undefined} pid
 * @param {NodeJS.Signals} signal
 */
function killGroup(pid, signal) {
  if (!pid) return;
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(pid), '/t', '/f']);
    else process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<string | undefined>} the reason if it is not ready
 */
async function waitUntilReady(url, child) {
  const deadline = Date.now() + START_LIMIT;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return undefined;
    // It runs, and says what is wrong with its variables.
    if (answer?.status === 500) return (await answer.json().catch(() => ({}))).detail ?? 'The Worker failed: see its log.';
    await delay(100);
  }
  return `The Worker did not answer within ${START_LIMIT / 1000} seconds: see its log.`;
}
