// The parts around the servers that are compared: a database, sign-in, users, and the model stand-in.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { freePorts } from '../dev/ports.mjs';
import { startStack } from '../dev/stack.mjs';
import { mintAccessToken } from '../dev/supabase.mjs';
import { untilAtRest } from './cases.mjs';
import { buildLoad, startLoadModel } from './load.mjs';

const RAM_DISK = '/dev/shm';

/** Lifetime of the users' access tokens, in seconds. */
const TOKEN_LIFETIME_S = 24 * 3600;

/**
 * @param {object} options
 * @param {number} options.userCount
 * @param {boolean} [options.isInMemory] the servers' storage lies on a RAM disk, where a sync costs nothing
 * @param {string} [options.supabaseAddress] of a proxy in front of Supabase, for the servers
 * @param {import('../dev/settings.mjs').Ports} [options.ports]
 * @param {(line: string) => void} options.say
 */
export async function startBenchStack({ userCount, isInMemory = false, supabaseAddress, ports, say }) {
  say('Compiling the load generator');
  const binary = buildLoad();
  const folder = mkdtempSync(join(isInMemory ? RAM_DISK : tmpdir(), 'frontdesk-bench-'));
  const model = await startLoadModel(binary);
  const stack = await startStack({
    ports: ports ?? await freePorts(),
    stateDir: join(folder, 'stack'),
    vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' },
    addresses: { supabase: supabaseAddress },
    say,
  });
  // The servers run on workerd as deployed, without the proxy of `wrangler dev`.
  await stack.parts.get('worker')?.stop();
  stack.parts.delete('worker');
  const postgres = /** @type {Awaited<ReturnType<typeof import('../dev/postgres.mjs').startPostgres>>} */ (stack.parts.get('postgres'));
  return {
    binary,
    folder,
    model,
    stack,
    users: await createUsers(stack, userCount),
    databaseRests: () => untilAtRest(() => cpuOf(postgres.pid)),
    stop: async () => {
      await stack.stop();
      await model.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {import('../dev/stack.mjs').Stack} stack @param {number} count */
async function createUsers(stack, count) {
  const database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  // Only users with more than 10,000 memories use the vector index, and PGlite takes seconds for each batch of it.
  await database.query('drop index if exists user_memory_embeddings_nearest');
  // The model stand-in knows no facts.
  await database.query('update employee_profiles set learns = false');
  const ids = Array.from({ length: count }, () => randomUUID());
  await database.query("insert into auth.users (id, email) select id, id || '@example.com' from unnest($1::uuid[]) id", [ids]);
  await database.end();
  const issuer = `${stack.vars.SUPABASE_URL}/auth/v1`;
  const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_S;
  return Promise.all(ids.map(async (id) => ({
    access_token: await mintAccessToken(stack.keys, { sub: id, email: `${id}@example.com`, issuer, exp }),
  })));
}

/** CPU time of a process so far, in milliseconds. @param {number} pid */
function cpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
  return threads.reduce((sum, times) => sum + Number(times.split(' ')[0]), 0) / 1e6;
}
