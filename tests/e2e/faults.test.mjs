import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, call, database, eventually, readFrames, requestsWith, rows, script, stack, storedMessages, stream } from './desk.mjs';

const SLOW = { chunkSize: 10, streamingProfile: { ttft: 50, tps: 20 } };

test('kill -9 in mid-answer: the message is there, the turn is interrupted, nothing is written twice', async () => {
  script('about to crash', { content: 'word '.repeat(200) }, SLOW);
  const session = randomUUID();
  const before = await ask('a turn before', { session });
  assert.equal(before.status, 200);
  const response = await call('/api/chat', { json: { message: 'about to crash', session_id: session } });
  let heard = '';
  try {
    for await (const { data } of readFrames(response)) {
      if (data.type === 'text-delta') heard += data.delta;
      if (heard.length > 600) await stack.parts.get('worker').kill();
    }
    assert.fail('the stream must break off');
  } catch (error) {
    assert.notEqual(error.code, 'ERR_ASSERTION');
  }
  stack.parts.set('worker', await stack.runWorker());

  // Nobody asks: the object's alarm finds the turn.
  const messages = await storedMessages(session, 4);
  assert.deepEqual(messages.map(({ role, status }) => `${role} ${status}`), [
    'user complete', 'assistant complete', 'user complete', 'assistant interrupted',
  ]);
  assert.equal(messages[2].content, 'about to crash');
  assert.ok(messages[3].content.length > 20 && 'word '.repeat(200).startsWith(messages[3].content));
  const usage = await rows('select * from chat_usage_log where session_id = $1 order by created_at', [session], 2);
  assert.deepEqual(usage.map(({ success, error_code }) => [success, error_code]), [[true, null], [false, 'interrupted']]);

  // The session goes on, and knows what happened before.
  assert.equal((await ask('still there?', { session })).status, 200);
  const said = requestsWith('still there?')[0].messages.map(({ content }) => content);
  assert.equal(said[3], 'about to crash');
  assert.equal((await storedMessages(session, 6)).length, 6);
});

test('PostgREST down: a known session goes on, a new one is told to wait, the rows arrive when it is back', async () => {
  const { session } = await ask('before the outage');
  await storedMessages(session);
  await stack.parts.get('postgrest').kill();
  try {
    for (const n of [1, 2, 3]) assert.equal((await ask(`during the outage ${n}`, { session })).status, 200);
    const fresh = await ask('a stranger');
    assert.deepEqual([fresh.status, fresh.body.code], [503, 'database_unavailable']);
    assert.equal(requestsWith('a stranger').length, 0);
    assert.equal((await call('/readyz')).status, 503);
    await delay(1500);
  } finally {
    stack.parts.set('postgrest', await stack.runPostgrest());
  }
  const messages = await eventually(() => storedMessages(session, 8), 60_000);
  assert.deepEqual(messages.filter(({ role }) => role === 'user').map(({ content }) => content), [
    'before the outage', 'during the outage 1', 'during the outage 2', 'during the outage 3',
  ]);
  messages.slice(1).forEach((message, i) => assert.equal(message.parent_id, messages[i].id));
  const { rows: [{ count }] } = await database.query('select count(*)::int from chat_usage_log where session_id = $1', [session]);
  assert.equal(count, 4);
});

test('a model that is overloaded is asked again', async () => {
  stack.model.mock.nextRequestError(429, { message: 'slow down', type: 'rate_limit_error' });
  const { status, body } = await ask('overloaded at first');
  assert.equal(status, 200);
  assert.equal(body.message, 'Very well.');
});

test('a model that refuses is told to the client without its words', async () => {
  script('refuse this', { error: { message: 'internal upstream secret', type: 'invalid_request_error' }, status: 400 });
  const { status, body, session } = await ask('refuse this');
  assert.deepEqual([status, body.code], [502, 'model_rejected']);
  assert.ok(!JSON.stringify(body).includes('secret'));
  assert.equal(requestsWith('refuse this').length, 1, 'what is refused is not sent again');
  const [question, answer] = await storedMessages(session);
  assert.deepEqual([question.status, answer.status, answer.content], ['complete', 'failed', '']);
  const [usage] = await rows('select * from chat_usage_log where session_id = $1', [session]);
  assert.deepEqual([usage.success, usage.error_code, usage.total_tokens], [false, 'model_rejected', 0]);
});

test('an answer that is cut is an error, never a clean end', async () => {
  script('cut me', { content: 'This answer will never be whole. '.repeat(5) }, { chunkSize: 10, truncateAfterChunks: 4, streamingProfile: { ttft: 20, tps: 50 } });
  const { frames, text, session } = await stream('cut me');
  assert.ok(text.startsWith('This answer'));
  assert.deepEqual(frames.slice(-2).map(({ data }) => data.type), ['error', '[DONE]']);
  assert.match(frames.at(-2).data.errorText, /broke off/);
  assert.ok(!frames.some(({ data }) => data.type === 'finish'));
  const [, answer] = await storedMessages(session);
  assert.deepEqual([answer.status, answer.content], ['failed', text]);
});

test('messages and keys never reach the log', async () => {
  const { readFileSync } = await import('node:fs');
  const log = readFileSync(stack.logOf('worker'), 'utf8');
  assert.match(log, /"event":"turn"/);
  for (const secret of ['about to crash', 'before the outage', 'Very well', stack.serviceRoleKey, stack.users[0].access_token]) {
    assert.ok(!log.includes(secret), secret.slice(0, 20));
  }
});
