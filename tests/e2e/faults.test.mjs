import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { LASTING_FAULTS, MATRIX } from '../faults/matrix.mjs';
import { runMatrix } from '../faults/run-matrix.mjs';
import { MESSAGE_PREFIX, startConversation, waitUntil } from '../faults/test-conversation.mjs';
import { ask, call, database, eventually, newUser, proxies, requestsWith, rows, script, stack, storedMessages } from './test-stack.mjs';

// `npm run test:faults` runs the full matrix.
runMatrix(MATRIX.filter(({ isFullOnly }) => !isFullOnly));

test('while PostgREST is down a known session goes on, a new one gets 503, and the rows arrive afterwards', async () => {
  const { session } = await ask('before the outage');
  await storedMessages(session);
  const commits = proxies.supabase.addRule(({ path, body }) => path.endsWith('/rpc/commit_turn') && body.includes(session));
  await stack.parts.get('postgrest').kill();
  try {
    for (const n of [1, 2, 3]) assert.equal((await ask(`during the outage ${n}`, { session })).status, 200);
    const fresh = await ask('a stranger');
    assert.deepEqual([fresh.status, fresh.body.code], [503, 'database_unavailable']);
    assert.equal(requestsWith('a stranger').length, 0);
    assert.equal((await call('/readyz')).status, 503);
    // The outage lasts until a commit has failed and was retried.
    await waitUntil(() => commits.exchanges.length >= 2);
  } finally {
    stack.parts.set('postgrest', await stack.runPostgrest());
  }
  const messages = await eventually(() => storedMessages(session, 8));
  assert.deepEqual(messages.filter(({ role }) => role === 'user').map(({ content }) => content), [
    'before the outage', 'during the outage 1', 'during the outage 2', 'during the outage 3',
  ]);
  messages.slice(1).forEach((message, i) => assert.equal(message.parent_id, messages[i].id));
  const { rows: [{ count }] } = await database.query('select count(*)::int from chat_usage_log where purpose = \'turn\' and session_id = $1', [session]);
  assert.equal(count, 4);
});

for (const [name, fault] of LASTING_FAULTS) {
  test(`an erasure that fails with PostgREST ${name} is not given up: nothing new begins before it is complete`, async () => {
    const conversation = await startConversation();
    const { client, message } = conversation;
    await client.runTurn(message);
    await storedMessages(client.session);
    const rule = conversation.failSupabase('rpc/erase_user', fault);
    const erase = () => call('/api/me', { user: client.user, method: 'DELETE' });
    const failed = await erase();
    assert.deepEqual([failed.status, (await failed.json()).code], [503, 'database_unavailable']);
    const refused = await ask('after the request', { user: client.user, session: client.session });
    assert.deepEqual([refused.status, refused.body.code], [409, 'erasure_in_progress']);
    rule.clearFaults();
    assert.equal((await erase()).status, 200);
    const left = await database.query('select 1 from chat_messages where session_id = $1', [client.session]);
    assert.equal(left.rowCount, 0);
    assert.equal((await ask('a new beginning', { user: client.user })).status, 200);
  });
}

test('a rejection by the model reaches the client without the upstream text', async () => {
  script('refuse this', { error: { message: 'internal upstream secret', type: 'invalid_request_error' }, status: 400 });
  // A user without memories: their prompt has one form only, in which it is refused for good.
  const { status, body, session } = await ask('refuse this', { user: await newUser() });
  assert.deepEqual([status, body.code], [502, 'model_rejected']);
  assert.ok(!JSON.stringify(body).includes('secret'));
  assert.equal(requestsWith('refuse this').length, 1, 'a rejected request is not retried');
  const [question, answer] = await storedMessages(session);
  assert.deepEqual([question.status, answer.status, answer.content], ['complete', 'failed', '']);
  const [usage] = await rows('select * from chat_usage_log where purpose = \'turn\' and session_id = $1', [session]);
  assert.deepEqual([usage.success, usage.error_code, usage.total_tokens], [false, 'model_rejected', 0]);
});

test('the log contains no messages and no keys', async () => {
  const log = readFileSync(stack.logOf('worker'), 'utf8');
  assert.match(log, /"event":"turn"/);
  for (const secret of [MESSAGE_PREFIX, 'before the outage', 'Very well', stack.serviceRoleKey, stack.users[0].access_token]) {
    assert.ok(!log.includes(secret), secret.slice(0, 20));
  }
});
