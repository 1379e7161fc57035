// The built Workers on workerd, as `wrangler dev` runs them: the one that chats, and the one that reads files.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './bootstrap.mjs';
import { READERS_CONFIG, READERS_NAME, WORKER_FOLDERS, readersFolder } from './build/worker.mjs';
import { watchChild } from './part.mjs';
import { isFree, requireFreePort } from './ports.mjs';

/** Milliseconds that it may take to answer. */
const START_LIMIT = 180_000;

/**
 * Starts the Worker that reads files, in a process of its own: what a file does to it, it does to nothing else. Resolves when the chat's
 * Worker finds it.
 *
 * @param {object} options
 * @param {import('./build/worker.mjs').Profile} options.profile
 * @param {string} options.stateDir
 * @param {import('./part.mjs').Log} options.log
 */
export async function startReaders({ profile, stateDir, log }) {
  const entry = join(registry(stateDir), READERS_NAME);
  // One that was killed leaves its entry behind.
  rmSync(entry, { force: true });
  return startWrangler({
    name: 'The readers',
    options: [join(readersFolder(profile), 'index.js'), '--config', READERS_CONFIG, '--port', '0', '--persist-to', join(stateDir, 'readers')],
    stateDir,
    log,
    isReady: async () => existsSync(entry),
  });
}

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
  const url = `http://127.0.0.1:${port}`;
  const worker = await startWrangler({
    name: 'The Worker',
    options: [
      join(WORKER_FOLDERS[profile], 'index.js'), '--port', String(port), '--persist-to', join(stateDir, 'worker'), '--env-file', varsFile,
    ],
    stateDir,
    log,
    isReady: () => answers(url),
  });
  return {
    ...worker,
    url,
    /** Ends workerd and wrangler at once, as a crash of the machine would. */
    async kill() {
      await worker.kill();
      // workerd, which holds the port, may outlive wrangler by a moment.
      for (let tries = 0; tries < 250 && !await isFree(port); tries += 1) await delay(20);
    },
  };
}

/**
 * Runs `wrangler dev`. Resolves when it is ready.
 * @param {object} options
 * @param {string} options.name begins a sentence
 * @param {string[]} options.options
 * @param {string} options.stateDir
 * @param {import('./part.mjs').Log} options.log
 * @param {() => Promise<boolean>} options.isReady throws if it never will be
 */
async function startWrangler({ name, options, stateDir, log, isReady }) {
  const child = spawn(process.execPath, [
    join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'dev', ...options, '--ip', '127.0.0.1', '--inspector-port', '0',
    '--show-interactive-dev-session=false', '--log-level', 'log',
  ], {
    cwd: ROOT,
    env: {
      ...process.env, FRONTDESK_IS_BUILT: '1', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: join(stateDir, 'logs'),
      WRANGLER_REGISTRY_PATH: registry(stateDir), NO_COLOR: '1', CI: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that workerd can be ended with it.
    detached: process.platform !== 'win32',
  });
  const watch = watchChild(child, name, log);
  const endGroup = () => killGroup(child.pid, 'SIGKILL');
  process.once('exit', endGroup);
  watch.gone.then(() => process.off('exit', endGroup));

  const failure = await Promise.race([waitUntilReady({ name, child, isReady }), watch.gone]);
  if (failure) {
    endGroup();
    throw new Error(failure);
  }
  return {
    exited: watch.exited,
    stop: watch.stop,
    async kill() {
      const killed = watch.kill();
      endGroup();
      await killed;
    },
  };
}

/** The folder where the Workers of a stack find each other: of another stack they know nothing. @param {string} stateDir */
function registry(stateDir) {
  return join(stateDir, 'registry');
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
 * @param {{ name: string, child: import('node:child_process').ChildProcess, isReady: () => Promise<boolean> }} options
 * @returns {Promise<string | undefined>} the reason if it is not ready
 */
async function waitUntilReady({ name, child, isReady }) {
  const deadline = Date.now() + START_LIMIT;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      if (await isReady()) return undefined;
    } catch (error) {
      return error.message;
    }
    await delay(100);
  }
  return `${name} did not answer within ${START_LIMIT / 1000} seconds: see its log.`;
}

/** @param {string} url */
async function answers(url) {
  const answer = await fetch(`${url}/healthz`).catch(() => undefined);
  // It runs, and says what is wrong with its variables.
  if (answer?.status === 500) throw new Error((await answer.json().catch(() => ({}))).detail ?? 'The Worker failed: see its log.');
  return answer?.ok === true;
}
