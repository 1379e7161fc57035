// The whole matrix: `npm run test:faults`. Its quick cells are a part of `npm test`, in tests/e2e/faults.test.mjs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually, rows, storedMessages } from '../desk.mjs';
import '../e2e/desk.mjs';
import { CELLS } from './cells.mjs';
import { status } from './faults.mjs';
import { playAll } from './matrix.mjs';
import { openScene } from './scene.mjs';

playAll(CELLS);

test('a turn that Postgres refuses for a minute is parked, stays in the history, and holds up no other', async () => {
  const scene = await openScene();
  const { client, message } = scene;
  const refused = scene.supabase('rpc/commit_turn', status(400));
  await client.turn(message);
  const [parked] = await eventually(() => rows('select * from chat_parked_turns where session_id = $1', [client.session]), 120_000);
  assert.match(parked.reason, /^rpc\/commit_turn: status 400/);
  refused.relent();
  await client.turn('after it');
  const [question, answer] = await storedMessages(client.session);
  assert.deepEqual([question.content, question.parent_id, answer.parent_id], ['after it', null, question.id]);
  const history = await client.history();
  assert.deepEqual(new Set(history.filter(({ role }) => role === 'user').map(({ content }) => content)), new Set([message, 'after it']));
});
