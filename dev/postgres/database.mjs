// Opens PGlite in the state of a hosted Supabase project: its roles and schemas, and the ordinary role postgres in charge.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';

/** As on a hosted project, so that `postgres` is not a superuser and a migration cannot rely on being one. */
const SUPERUSER = 'supabase_admin';
const HOSTED_PROJECT = new URL('./hosted-project.sql', import.meta.url);

/**
 * @param {string | undefined} dataDir where the data lives; undefined keeps it in memory
 * @param {import('@electric-sql/pglite').Extensions} [extensions] beside pgvector
 * @returns {Promise<PGlite>}
 */
export async function openDatabase(dataDir, extensions = {}) {
  const options = { initDbStartParams: [`--username=${SUPERUSER}`], extensions: { vector, ...extensions } };
  if (dataDir && !existsSync(dataDir)) await createCluster(dataDir, options);
  const database = await PGlite.create({ ...options, dataDir });
  await createHostedProject(database);
  await database.exec('set role postgres; set search_path = "$user", public, extensions;');
  return database;
}

/**
 * Initialises beside the final place and renames, so that a start that was killed half-way leaves no broken database.
 * @param {string} dataDir
 * @param {import('@electric-sql/pglite').PGliteOptions} options
 */
async function createCluster(dataDir, options) {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const database = await PGlite.create({ ...options, dataDir: unfinished });
  await database.close();
  await rename(unfinished, dataDir);
}

/** @param {PGlite} database */
async function createHostedProject(database) {
  const { rows } = await database.query(`select from pg_namespace where nspname = 'auth'`);
  if (rows.length > 0) return;
  const sql = await readFile(HOSTED_PROJECT, 'utf8');
  await database.transaction((tx) => tx.exec(sql));
}
