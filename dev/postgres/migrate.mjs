// Applies pending migrations in the order of their versions, and records them as `supabase db push` does.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param {import('@electric-sql/pglite').PGlite} database
 * @param {string} migrationsDir
 * @returns {Promise<string[]>} the file names applied now
 */
export async function migrate(database, migrationsDir) {
  /** @type {{ rows: { version: string, statements: string[] | null }[] }} */
  const { rows } = await database.query('select version, statements from supabase_migrations.schema_migrations');
  const applied = new Map(rows.map((row) => [row.version, row.statements]));
  const pending = [];
  for (const migration of await readMigrations(migrationsDir)) {
    if (!applied.has(migration.version)) pending.push(migration);
    else refuseChange(migration, applied.get(migration.version));
  }
  for (const migration of pending) await apply(database, migration);
  return pending.map((migration) => migration.file);
}

/** @typedef {{ file: string, version: string, name: string, sql: string }} Migration */

/**
 * @param {string} directory
 * @returns {Promise<Migration[]>}
 */
async function readMigrations(directory) {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(files.map(async (file) => {
    const match = /^(\d+)_(.+)\.sql$/.exec(file);
    if (!match) throw new Error(`Migration ${file} has no version: rename it to <number>_<name>.sql.`);
    return { file, version: match[1], name: match[2], sql: await readFile(join(directory, file), 'utf8') };
  }));
}

/**
 * A migration is final once applied: an edited one would leave this database unlike every other. Only what was
 * applied here can be compared: Supabase's command line records a file cut into its statements.
 * @param {Migration} migration
 * @param {string[] | null | undefined} statements what was applied under this version
 */
function refuseChange(migration, statements) {
  if (statements?.length !== 1 || statements[0] === migration.sql) return;
  throw new Error(
    `Migration ${migration.file} was changed after it was applied: put the change in a new migration, ` +
    'or delete the database folder to build it anew.',
  );
}

/**
 * @param {import('@electric-sql/pglite').PGlite} database
 * @param {Migration} migration
 */
async function apply(database, { file, version, name, sql }) {
  try {
    await database.transaction(async (tx) => {
      await tx.exec(sql);
      await tx.query(
        'insert into supabase_migrations.schema_migrations (version, statements, name) values ($1, $2, $3)',
        [version, [sql], name],
      );
    });
  } catch (error) {
    throw new Error(`Migration ${file} failed, nothing of it was kept: ${error.message}.`, { cause: error });
  }
}
