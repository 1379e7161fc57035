import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultChatTransport, readUIMessageStream } from 'ai';
import {
  ada, ask, call, eventually, grace, holdAnswerEnd, killWorker, newUser, readFrames, requestsWith, restartWorker, rows, script, stack,
  storedFiles, storedMessages,
} from './test-stack.mjs';

const SLOW_ANSWER = { chunkSize: 5, streamingProfile: { ttft: 30, tps: 40 } };
const LONG = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');

/** Reads frames while `shouldContinue` is true, then disconnects. */
async function read(response, shouldContinue = () => true) {
  const frames = [];
  for await (const frame of readFrames(response)) {
    frames.push(frame);
    if (!shouldContinue(frames)) break;
  }
  return frames;
}

const textOf = (frames) => frames.filter(({ data }) => data.type === 'text-delta').map(({ data }) => data.delta).join('');
const begin = (message, session, fields = {}, user = ada) => call('/api/chat', { user, json: { message, session_id: session, ...fields } });
const resume = (session, after, user = ada) => call(`/api/chat/${session}/stream`, { user, headers: after ? { 'last-event-id': after } : {} });

test('a client that resumes gets exactly the frames that it has not received', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG }, SLOW_ANSWER);
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const first = await read(await begin(marker, session), (frames) => frames.length < 6);
  const last = first.at(-1).id;
  const resumed = await resume(session, last);
  end.open();
  const rest = await read(resumed);
  assert.equal(textOf([...first, ...rest]), LONG);
  const numbers = [...first, ...rest].filter(({ id }) => id).map(({ id }) => Number(id.split(':')[1]));
  assert.deepEqual(numbers, numbers.map((_, i) => i + 1));
  assert.equal(rest.at(-1).data.type, '[DONE]');

  const later = await read(await call(`/api/chat/${session}/stream?after=${last}`));
  assert.deepEqual(later.map(({ id, data }) => [id, data]), rest.map(({ id, data }) => [id, data]), 'the same frames come after the end');
  assert.equal((await resume(session, rest.at(-2).id)).status, 204, 'there are no frames after the last one');
  assert.equal((await resume(session)).status, 204, 'no turn is running');
});

test('all readers get the same text, and the turn finishes without any of them', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG }, SLOW_ANSWER);
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const sender = await begin(marker, session);
  const readers = await Promise.all(Array.from({ length: 5 }, async (_, n) => {
    await delay(n * 60);
    return resume(session);
  }));
  await sender.body.cancel();
  end.open();
  for (const frames of await Promise.all(readers.map((reader) => read(reader)))) assert.equal(textOf(frames), LONG);
  assert.equal((await storedMessages(session))[1].content, LONG);
});

test('a resumed stream is unmasked, and the stored log is masked', async () => {
  const user = await newUser();
  const marker = randomUUID();
  script(marker, { content: `I wrote to [EMAIL_1]. ${LONG}` }, SLOW_ANSWER);
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const first = await read(await begin(`${marker} mail zoe.quinn@example.org`, session, {}, user), (frames) => frames.length < 5);
  const resumed = await resume(session, first.at(-1).id, user);
  end.open();
  const rest = await read(resumed);
  assert.equal(textOf([...first, ...rest]), `I wrote to zoe.quinn@example.org. ${LONG}`);
  const again = await read(await resume(session, `${first[0].id.split(':')[0]}:0`, user));
  assert.equal(textOf(again), `I wrote to zoe.quinn@example.org. ${LONG}`);
  assert.ok(!(await storedFiles()).some((file) => file.includes('zoe.quinn')));
});

test('stop ends the model request, keeps the text and books the estimated usage', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG.repeat(4) }, SLOW_ANSWER);
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const sender = await begin(marker, session);
  const frames = [];
  for await (const frame of readFrames(sender)) {
    frames.push(frame);
    if (frames.length === 8) {
      const stopped = await call(`/api/chat/${session}/stop`, { method: 'POST' });
      assert.deepEqual(await stopped.json(), { stopped: true });
    }
  }
  end.open();
  assert.deepEqual(frames.slice(-2).map(({ data }) => data.type), ['abort', '[DONE]']);
  const [, answer] = await storedMessages(session);
  assert.deepEqual([answer.status, answer.content], ['stopped', textOf(frames)]);
  const [usage] = await rows('select * from chat_usage_log where purpose = \'turn\' and session_id = $1', [session]);
  assert.deepEqual([usage.usage_source, usage.success, usage.error_code], ['estimated', true, null]);
  assert.ok(usage.completion_tokens > 0 && usage.prompt_tokens > 0);
  assert.deepEqual(await (await call(`/api/chat/${session}/stop`, { method: 'POST' })).json(), { stopped: false });
  assert.equal((await ask('and on', { session })).status, 200, 'the session accepts the next message');
});

test('a message that is sent twice is answered once, during its turn and afterwards', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG }, SLOW_ANSWER);
  const session = randomUUID();
  const fields = { client_message_id: randomUUID() };
  const end = holdAnswerEnd(marker);
  const first = await begin(marker, session, fields);
  const second = await begin(marker, session, fields);
  const whole = ask(marker, { session, ...fields });
  end.open();
  const [one, two] = await Promise.all([read(first), read(second)]);
  assert.deepEqual(two.map(({ id, data }) => [id, data]), one.map(({ id, data }) => [id, data]));
  assert.equal((await whole).body.message, LONG);
  const third = await ask(marker, { session, ...fields });
  assert.deepEqual(third.body, (await whole).body);
  assert.equal(requestsWith(marker).length, 1);
  assert.equal((await storedMessages(session)).length, 2);
  const other = await ask('another one', { session, client_message_id: randomUUID() });
  assert.equal(other.status, 200);
});

test('the history has the question of a running turn before Postgres has it', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG }, SLOW_ANSWER);
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const response = await begin(`${marker} to joe@example.org`, session);
  const running = await (await call(`/api/sessions/${session}/messages`)).json();
  assert.deepEqual(running.data.map(({ role, content }) => [role, content]), [['user', `${marker} to joe@example.org`]]);
  end.open();
  const frames = await read(response);
  const { data } = await (await call(`/api/sessions/${session}/messages`)).json();
  assert.deepEqual(data.map(({ role, content }) => [role, content]), [['user', `${marker} to joe@example.org`], ['assistant', textOf(frames)]]);
  assert.equal(data[1].id, frames[0].data.messageId);
  await storedMessages(session);
  assert.deepEqual((await (await call(`/api/sessions/${session}/messages`)).json()).data.length, 2);
});

test('the default transport of the AI SDK reconnects with a chat id that is no UUID', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG }, SLOW_ANSWER);
  const chatId = `chat ${randomUUID()}`;
  const transport = new DefaultChatTransport({ api: `${stack.api}/api/chat`, headers: { authorization: `Bearer ${ada.access_token}` } });
  assert.equal(await transport.reconnectToStream({ chatId }), null);
  const message = { id: randomUUID(), role: 'user', parts: [{ type: 'text', text: marker }] };
  const end = holdAnswerEnd(marker);
  const stream = await transport.sendMessages({ chatId, messages: [message], trigger: 'submit-message', messageId: undefined, abortSignal: undefined });
  await stream.cancel();
  let last;
  const resumed = await transport.reconnectToStream({ chatId });
  end.open();
  for await (const state of readUIMessageStream({ stream: resumed })) last = state;
  assert.equal(last.parts.filter(({ type }) => type === 'text').map(({ text }) => text).join(''), LONG);
});

test('after a crash a resumed stream has the text so far and an error', async () => {
  const marker = randomUUID();
  script(marker, { content: LONG.repeat(4) }, SLOW_ANSWER);
  const session = randomUUID();
  let last;
  try {
    let seen = '';
    for await (const frame of readFrames(await begin(marker, session))) {
      if (frame.data.type === 'text-delta') seen += frame.data.delta;
      last = frame.id ?? last;
      // By then a part of the text is stored.
      if (seen.length > 300) await killWorker();
    }
  } catch {
    // The crash breaks the connection.
  }
  await restartWorker();
  const frames = await eventually(async () => read(await resume(session, `${last.split(':')[0]}:0`)));
  assert.match(textOf(frames), /^word0 word1 /);
  assert.deepEqual(frames.slice(-2).map(({ data }) => data.type), ['error', '[DONE]']);
});

test('other users can neither resume nor stop a turn', async () => {
  const { session } = await ask('mine');
  assert.equal((await resume(session, undefined, grace)).status, 204);
  assert.equal((await resume(session, `${randomUUID()}:1`)).status, 204);
  const bad = await resume(session, 'yesterday');
  assert.deepEqual([bad.status, (await bad.json()).field], [422, 'after']);
  assert.deepEqual(await (await call(`/api/chat/${session}/stop`, { user: grace, method: 'POST' })).json(), { stopped: false });
});
