// Opens PGlite in the state of a hosted Supabase project: its roles and schemas, and an ordinary role postgres as the owner.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite/vector';

/** As on a hosted project, so that `postgres` is not a superuser and a migration cannot rely on being one. */
const SUPERUSER = 'supabase_admin';
const SESSION = { username: SUPERUSER, database: 'postgres' };
/** The version that hosted projects run, as supabase/config.toml says. */
const MAJOR_VERSION = '17';
/** Settings of a session, as a hosted project has them. */
export const NEW_SESSION = 'reset all; set role postgres; set search_path = "$user", public, extensions;';
const HOSTED_PROJECT = new URL('./hosted-project.sql', import.meta.url);

/**
 * @param {string | undefined} dataDir folder of the data; undefined keeps it in memory
 * @param {import('@electric-sql/pglite').Extensions} [extensions] beside pgvector
 * @returns {Promise<PGlite>}
 */
export async function openDatabase(dataDir, extensions = {}) {
  if (dataDir && !existsSync(dataDir)) await createCluster(dataDir);
  if (dataDir) await requireVersion(dataDir);
  const database = await PGlite.create({
    ...SESSION, dataDir, loadDataDir: dataDir ? undefined : await newCluster(), extensions: { vector, ...extensions },
  });
  await createHostedProject(database);
  await database.exec(NEW_SESSION);
  return database;
}

/**
 * Initialises in another folder and renames it, so that an interrupted start leaves no broken database.
 * @param {string} dataDir
 */
async function createCluster(dataDir) {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const database = await PGlite.create({ ...SESSION, dataDir: unfinished, loadDataDir: await newCluster() });
  await database.close();
  await rename(unfinished, dataDir);
}

/**
 * A new cluster as a tar archive. PGlite's own has `postgres` as its first superuser and starts in the database template1:
 * the superuser gets the name that it has on a hosted project, for which another one has to rename it.
 * @returns {Promise<Blob | File>}
 */
async function newCluster() {
  const database = await PGlite.create();
  await database.exec(`
    create role renamer superuser;
    set session authorization renamer;
    alter role postgres rename to ${SUPERUSER};
    set session authorization ${SUPERUSER};
    drop role renamer;`);
  const archive = await database.dumpDataDir('none');
  await database.close();
  return archive;
}

/** @param {string} dataDir */
async function requireVersion(dataDir) {
  const version = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (version === MAJOR_VERSION) return;
  throw new Error(
    `The database in ${dataDir} is of Postgres ${version}, and Postgres ${MAJOR_VERSION} cannot open it: ` +
    'delete the folder to begin with an empty database.',
  );
}

/** @param {PGlite} database */
async function createHostedProject(database) {
  const { rows } = await database.query(`select from pg_namespace where nspname = 'auth'`);
  if (rows.length > 0) return;
  const sql = await readFile(HOSTED_PROJECT, 'utf8');
  await database.transaction((tx) => tx.exec(sql));
}
