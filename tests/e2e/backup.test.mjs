import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../dev/bootstrap.mjs';
import { openDatabase } from '../../dev/postgres/database.mjs';
import { dump, restore } from '../../dev/postgres/dump.mjs';
import { migrate } from '../../dev/postgres/migrate.mjs';

const MIGRATIONS = join(ROOT, 'supabase/migrations');
const folder = mkdtempSync(join(tmpdir(), 'frontdesk-backup-'));
const original = join(folder, 'original');
const copy = join(folder, 'copy');
const file = join(folder, 'backup.sql');

after(() => rmSync(folder, { recursive: true, force: true }));

/** All rows of all tables that a backup contains. */
async function content(dataDir) {
  const database = await openDatabase(dataDir);
  await database.exec('reset role');
  const { rows: tables } = await database.query(`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'private') or tablename = 'users' and schemaname = 'auth' order by 1`);
  const all = {};
  for (const { name } of tables) {
    const { rows } = await database.query(`select to_jsonb(t) as row from ${name} t order by t::text`);
    all[name] = rows.map(({ row }) => row);
  }
  await database.close();
  return all;
}

test('a restored backup equals the original, row by row', async () => {
  const database = await openDatabase(original);
  await migrate(database, MIGRATIONS);
  await database.exec(`
    insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000a', 'a@example.com');
    insert into employee_profiles (slug, title, system_prompt) values ('own', 'Our own', 'Prompt with ''quotes'', $$ and \\ ');
    delete from employee_profiles where slug = 'doc-clerk';
    insert into chat_sessions (id, user_id, employee_slug, last_message_at)
    values ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'own', '2026-01-01');
    insert into chat_messages (id, session_id, user_id, role, content, content_tokens, metadata)
    select gen_random_uuid(), '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'user',
      'Message ' || n || E'\\n👋 ''; drop table chat_messages; --', n, '{"a": [1, null]}' from generate_series(1, 50) n;
    insert into user_memory_facts (id, user_id, category, key, fact)
    values (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'a', 'b', 'c');
    insert into user_memory_embeddings (id, user_id, source, message_id, content, content_tokens, embedding, occurred_at)
    select gen_random_uuid(), user_id, 'message', id, content, 1, array_fill(0.1::real, array[1536])::extensions.halfvec, now()
    from chat_messages limit 3;
    insert into chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version)
    values ('00000000-0000-4000-8000-00000000000a', '[EMAIL_1]', 'EMAIL', '\\x${'00ff'.repeat(8)}', '\\x${'ab'.repeat(40)}', 1);`);
  await database.close();

  await dump(original, file);
  await restore(copy, MIGRATIONS, file);
  const [before, restored] = [await content(original), await content(copy)];
  assert.equal(before['public.chat_messages'].length, 50);
  assert.equal(before['public.chat_sessions'][0].message_count, 50);
  assert.deepEqual(restored, before);
});

test('restoring a broken file fails and changes nothing', async () => {
  const before = await content(copy);
  const broken = join(folder, 'broken.sql');
  writeFileSync(broken, 'hello');
  await assert.rejects(restore(copy, MIGRATIONS, broken), /is no whole dump/);
  writeFileSync(broken, readFileSync(file, 'utf8').slice(0, -2000));
  await assert.rejects(restore(copy, MIGRATIONS, broken), /is no whole dump/);
  writeFileSync(broken, readFileSync(file, 'utf8').replace('INSERT INTO public.user_memory_facts', 'INSERT INTO nowhere'));
  await assert.rejects(restore(copy, MIGRATIONS, broken), /nowhere/);
  assert.deepEqual(await content(copy), before);
});
