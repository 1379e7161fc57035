import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import { ask, call, database, eventually, holdAnswerEnd, newUser, readFrames, rows, script, stack, storedMessages, stream } from './test-stack.mjs';

/** Calls a route and returns its status with its body. */
async function send(method, path, user, json) {
  const response = await call(path, { user, method, json });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

const ids = async (query, user) => (await send('GET', `/api/sessions${query}`, user)).body.data.map(({ id }) => id);

test('a session is renamed, archived and pinned, and no value of its title leaves', async () => {
  const [user, other] = [await newUser(), await newUser()];
  const [{ session }, { session: second }] = [await ask('first session', { user }), await ask('second session', { user })];
  await Promise.all([storedMessages(session), storedMessages(second)]);
  const path = `/api/sessions/${session}`;
  const renamed = await send('PATCH', path, user, { title: 'Letters to zoe@example.com', pinned: true });
  assert.deepEqual([renamed.status, renamed.body.title, renamed.body.pinned], [200, 'Letters to zoe@example.com', true]);
  const [{ title }] = await rows('select title from chat_sessions where id = $1', [session]);
  assert.match(title, /^Letters to \[EMAIL_\d+\]$/);
  assert.deepEqual((await send('GET', path, user)).body, renamed.body);
  assert.deepEqual(await ids('?pinned=true', user), [session]);

  assert.equal((await send('PATCH', path, user, { archived: true })).body.title, 'Letters to zoe@example.com');
  assert.deepEqual([await ids('', user), await ids('?archived=true', user)], [[second], [session]]);
  const { status, body } = await send('PATCH', path, user, { title: '' });
  assert.deepEqual([status, body.code, body.field], [422, 'invalid_field', 'title']);
  for (const [method, json] of [['GET'], ['PATCH', { title: 'Mine' }], ['DELETE']]) {
    assert.equal((await send(method, path, other, json)).body.code, 'session_not_found', method);
  }
  assert.equal((await send('GET', path, user)).status, 200);
});

test('an answer is rated at once, and no value of the comment leaves', async () => {
  const [user, other] = [await newUser(), await newUser()];
  const { session, body: { id: answer } } = await ask('to be rated', { user });
  const path = `/api/messages/${answer}/feedback`;
  const comment = 'Better ask zoe@example.com';
  assert.deepEqual(await send('PUT', path, user, { rating: 'up', comment }), { status: 200, body: { rating: 'up', comment } });
  const [row] = await rows('select rating, comment from chat_message_feedback where user_id = $1', [user.id]);
  assert.equal(row.rating, 1);
  assert.match(row.comment, /^Better ask \[EMAIL_\d+\]$/);
  const feedback = async () => (await send('GET', `/api/sessions/${session}/messages`, user)).body.data.map((message) => message.feedback);
  assert.deepEqual(await feedback(), [null, { rating: 'up', comment }]);

  assert.equal((await send('PUT', path, user, { rating: 'down' })).status, 200);
  assert.deepEqual(await feedback(), [null, { rating: 'down', comment: null }]);
  const [question] = await storedMessages(session);
  for (const [method, id, by] of [['PUT', answer, other], ['DELETE', answer, other], ['PUT', question.id, user], ['DELETE', randomUUID(), user]]) {
    const { body } = await send(method, `/api/messages/${id}/feedback`, by, method === 'PUT' ? { rating: 'up' } : undefined);
    assert.equal(body.code, 'message_not_found', `${method} ${id}`);
  }
  assert.equal((await send('DELETE', path, user)).status, 204);
  assert.deepEqual(await feedback(), [null, null]);
});

test('a history says who answered, and at what cost', async () => {
  const user = await newUser();
  const { frames, session } = await stream('who are you?', { user, employee: 'doc-clerk' });
  const finish = frames.find(({ data }) => data.type === 'finish').data.messageMetadata;
  const metadata = async () => (await send('GET', `/api/sessions/${session}/messages`, user)).body.data[1].metadata;
  for (const _ of ['from the outbox or Postgres', 'from Postgres']) {
    const { employee, model, usage, ttft_ms, latency_ms, cost_usd } = await metadata();
    assert.deepEqual([employee, { model, usage, ttft_ms, latency_ms, cost_usd }], ['doc-clerk', finish]);
    await storedMessages(session);
  }
});

test('sessions are found by words and by parts of values, and by their owner alone', async () => {
  const [user, other] = [await newUser(), await newUser()];
  const [{ session }, { session: second }] = [
    await ask('Bees live with zoe@example.com', { user }), await ask('Lakes near Bern', { user }),
  ];
  await Promise.all([storedMessages(session), storedMessages(second)]);
  const search = async (q, by = user) => (await send('GET', `/api/sessions?${new URLSearchParams({ q })}`, by)).body.data;
  for (const q of ['bee', 'live zoe@example.com', 'ZOE', 'example bees']) {
    const [{ id, title, matches }, ...more] = await search(q);
    assert.deepEqual([id, title, more], [session, 'Bees live with zoe@example.com', []], q);
    const [{ snippet, role }] = matches;
    assert.deepEqual([snippet, role], ['Bees live with zoe@example.com', 'user'], q);
  }
  assert.deepEqual((await search('lake')).map(({ id }) => id), [second]);
  assert.deepEqual(await search('bees lakes'), []);
  assert.deepEqual(await search('bees', other), []);
  await send('PATCH', `/api/sessions/${second}`, user, { title: 'Swimming' });
  assert.deepEqual((await search('swim')).map(({ id, matches }) => [id, matches]), [[second, []]]);
  assert.equal((await send('GET', `/api/sessions?q=${'x'.repeat(201)}`, user)).body.field, 'q');
});

test('a deleted session leaves its cost alone', async () => {
  const user = await newUser();
  const [{ session }, { session: kept }] = [await ask('soon to be deleted', { user }), await ask('to be kept', { user })];
  await Promise.all([storedMessages(session), storedMessages(kept)]);
  const own = createClient(stack.supabaseUrl, stack.anonKey, { accessToken: async () => user.access_token });
  assert.equal((await own.from('chat_sessions').delete().eq('id', session)).error.code, '42501');

  assert.equal((await send('DELETE', `/api/sessions/${session}`, user)).status, 204);
  assert.deepEqual(await ids('', user), [kept]);
  for (const path of [`/api/sessions/${session}`, `/api/sessions/${session}/messages`]) assert.equal((await send('GET', path, user)).status, 404);
  const { rows: left } = await database.query(`
    select 'message', session_id from chat_messages where user_id = $1
    union all select 'memory', session_id from user_memory_embeddings where user_id = $1`, [user.id]);
  assert.deepEqual(new Set(left.map(({ session_id: id }) => id)), new Set([kept]));
  const { rows: usage } = await database.query('select session_id from chat_usage_log where user_id = $1', [user.id]);
  assert.deepEqual(new Set(usage.map(({ session_id: id }) => id)), new Set([kept, null]));
  assert.equal((await send('DELETE', `/api/sessions/${session}`, user)).status, 404);

  // The same id begins a new session.
  const { body } = await ask('what did I say before?', { user, session });
  assert.equal(body.message, 'Very well.');
  const stored = await storedMessages(session);
  assert.deepEqual(stored.map(({ content }) => content), ['what did I say before?', 'Very well.']);
});

test('deleting a session stops its running answer, which does not come back', async () => {
  const user = await newUser();
  const session = randomUUID();
  const gate = holdAnswerEnd('a running answer');
  script('a running answer', { content: 'Word after word.' });
  const response = await call('/api/chat', { user, json: { message: 'a running answer', session_id: session } });
  const types = [];
  for await (const { data } of readFrames(response)) {
    if (data.type === 'text-delta' && !types.includes('text-delta')) assert.equal((await send('DELETE', `/api/sessions/${session}`, user)).status, 204);
    types.push(data.type);
  }
  assert.ok(types.includes('abort'), types.join());
  gate.open();
  await eventually(async () => {
    const { rows: usage } = await database.query('select session_id from chat_usage_log where purpose = \'turn\' and user_id = $1', [user.id]);
    assert.deepEqual(usage, [{ session_id: null }]);
  });
  const { rows: sessions } = await database.query('select from chat_sessions where user_id = $1', [user.id]);
  assert.equal(sessions.length, 0);
  assert.equal((await call(`/api/chat/${session}/stream`, { user })).status, 204);
});

test('an export has everything of its user and nothing of others, and its messages come back', async () => {
  const [user, other] = [await newUser(), await newUser()];
  const { session } = await ask('write to zoe@example.com', { user });
  const { session: foreign } = await ask('write to max@example.com', { user: other });
  await Promise.all([storedMessages(session), storedMessages(foreign)]);
  // Another beginning, and a title of the user's own.
  await ask('begin again', { user, session, parent_id: '00000000-0000-0000-0000-000000000000' });
  await storedMessages(session, 4);
  await send('PATCH', `/api/sessions/${session}`, user, { title: 'Letters to zoe@example.com' });
  const imported = Array.from({ length: 1200 }, (_, n) => JSON.stringify({
    session: 'long', role: n % 2 ? 'assistant' : 'user', content: `Line ${n}`, created_at: new Date(1.7e12 + n * 1000),
  }));
  assert.match(await (await call('/api/import', { user, method: 'POST', body: imported.join('\n') })).text(), /"imported":1200,"known":0,"skipped":0,"done":true/);

  const exported = async () => {
    const response = await call('/api/me/export', { user });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const text = await response.text();
    return { text, lines: text.trimEnd().split('\n').map((line) => JSON.parse(line)) };
  };
  const { text, lines } = await exported();
  const end = lines.pop();
  assert.deepEqual(end, { kind: 'end', lines: lines.length });
  const count = (kind, all = lines) => all.filter((line) => line.kind === kind).length;
  assert.deepEqual(['session', 'message', 'value'].map((kind) => count(kind)), [2, 1204, 1]);
  assert.equal(lines.filter(({ kind, purpose }) => kind === 'usage' && purpose === 'turn').length, 2);
  assert.ok(text.includes('write to zoe@example.com') && !text.includes('max@example.com') && !/ciphertext|"embedding":|user_id/.test(text));
  assert.deepEqual(lines.find(({ kind }) => kind === 'value').value, 'zoe@example.com');

  assert.equal((await call('/api/me', { user, method: 'DELETE' })).status, 200);
  assert.deepEqual((await exported()).lines, [{ kind: 'end', lines: 0 }]);
  const answer = await (await call('/api/import', { user, method: 'POST', body: text })).text();
  assert.match(answer.trimEnd().split('\n').at(-1), /"imported":1204,.*"done":true/);
  const { body: { data } } = await send('GET', `/api/sessions/${session}/messages`, user);
  assert.deepEqual(data.map(({ content }) => content), ['write to zoe@example.com', 'Very well.', 'begin again', 'Very well.']);
  assert.equal((await send('GET', `/api/sessions/${session}`, user)).body.title, 'Letters to zoe@example.com');
  const messages = (all) => all.filter(({ kind }) => kind === 'message')
    .map(({ id, session_id, parent_id, role, content, created_at }) => ({ id, session_id, parent_id, role, content, created_at }));
  assert.equal(messages(lines).filter(({ parent_id }) => parent_id === null).length, 3, 'two beginnings, and that of the other session');
  assert.deepEqual(messages((await exported()).lines), messages(lines));
});

test('lists that a client has already are answered with their tag alone, until they change', async () => {
  const user = await newUser();
  const { session } = await ask('a first word', { user });
  await storedMessages(session);
  for (const path of ['/api/sessions', `/api/sessions/${session}/messages`, '/api/employees']) {
    const first = await call(path, { user });
    const tag = first.headers.get('etag');
    assert.match(tag, /^"[0-9a-f]{32}"$/);
    const body = await first.text();
    const again = await call(path, { user, headers: { 'if-none-match': `"x", W/${tag}` } });
    assert.deepEqual([again.status, await again.text(), again.headers.get('etag'), again.headers.get('cache-control')], [304, '', tag, 'no-store'], path);
    const other = await newUser();
    if (path === '/api/employees') assert.notEqual((await call(path, { user: other })).headers.get('etag'), tag, 'the tag is a user\'s own');
    assert.equal(await (await call(path, { user })).text(), body);
  }
  const { headers } = await call('/api/sessions', { user });
  await ask('a second word', { user, session });
  await storedMessages(session, 4);
  assert.equal((await call('/api/sessions', { user, headers: { 'if-none-match': headers.get('etag') } })).status, 200);
  assert.equal((await call('/api/usage', { user })).headers.get('etag'), null);
});
