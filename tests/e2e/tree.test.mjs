import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DefaultChatTransport, readUIMessageStream } from 'ai';
import { ada, ask, call, database, newUser, requestsWith, rows, script, stack, storedMessages } from './test-stack.mjs';

const NONE = '00000000-0000-0000-0000-000000000000';
const reply = (messages) => ({ content: `answer ${messages.length}` });

/** Message contents of the newest prompt, without the persona. */
function promptOf(marker) {
  return requestsWith(marker).at(-1).messages.slice(1).map(({ content }) => content);
}

test('a session is a tree: regenerate, edit, start over, continue any answer', async () => {
  const marker = randomUUID();
  script(marker, ({ messages }) => reply(messages));
  const user = await newUser();
  const { session, body: first } = await ask(`${marker} one`, { user });
  const { body: second } = await ask(`${marker} two`, { user, session });
  const [one, , two] = await storedMessages(session, 4);

  const send = async (fields) => (await call('/api/chat', { user, json: { session_id: session, stream: false, ...fields } })).json();
  const again = await send({ parent_id: two.id });
  assert.deepEqual(promptOf(marker), [`${marker} one`, first.message, `${marker} two`]);
  const aside = await send({ message: `${marker} aside`, parent_id: first.id });
  assert.deepEqual(promptOf(marker), [`${marker} one`, first.message, `${marker} aside`]);
  const anew = await send({ message: `${marker} anew`, parent_id: NONE });
  assert.deepEqual(promptOf(marker), [`${marker} anew`]);
  const on = await send({ message: `${marker} on`, parent_id: again.id });
  assert.deepEqual(promptOf(marker), [`${marker} one`, first.message, `${marker} two`, again.message, `${marker} on`]);

  const stored = await storedMessages(session, 11);
  const parent = (id) => stored.find((message) => message.id === id).parent_id;
  assert.equal(parent(again.id), two.id);
  assert.equal(parent(parent(aside.id)), first.id);
  assert.equal(parent(parent(anew.id)), null);
  assert.equal(parent(parent(on.id)), again.id);
  assert.equal(stored.filter(({ content }) => content === `${marker} two`).length, 1, 'a question is stored once');
  const listed = await (await call(`/api/sessions/${session}/messages`, { user })).json();
  assert.deepEqual(listed.data.map(({ id, parent_id: before }) => [id, before]), stored.map(({ id, parent_id: before }) => [id, before]));
  const usage = await rows('select 1 from chat_usage_log where purpose = \'turn\' and session_id = $1', [session], 6);
  assert.equal(usage.length, 6);
  assert.deepEqual([one.parent_id, parent(second.id)], [null, two.id]);
});

test('a branch that is not in the object is loaded from Postgres', async () => {
  const marker = randomUUID();
  script(marker, ({ messages }) => reply(messages));
  const user = await newUser();
  const { session, body: first } = await ask(`${marker} one`, { user });
  await ask(`${marker} two`, { user, session });
  await ask(`${marker} three`, { user, session, parent_id: first.id });
  const [, , two] = await storedMessages(session, 6);
  const worker = stack.parts.get('worker');
  await worker.kill();
  stack.parts.set('worker', await stack.runWorker());
  const again = await call('/api/chat', { user, json: { session_id: session, parent_id: two.id, stream: false } });
  assert.equal(again.status, 200);
  assert.deepEqual(promptOf(marker), [`${marker} one`, first.message, `${marker} two`]);
});

test('an unknown parent and a wrong message id are rejected', async () => {
  const user = await newUser();
  const { session, body: { id } } = await ask('hello', { user });
  const rejection = async (fields) => {
    const response = await call('/api/chat', { user, json: { session_id: session, stream: false, ...fields } });
    const { code, field } = await response.json();
    return [response.status, code, field];
  };
  assert.deepEqual(await rejection({ message: 'a', parent_id: randomUUID() }), [404, 'message_not_found', 'parent_id']);
  assert.deepEqual(await rejection({ parent_id: randomUUID() }), [404, 'message_not_found', 'parent_id']);
  assert.deepEqual(await rejection({ message: 'a', messageId: id }), [422, 'invalid_field', 'messageId']);
  const theirs = await ask('not yours');
  assert.deepEqual(await rejection({ message: 'a', parent_id: theirs.body.id }), [404, 'message_not_found', 'parent_id']);
});

test('the default transport of the AI SDK regenerates and edits', async () => {
  const marker = randomUUID();
  script(marker, ({ messages }) => reply(messages));
  const transport = new DefaultChatTransport({ api: `${stack.api}/api/chat`, headers: { authorization: `Bearer ${ada.access_token}` } });
  const chatId = `tree ${marker}`;
  const send = async (trigger, messages, messageId) => {
    const stream = await transport.sendMessages({ chatId, messages, trigger, messageId, abortSignal: undefined });
    let last;
    for await (const state of readUIMessageStream({ stream })) last = state;
    return last;
  };
  const message = (id, text) => ({ id, role: 'user', parts: [{ type: 'text', text: `${marker} ${text}` }] });
  const first = await send('submit-message', [message('m1', 'one')]);
  const second = await send('regenerate-message', [message('m1', 'one')], first.id);
  assert.notEqual(second.id, first.id);
  await send('submit-message', [message('m1', 'one'), second, message('m2', 'two')]);
  await send('submit-message', [message('m1', 'one'), second, message('m2', '2')], 'm2');
  assert.deepEqual(promptOf(marker).slice(0, 1), [`${marker} one`]);
  assert.equal(promptOf(marker).at(-1), `${marker} 2`);
  const stored = await storedMessages(second.metadata.session_id, 7);
  const parents = Object.fromEntries(stored.map(({ content, role, parent_id: parent }) => [role === 'user' ? content : '', parent]));
  assert.equal(parents[`${marker} two`], second.id);
  assert.equal(parents[`${marker} 2`], second.id);
});

test('a fallback model answers when the first one fails, and the answer names it', async () => {
  const marker = randomUUID();
  await database.query(`insert into employee_profiles (slug, title, system_prompt, model, fallback_models) values ('stand-in', 'x', 'x', 'gpt-dead', '{gpt-4o}') on conflict do nothing`);
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', model: 'gpt-dead' }, response: { error: { message: 'no such model', type: 'invalid_request_error' }, status: 404 } });
  const { session, body } = await ask(marker, { employee: 'stand-in' });
  assert.deepEqual([body.message, body.model], ['Very well.', 'gpt-4o']);
  const [usage] = await rows('select model, cost_usd, success from chat_usage_log where purpose = \'turn\' and session_id = $1', [session]);
  assert.deepEqual([usage.model, usage.success], ['gpt-4o', true]);
  assert.ok(usage.cost_usd > 0, 'at its own price');
  const [, answer] = await storedMessages(session);
  assert.equal(answer.metadata.model, 'gpt-4o');
});
