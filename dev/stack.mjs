// The whole system on one machine. `npm start` and the end-to-end tests run this same stack.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './bootstrap.mjs';
import { startMockModel } from './mock-model.mjs';
import { startPostgres } from './postgres.mjs';
import { startPostgrest } from './postgrest.mjs';
import { DEMO_USERS, loadKeys, mintAccessToken, startSupabase } from './supabase.mjs';
import { startReaders, startWorker } from './worker.mjs';

/** The demo tokens of stack.json live this long, in seconds, so that a pasted curl keeps working. */
const DEMO_TOKEN_LIFETIME = 30 * 24 * 3600;

/**
 * Starts the parts that the variables do not replace: `SUPABASE_URL` names a project elsewhere, `OPENAI_API_KEY` or
 * `OPENAI_BASE_URL` a model elsewhere.
 *
 * @param {object} options
 * @param {import('./settings.mjs').Ports} options.ports
 * @param {string} options.stateDir
 * @param {Record<string, string>} options.vars the Worker's variables that are set
 * @param {{ supabase?: string, model?: string }} [options.addresses] addresses of proxies in front of the parts, for the
 *   Worker
 * @param {import('./build/worker.mjs').Profile} [options.profile] the build of the Worker that runs
 * @param {(line: string) => void} options.say
 */
export async function startStack({ ports, stateDir, vars, addresses = {}, profile = 'release', say }) {
  mkdirSync(join(stateDir, 'logs'), { recursive: true });
  const log = (/** @type {string} */ part) => join(stateDir, 'logs', `${part}.log`);
  /** @type {Map<string, { stop: () => Promise<void>, exited: Promise<string> }>} */
  const parts = new Map();
  const stop = async () => {
    for (const part of [...parts.values()].reverse()) await part.stop();
  };
  try {
    const keys = await loadKeys(stateDir);
    const supabase = vars.SUPABASE_URL ? undefined : await startLocalSupabase({ ports, stateDir, address: addresses.supabase, keys, log, parts, say });
    const model = vars.OPENAI_API_KEY || vars.OPENAI_BASE_URL ? undefined : await startMockModel({ port: ports.model });
    if (model) parts.set('model', model);

    say('Starting the Workers');
    const runReaders = () => startReaders({ profile, stateDir, log: log('readers') });
    parts.set('readers', await runReaders());
    const workerVars = { ...localVars({ keys, supabase, modelUrl: model && (addresses.model ?? model.url) }), ...vars };
    /** @param {Record<string, string>} [more] further variables */
    const runWorker = (more) => startWorker({ profile, port: ports.api, vars: { ...workerVars, ...more }, stateDir, log: log('worker') });
    const worker = await runWorker();
    parts.set('worker', worker);
    return {
      api: worker.url,
      supabaseUrl: workerVars.SUPABASE_URL,
      anonKey: workerVars.SUPABASE_ANON_KEY,
      serviceRoleKey: workerVars.SUPABASE_SERVICE_ROLE_KEY,
      databaseUrl: supabase?.databaseUrl,
      modelUrl: model?.url ?? vars.OPENAI_BASE_URL ?? 'https://api.openai.com/v1',
      users: supabase ? await demoUsers(keys, supabase.url) : [],
      keys,
      model,
      vars: workerVars,
      parts,
      logOf: log,
      runWorker,
      runReaders,
      runPostgrest: supabase?.runPostgrest,
      /** Resolves with a sentence when a part ends by itself. */
      died: Promise.race([...parts.values()].map((part) => part.exited)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

/**
 * @param {object} options
 * @param {import('./settings.mjs').Ports} options.ports
 * @param {string} options.stateDir
 * @param {string} [options.address]
 * @param {import('./supabase/keys.mjs').Keys} options.keys
 * @param {(part: string) => string} options.log
 * @param {Map<string, { stop: () => Promise<void>, exited: Promise<string> }>} options.parts
 * @param {(line: string) => void} options.say
 */
async function startLocalSupabase({ ports, stateDir, address, keys, log, parts, say }) {
  say('Starting Postgres');
  const postgres = await startPostgres({
    port: ports.database,
    dataDir: join(stateDir, 'postgres'),
    migrationsDir: join(ROOT, 'supabase', 'migrations'),
    log: log('postgres'),
  });
  parts.set('postgres', postgres);
  say('Starting PostgREST and sign-in');
  const runPostgrest = () => startPostgrest({ port: ports.postgrest, databaseUrl: postgres.url, keys, log: log('postgrest') });
  const postgrest = await runPostgrest();
  parts.set('postgrest', postgrest);
  const front = await startSupabase({
    port: ports.supabase, address, postgrestUrl: postgrest.url, databaseUrl: postgres.url, keys, log: log('supabase'),
  });
  parts.set('supabase', front);
  return { url: front.url, databaseUrl: postgres.url, runPostgrest };
}

/**
 * Makes the Worker's variables for the parts that run here.
 * @param {object} options
 * @param {import('./supabase/keys.mjs').Keys} options.keys
 * @param {{ url: string } | undefined} options.supabase
 * @param {string | undefined} options.modelUrl
 * @returns {Record<string, string>}
 */
function localVars({ keys, supabase, modelUrl }) {
  const ofSupabase = supabase && {
    SUPABASE_URL: supabase.url,
    SUPABASE_ANON_KEY: keys.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
    SUPABASE_JWT_SECRET: keys.hs256Secret,
  };
  const ofModel = modelUrl && { OPENAI_BASE_URL: modelUrl, OPENAI_API_KEY: 'local' };
  // Limits of a deployment would stop a benchmark, or a script that tries the API.
  return { ...ofSupabase, ...ofModel, PII_MASTER_KEY: keys.piiMasterKey, USER_LIMITS: '{}' };
}

/**
 * @param {import('./supabase/keys.mjs').Keys} keys
 * @param {string} supabaseUrl
 */
function demoUsers(keys, supabaseUrl) {
  const exp = Math.floor(Date.now() / 1000) + DEMO_TOKEN_LIFETIME;
  const issuer = `${supabaseUrl}/auth/v1`;
  return Promise.all(DEMO_USERS.map(async ({ id, email, appMetadata }) => ({
    id, email,
    access_token: await mintAccessToken(keys, { sub: id, email, issuer, exp, ...(appMetadata && { app_metadata: appMetadata }) }),
  })));
}
