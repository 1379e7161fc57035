import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import { accessToken, ask, database, grace, isFenced, newUser, requestsWith, rows, stack, storedMessages } from './test-stack.mjs';

const service = createClient(stack.supabaseUrl, stack.serviceRoleKey, { auth: { persistSession: false } });

/** A supabase-js client that acts as the token's user. @param {string} jwt */
function clientWith(jwt) {
  return createClient(stack.supabaseUrl, stack.anonKey, { accessToken: async () => jwt });
}

/** A unit vector, which is orthogonal to all others of this kind. */
const axis = (n) => JSON.stringify(Array.from({ length: 1536 }, (_, i) => (i === n ? 1 : 0)));

test('facts and embeddings that the service key saves are read under the user\'s own token', async () => {
  const user = await newUser();
  const { data: saved, error } = await service.rpc('save_facts', { p_user: user.id, p_extraction: {
    read: [], ended: [], forgotten: [], commands: [],
    facts: [{ id: randomUUID(), category: 'hobby', key: 'animals', fact: 'Keeps bees', confidence: 0.9 }],
    usage: {
      id: randomUUID(), purpose: 'facts', employee_slug: 'prime-boss', model: 'gpt-4o-mini', prompt_tokens: 1, cached_tokens: 0,
      completion_tokens: 1, total_tokens: 2, latency_ms: 1, success: true, usage_source: 'provider', created_at: new Date(),
    },
  } });
  assert.deepEqual([error, saved], [null, { committed: true, messages: [] }]);
  const chunk = randomUUID();
  const { data: { is_new: isNew } } = await service.rpc('save_document', { p_user: user.id, p_document: {
    id: randomUUID(), name: 'bees.txt', media_type: 'text/plain', size_bytes: 19, received_at: new Date(), max_documents: 100,
    chunks: [{ id: chunk, content: 'I keep bees in Bern', content_tokens: 6 }],
  } });
  assert.equal(isNew, true);
  const embedded = await service.rpc('save_embeddings', { p_user: user.id, p_embeddings: [{ id: chunk, embedding: axis(7) }] });
  assert.equal(embedded.error, null);

  const { data: facts } = await service.rpc('current_facts', { p_user: user.id });
  assert.deepEqual(facts.map(({ fact }) => fact), ['Keeps bees']);
  const own = clientWith(user.access_token);
  const { data: memories } = await own.rpc('memories', { p_limit: 10 });
  assert.deepEqual(memories.map(({ id, content, document }) => ({ id, content, document })), [{ id: chunk, content: 'I keep bees in Bern', document: 'bees.txt' }]);
  const vector = Buffer.from(memories[0].embedding, 'base64');
  assert.deepEqual([vector.length, vector.readUInt16BE(0), vector.readUInt16BE(4 + 2 * 7)], [4 + 2 * 1536, 1536, 0x3c00], 'half-precision floats: number 7 is 1');
  const next = { p_limit: 10, p_before_at: memories[0].occurred_at, p_before_id: memories[0].id };
  assert.deepEqual((await own.rpc('memories', next)).data, []);
  const { data: matches } = await own.rpc('match_memories', { p_embedding: axis(7), p_limit: 1 });
  assert.deepEqual(matches.map(({ id, content, distance }) => ({ id, content, distance })), [{ id: chunk, content: 'I keep bees in Bern', distance: 0 }]);

  const other = clientWith((await newUser()).access_token);
  assert.deepEqual((await other.rpc('memories', { p_limit: 10 })).data, []);
  assert.deepEqual((await other.rpc('match_memories', { p_embedding: axis(7) })).data, []);
  const refused = await own.rpc('current_facts', { p_user: user.id });
  assert.equal(refused.error.code, '42501');
});

test('a usage row has the tokens of the prompt\'s history and of the whole session', async () => {
  const { session } = await ask('word '.repeat(3000), { user: grace });
  await ask('word '.repeat(3000), { user: grace, session });
  await ask('and now?', { user: grace, session });
  const usage = await rows('select * from chat_usage_log where purpose = \'turn\' and session_id = $1 order by created_at', [session], 3);
  const { history_tokens, session_tokens } = usage[2];
  assert.ok(history_tokens > 2000 && history_tokens < Number(session_tokens), `${history_tokens} of ${session_tokens}`);
  const spoken = requestsWith('and now?')[0].messages.filter(({ role, content }) => role !== 'system' && !isFenced(content));
  assert.ok(spoken.length < 5, `${spoken.length} of the 5 messages`);
  const { data: targets } = await service.from('v_targets').select('*');
  assert.ok(targets.find(({ metric }) => metric === 'token_saving_percent').current > 0);
  const { data: none } = await clientWith(grace.access_token).from('v_targets').select('*');
  assert.deepEqual(none, []);
});

test('a user exports their own rows, and only the service key erases them', async () => {
  const id = randomUUID();
  await database.query('insert into auth.users (id, email) values ($1, $2)', [id, `${id}@example.com`]);
  const user = { access_token: await accessToken({ sub: id }) };
  const { session } = await ask('for the export', { user });
  await storedMessages(session);
  const messages = async () => (await clientWith(user.access_token).rpc('export_user', { p_kind: 'message' })).data.rows;
  assert.deepEqual((await messages()).map(({ content }) => content), ['for the export', 'Very well.']);

  const { error } = await clientWith(user.access_token).rpc('erase_user', { p_user: id });
  assert.equal(error.code, '42501');
  const { data: counts } = await service.rpc('erase_user', { p_user: id });
  assert.equal(counts.chat_messages, 2);
  assert.deepEqual(await messages(), []);
});
