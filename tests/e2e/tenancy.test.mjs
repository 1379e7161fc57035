import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createClient } from '@supabase/supabase-js';
import { ada, ask, call, database, grace, stack, storedMessages } from './test-stack.mjs';

/** Signs in with supabase-js, like a browser. */
async function signIn(email) {
  const client = createClient(stack.supabaseUrl, stack.anonKey, { auth: { persistSession: false, autoRefreshToken: false } });
  const { data, error } = await client.auth.signInWithPassword({ email, password: 'frontdesk' });
  assert.equal(error, null);
  return { client, access_token: data.session.access_token };
}

test('a user who signs in with supabase-js can chat and reads their own rows through PostgREST', async () => {
  const user = await signIn(ada.email);
  const { session, status } = await ask('through the front door', { user });
  assert.equal(status, 200);
  await storedMessages(session);
  const { data: messages } = await user.client.from('chat_messages').select('role, content').eq('session_id', session)
    .order('created_at');
  assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant']);
  const { data: usage } = await user.client.from('chat_usage_log').select('total_tokens').eq('session_id', session);
  assert.equal(usage.length, 1);
  const { data: sessions } = await user.client.from('chat_sessions').select('id').eq('id', session);
  assert.equal(sessions.length, 1);
});

test('other users and anonymous clients read none of them', async () => {
  const { session } = await ask('for my eyes');
  await storedMessages(session);
  const other = await signIn(grace.email);
  const anonymous = createClient(stack.supabaseUrl, stack.anonKey, { auth: { persistSession: false } });
  for (const client of [other.client, anonymous]) {
    for (const table of ['chat_messages', 'chat_usage_log']) {
      const { data } = await client.from(table).select('*').eq('session_id', session);
      assert.equal(data?.length ?? 0, 0, table);
    }
    const { data } = await client.from('chat_sessions').select('*').eq('id', session);
    assert.equal(data?.length ?? 0, 0);
  }
  const { data } = await (await call('/api/sessions', { user: grace })).json();
  assert.ok(!data.some(({ id }) => id === session));
});

test('a user cannot write rows with their own token', async () => {
  const { session } = await ask('authentic');
  const [question, answer] = await storedMessages(session);
  const { client } = await signIn(ada.email);
  const forged = { ...question, id: crypto.randomUUID(), content: 'forged' };
  const { data: [usage] } = await client.from('chat_usage_log').select('*').eq('session_id', session);
  for (const [what, attempt] of [
    ['insert a message', client.from('chat_messages').insert(forged)],
    ['change a message', client.from('chat_messages').update({ content: 'forged' }).eq('id', answer.id)],
    ['delete a message', client.from('chat_messages').delete().eq('id', answer.id)],
    ['insert a session', client.from('chat_sessions').insert({ id: crypto.randomUUID(), user_id: ada.id, employee_slug: 'prime-boss' })],
    ['change a session', client.from('chat_sessions').update({ message_count: 0 }).eq('id', session)],
    ['insert usage', client.from('chat_usage_log').insert({ ...usage, turn_id: crypto.randomUUID() })],
    ['change usage', client.from('chat_usage_log').update({ total_tokens: 0 }).eq('turn_id', usage.turn_id)],
    ['commit a turn', client.rpc('commit_turn', { p_turn: {} })],
    ['read a prompt', client.from('employee_profiles').select('system_prompt')],
    ['change an employee', client.from('employee_profiles').update({ title: 'Mine' }).eq('slug', 'prime-boss')],
  ]) {
    const { error } = await attempt;
    assert.ok(error, `${what} must be rejected`);
  }
  const { rows } = await database.query('select content from chat_messages where session_id = $1 order by created_at', [session]);
  assert.deepEqual(rows.map(({ content }) => content), [question.content, answer.content]);
});
