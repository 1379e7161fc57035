// The full matrix: `npm run test:faults`. Its quick cases run in `npm test` too, by tests/e2e/faults.test.mjs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually, rows, storedMessages } from '../test-stack.mjs';
import '../e2e/test-stack.mjs';
import { respondWith } from './faults.mjs';
import { MATRIX } from './matrix.mjs';
import { runMatrix } from './run-matrix.mjs';
import { startConversation } from './test-conversation.mjs';

runMatrix(MATRIX);

test('a turn that Postgres rejects for a minute is parked, stays in the history, and blocks no other turn', async () => {
  const conversation = await startConversation();
  const { client, message } = conversation;
  const commitRule = conversation.failSupabase('rpc/commit_turn', respondWith(400));
  await conversation.runTurn();
  const [parked] = await eventually(() => rows('select * from chat_parked_turns where session_id = $1', [client.session]), 120_000);
  assert.match(parked.reason, /^rpc\/commit_turn: status 400/);
  commitRule.clearFaults();
  await client.runTurn('after it');
  const [question, answer] = await storedMessages(client.session);
  assert.deepEqual([question.content, question.parent_id, answer.parent_id], ['after it', null, question.id]);
  const history = await client.history();
  assert.deepEqual(new Set(history.filter(({ role }) => role === 'user').map(({ content }) => content)), new Set([message, 'after it']));
});
