import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ask, call, database, eventually, isFenced, newUser, requestsWith, rows, script, storedMessages, stream, streamWithRecall } from './test-stack.mjs';

/** Imports lines and returns the lines of the response. */
async function importLines(user, lines) {
  const body = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  const response = await call('/api/import', { user, method: 'POST', body });
  const text = await response.text();
  const isStream = response.headers.get('content-type') === 'application/x-ndjson';
  return { status: response.status, answers: isStream ? text.trim().split('\n').map((line) => JSON.parse(line)) : [JSON.parse(text)] };
}

/** Waits until all memories of a user are embedded. */
function untilEmbedded(user) {
  return eventually(async () => {
    const { pending } = await (await call('/api/import', { user })).json();
    assert.equal(pending, 0);
  });
}

/** Recalled text in the prompt of a question. */
function recalledText(marker) {
  const [, ...rest] = requestsWith(marker).at(-1).messages;
  assert.ok(rest.every(({ role }) => role !== 'system'), 'the persona alone is a system message');
  return rest.filter(({ content }) => isFenced(content)).map(({ content }) => content).join('');
}

const CREATED = '2023-05-08T13:56:00Z';

test('imported messages are recalled in another session, under their date, and only for their user', async () => {
  const [user, other] = [await newUser(), await newUser()];
  const lines = [
    ['user', 'My sister Petunia keeps seven llamas near Cusco.'], ['assistant', 'Seven llamas is quite a herd.'],
    ['user', 'Their names are mostly taken from operas.'],
  ].map(([role, content]) => ({ session: 'old talk', role, content, created_at: CREATED }));
  const { status, answers } = await importLines(user, lines);
  assert.deepEqual([status, answers.at(-1)], [200, { imported: 3, known: 0, skipped: 0, done: true }]);
  assert.deepEqual((await importLines(user, lines)).answers.at(-1), { imported: 0, known: 3, skipped: 0, done: true });
  await untilEmbedded(user);
  const { rows: [{ count }] } = await database.query('select count(*)::int from user_memory_embeddings where user_id = $1 and embedding is not null', [user.id]);
  assert.equal(count, 3);

  const { session, marker } = await streamWithRecall((unique) => `How many llamas ${unique}?`, { user, remember: false });
  assert.match(recalledText(marker), /\[8 May 2023\]\nUser: My sister \[PERSON_\d+\] keeps seven llamas near Cusco\.\nYou: Seven llamas/);
  const foreignTurn = await streamWithRecall((unique) => `How many llamas ${unique}?`, { user: other, remember: false });
  assert.equal(recalledText(foreignTurn.marker), '');
  const listed = await (await call('/api/sessions', { user })).json();
  assert.ok(listed.data.length >= 2);
  assert.ok(listed.data.some(({ title }) => title.startsWith('My sister Petunia')));
  assert.equal((await storedMessages(session)).length, 2);
});

test('imported values are masked, and their user sees them unmasked', async () => {
  const user = await newUser();
  const { answers } = await importLines(user, [{ session: 's', role: 'user', content: 'I am at eve.imported@example.org', created_at: CREATED }]);
  assert.equal(answers.at(-1).imported, 1);
  const [message] = await rows('select content, session_id from chat_messages where user_id = $1', [user.id]);
  assert.equal(message.content, 'I am at [EMAIL_1]');
  const history = await (await call(`/api/sessions/${message.session_id}/messages`, { user })).json();
  assert.equal(history.data[0].content, 'I am at eve.imported@example.org');
});

test('10,000 messages are imported in one request, with progress', async () => {
  const user = await newUser();
  const lines = Array.from({ length: 10_000 }, (_, n) => ({
    session: `s${n % 50}`, role: n % 2 ? 'assistant' : 'user', content: `Message number ${n} speaks of topic ${n % 97}.`, created_at: CREATED, id: `m${n}`,
  }));
  const { answers } = await importLines(user, lines);
  assert.deepEqual(answers.at(-1), { imported: 10_000, known: 0, skipped: 0, done: true });
  assert.ok(answers.length >= 40, `${answers.length} lines of progress`);
  const { rows: [counts] } = await database.query('select count(*)::int as messages, count(distinct session_id)::int as sessions from chat_messages where user_id = $1', [user.id]);
  assert.deepEqual(counts, { messages: 10_000, sessions: 50 });
  const { pending } = await (await call('/api/import', { user })).json();
  assert.ok(pending > 0 && pending <= 10_000, `${pending} are not embedded`);
  // Erases the user, because embedding would slow the other tests. An erasure that exceeds a request's time goes on: try again.
  await eventually(async () => assert.equal((await call('/api/me', { user, method: 'DELETE' })).status, 200));
});

test('an invalid line is reported by its number, and the lines before it are imported', async () => {
  const user = await newUser();
  const good = (n) => ({ session: 's', role: 'user', content: `number ${n}`, created_at: CREATED });
  const first = await importLines(user, [good(0), { session: 's', role: 'robot', content: 'a', created_at: CREATED }]);
  assert.deepEqual([first.status, first.answers[0].code], [400, 'invalid_json']);
  assert.match(first.answers[0].detail, /^Line 2: /);
  const later = await importLines(user, [...Array.from({ length: 500 }, (_, n) => good(n)), '{"session":"s"}']);
  assert.equal(later.status, 200);
  assert.match(later.answers.at(-1).error.detail, /^Line 501: role is missing/);
  const { rows: [{ count }] } = await database.query('select count(*)::int from chat_messages where user_id = $1', [user.id]);
  assert.ok(count >= 200, `${count}`);
  const theirs = await newUser();
  const { session } = await ask('mine', { user });
  await storedMessages(session);
  const foreign = await importLines(theirs, [{ ...good(1), session }]);
  assert.deepEqual([foreign.status, foreign.answers[0].code], [404, 'session_not_found']);
  await call('/api/me', { user, method: 'DELETE' });
});

test('a turn is remembered, and one with "remember": false is not', async () => {
  const user = await newUser();
  await ask('My locker is the one with the walrus.', { user });
  await ask('My other locker is the one with the ocelot.', { user, remember: false });
  await rows('select 1 from user_memory_embeddings where user_id = $1', [user.id], 2);
  await untilEmbedded(user);
  const { marker } = await streamWithRecall((unique) => `Which locker ${unique} is mine?`, { user, remember: false });
  const recalled = recalledText(marker);
  assert.ok(recalled.includes('walrus') && !recalled.includes('ocelot'), recalled);
});

test('each turn has the same receipt in the stream and in its stored answer', async () => {
  const user = await newUser();
  const marker = randomUUID();
  script(marker, { content: 'Noted.' });
  const { frames, session } = await stream(`${marker} one`, { user });
  const receipt = frames.find(({ data }) => data.type === 'data-receipt').data.data;
  const sum = receipt.sections.reduce((total, { tokens }) => total + tokens, 0);
  assert.ok(receipt.counted <= receipt.budget && receipt.counted - sum <= 7, JSON.stringify(receipt));
  assert.deepEqual(receipt.sections.map(({ name }) => name), ['persona', 'tools', 'summary', 'recent', 'facts', 'memories', 'message']);
  const [, answer] = await storedMessages(session);
  assert.deepEqual(answer.metadata.receipt.sections, receipt.sections);
  assert.equal(answer.metadata.receipt.model, 'gpt-4o-mini');
});

test('a message over the budget is rejected with the number of tokens that fit', async () => {
  const { status, body } = await ask('many words '.repeat(6000));
  assert.deepEqual([status, body.code, body.field], [413, 'message_too_long', 'message']);
  assert.match(body.detail, /has 12\d{3} tokens.*; 5\d{3} fit/);
});
