import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ROOT } from '../../dev/bootstrap.mjs';
import { freePorts } from '../../dev/ports.mjs';
import { startPostgres } from '../../dev/postgres.mjs';

const MIGRATIONS = join(ROOT, 'supabase/migrations');
const run = promisify(execFile);

// A database in the state of a hosted project before its first migration.
const folder = mkdtempSync(join(tmpdir(), 'frontdesk-migrations-'));
mkdirSync(join(folder, 'no-migrations'));
const postgres = await startPostgres({
  port: (await freePorts()).database, dataDir: join(folder, 'data'), migrationsDir: join(folder, 'no-migrations'),
  log: join(folder, 'postgres.log'),
});

after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `supabase db push`, which also reads supabase/config.toml. */
function push() {
  const cli = join(ROOT, 'node_modules/.bin/supabase');
  return run(cli, ['db', 'push', '--remote', `${postgres.url}?sslmode=disable`, '--yes'], {
    cwd: ROOT, env: { ...process.env, SUPABASE_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
}

test('`supabase db push` applies every migration, and has nothing to do the second time', async () => {
  const first = await push();
  for (const file of readdirSync(MIGRATIONS)) assert.match(first.stdout + first.stderr, new RegExp(file));
  const second = await push();
  assert.match(second.stdout + second.stderr, /up to date/);
});

test('running all migrations again changes nothing', async () => {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const schema = async () => (await client.query(`
    select 'column' as kind, table_name || '.' || column_name as name, data_type as detail from information_schema.columns
    where table_schema in ('public', 'private')
    union all select 'index', indexname, indexdef from pg_indexes where schemaname in ('public', 'private')
    union all select 'policy', tablename || '.' || policyname, cmd || qual from pg_policies
    union all select 'function', p.oid::regprocedure::text, prosrc || proacl::text from pg_proc p
    where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    union all select 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select 'employee', slug, title from employee_profiles
    order by 1, 2, 3`)).rows;
  const before = await schema();
  for (const file of readdirSync(MIGRATIONS).sort()) await client.query(readFileSync(join(MIGRATIONS, file), 'utf8'));
  assert.deepEqual(await schema(), before);
  await client.end();
});
