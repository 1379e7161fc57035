import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  ask, call, database, newUser, proxies, rows, script, storedFiles, storedMessages, USER_DELETED_SECRET,
} from './test-stack.mjs';

/** A user whose mark stands in messages, a table, a title and a rating. */
async function furnishedUser() {
  const user = await newUser();
  const mark = `mark${randomUUID().replaceAll('-', '')}`;
  script(mark, { content: `${mark} it is` });
  const { session } = await ask(`${mark} of zoe@example.org`, { user });
  const [, answer] = await storedMessages(session);
  const upload = await call('/api/documents', {
    user, method: 'POST', body: `name,amount\n${mark},1\n`, headers: { 'content-type': 'text/csv', 'x-file-name': 'table.csv' },
  });
  assert.equal(upload.status, 201);
  await call(`/api/sessions/${session}`, { user, json: { title: `Title ${mark}` }, method: 'PATCH' });
  await call(`/api/messages/${answer.id}/feedback`, { user, json: { rating: 'up', comment: mark }, method: 'PUT' });
  await rows('select from chat_pii_keys where user_id = $1', [user.id]);
  assert.ok((await places(user, mark)).length > 0);
  return { user, mark };
}

/** Rows and files in which the mark is found, and rows of the user. */
async function places(user, mark) {
  const { rows: tables } = await database.query(`
    select c.oid::regclass::text as name, exists (
      select from pg_attribute where attrelid = c.oid and attname = 'user_id') as has_user
    from pg_class c where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)`);
  const found = [];
  for (const { name, has_user: hasUser } of tables) {
    const isOwn = hasUser && name !== 'private.erased_users' ? 'or t.user_id = $2' : 'and $2::uuid is not null';
    const { rowCount } = await database.query(`select from ${name} t where t::text like $1 ${isOwn}`, [`%${mark}%`, user.id]);
    if (rowCount > 0) found.push(name);
  }
  const files = (await storedFiles()).filter((bytes) => bytes.includes(mark));
  return [...found, ...files.map((bytes) => `a file of ${bytes.length} bytes: ${bytes.slice(0, 16)}`)];
}

const erase = (user) => call('/api/me', { user, method: 'DELETE' });
const stateOf = async (user) => (await (await call('/api/me/erasure', { user })).json()).data;

test('an erasure that fails once is told, joined and completed, and leaves no byte', async () => {
  const { user, mark } = await furnishedUser();
  assert.deepEqual(await stateOf(user), { state: 'none' });
  const isErasure = ({ path, body }) => path.endsWith('rpc/erase_user') && body.includes(user.id);
  const rule = proxies.supabase.addRule(isErasure, (exchange) => exchange.respond(500));
  assert.equal((await erase(user)).status, 503);
  const running = await stateOf(user);
  assert.deepEqual([running.state, running.step, running.failures], ['running', 'rows', 1]);
  for (const path of ['/api/documents', '/api/facts', '/api/import', '/api/me/export']) {
    const refused = await call(path, { user });
    assert.deepEqual([refused.status, (await refused.json()).code], [409, 'erasure_in_progress'], path);
  }
  rule.clearFaults();
  const [first, second] = await Promise.all([erase(user), erase(user)]);
  assert.deepEqual([first.status, second.status], [200, 200]);
  const { data: counts } = await first.json();
  assert.deepEqual((await second.json()).data, counts);
  assert.deepEqual([counts.chat_messages, counts.chat_pii_keys, counts.chat_documents, counts.files], [2, 1, 1, 1]);
  const finished = await stateOf(user);
  assert.deepEqual([finished.state, finished.counts], ['finished', counts]);
  assert.deepEqual(await places(user, mark), []);
});

test('the webhook of a deleted account empties what Supabase leaves behind', async () => {
  const { user, mark } = await furnishedUser();
  const report = (secret, id = user.id) => call('/api/hooks/user-deleted', {
    user: null, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    json: { type: 'DELETE', schema: 'auth', table: 'users', record: null, old_record: { id, email: user.email } },
  });
  const codeOf = async (response) => [response.status, (await response.json()).code];
  assert.deepEqual(await codeOf(await report(USER_DELETED_SECRET)), [409, 'account_exists']);
  await database.query('delete from auth.users where id = $1', [user.id]);
  assert.deepEqual(await codeOf(await report('another-secret-of-that-length')), [401, 'wrong_secret']);
  assert.ok((await places(user, mark)).length > 0, 'the object and the bucket still have it');
  assert.equal((await report(USER_DELETED_SECRET)).status, 200);
  assert.deepEqual(await places(user, mark), []);
});

test('an admin erases another user, and sees how far it is', async () => {
  const { user, mark } = await furnishedUser();
  const admin = await newUser({ app_metadata: { role: 'admin' } });
  const path = `/api/admin/users/${user.id}`;
  for (const [who, method, suffix] of [[user, 'DELETE', ''], [user, 'GET', '/erasure']]) {
    const refused = await call(path + suffix, { user: who, method });
    assert.deepEqual([refused.status, (await refused.json()).code], [403, 'admin_only']);
  }
  const erased = await call(path, { user: admin, method: 'DELETE' });
  assert.equal(erased.status, 200);
  const { data } = await (await call(`${path}/erasure`, { user: admin })).json();
  assert.deepEqual([data.state, data.counts], ['finished', (await erased.json()).data]);
  assert.deepEqual(await places(user, mark), []);
});
