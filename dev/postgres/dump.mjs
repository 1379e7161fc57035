// Backup of all data of the local database as SQL, by pg_dump, and its restore.
import { readFile, writeFile } from 'node:fs/promises';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { openDatabase } from './database.mjs';
import { lockDataDir } from './lock.mjs';
import { migrate } from './migrate.mjs';

/** All rows with the accounts, but without sign-in sessions. The schema comes from the migrations. */
const DUMP_ARGUMENTS = [
  '--data-only', '--no-owner', '--schema=public', '--schema=private', '--schema=auth', '--exclude-table=auth.sessions',
  '--exclude-table=auth.refresh_tokens',
];

/**
 * @param {string} dataDir of a database that is not open
 * @param {string} file is made or replaced
 */
export async function dump(dataDir, file) {
  await withDatabase(dataDir, async (database) => {
    const sql = await (await pgDump({ pg: database, args: DUMP_ARGUMENTS })).text();
    await writeFile(file, sql, { mode: 0o600 });
  });
}

/**
 * Replaces all data of a database by that of a dump: wholly or not at all.
 * @param {string} dataDir made if it is not there
 * @param {string} migrationsDir
 * @param {string} file
 */
export async function restore(dataDir, migrationsDir, file) {
  const sql = await readFile(file, 'utf8');
  // pg_dump writes this as the last line: a truncated file does not have it.
  if (!sql.includes('PostgreSQL database dump complete')) {
    throw new Error(`${file} is no whole dump: give a file that npm run backup made.`);
  }
  await withDatabase(dataDir, async (database) => {
    await migrate(database, migrationsDir);
    await database.exec('reset role');
    await database.transaction(async (tx) => {
      // The rows arrive in the order of table names: triggers would count them twice, and foreign keys would refuse them.
      await tx.exec('set local session_replication_role = replica');
      const { rows } = await tx.query(`
        select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'private', 'auth')`);
      await tx.exec(`truncate ${rows.map(({ name }) => name).join(', ')}`);
      await tx.exec(sql);
    });
  });
}

/**
 * @param {string} dataDir
 * @param {(database: import('@electric-sql/pglite').PGlite) => Promise<void>} work
 */
async function withDatabase(dataDir, work) {
  const unlock = lockDataDir(dataDir);
  try {
    const database = await openDatabase(dataDir);
    try {
      await work(database);
    } finally {
      await database.close();
    }
  } finally {
    unlock();
  }
}
