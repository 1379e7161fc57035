import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { FINISH_EVENT, atEvent, chatAbout } from '../faults/faults.mjs';
import { ask, call, database, eventually, holdAnswerEnd, isFenced, newUser, proxies, readFrames, requestsWith, rows, script, storedMessages, stream } from './test-stack.mjs';

test('the curl example of the specification streams a UI message', async () => {
  script('Hello AI!', { content: 'Hello, human.' });
  const response = await call('/api/chat', {
    headers: { 'content-type': 'application/json' }, json: { message: 'Hello AI!', stream: true },
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1');
  const frames = [];
  for await (const frame of readFrames(response)) frames.push(frame);
  const types = frames.map(({ data }) => data.type).filter((type, i, all) => type !== all[i - 1]);
  assert.deepEqual(types, [
    'start', 'start-step', 'data-receipt', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish', '[DONE]',
  ]);
  const ids = frames.slice(0, -1).map(({ id }) => id);
  assert.deepEqual(ids.map((id) => Number(id.split(':')[1])), ids.map((_, i) => i + 1));
  const start = frames[0].data;
  assert.equal(start.messageMetadata.employee, 'prime-boss');
  const finish = frames.at(-2).data;
  assert.equal(finish.finishReason, 'stop');
  assert.ok(finish.messageMetadata.usage.total_tokens > 0);
});

test('the second prompt of a session has the first message, and that of a new session does not', async () => {
  const user = await newUser();
  const { session } = await ask('remember the word zebra', { user });
  await ask('which word, marker-2?', { user, session });
  const [request] = requestsWith('marker-2');
  const prompt = request.messages.map(({ role, content }) => `${role}: ${content}`);
  assert.match(prompt[0], /^system: You are Prime Boss/);
  assert.equal(prompt[1], 'user: remember the word zebra');
  assert.match(prompt[2], /^assistant: /);
  assert.equal(prompt[3], 'user: which word, marker-2?');
  await ask('which word, marker-3?', { user });
  const spoken = requestsWith('marker-3')[0].messages.filter(({ role, content }) => role !== 'system' && !isFenced(content));
  assert.equal(spoken.length, 1);
});

test('a model request asks for usage and has the parameters of its model family', async () => {
  await ask('parameters please');
  const [request] = requestsWith('parameters please');
  assert.deepEqual(request.stream_options, { include_usage: true });
  assert.ok(request.max_completion_tokens > 0 && request.temperature >= 0 && request.max_tokens === undefined);
});

test('"stream": false is one JSON object', async () => {
  script('in one piece', { content: 'All of it.', usage: { prompt_tokens: 40, completion_tokens: 5 } });
  const { status, session, body } = await ask('in one piece');
  assert.equal(status, 200);
  assert.equal(body.message, 'All of it.');
  assert.equal(body.session_id, session);
  assert.equal(body.finish_reason, 'stop');
  assert.deepEqual(body.usage, { prompt_tokens: 40, cached_tokens: 0, completion_tokens: 5, total_tokens: 45 });
  const [usage] = await rows('select * from chat_usage_log where purpose = \'turn\' and session_id = $1', [session]);
  assert.equal(usage.total_tokens, 45);
  assert.equal(Number(usage.cost_usd), (40 * 0.15 + 5 * 0.6) / 1e6);
  assert.equal(usage.usage_source, 'provider');
  assert.equal(usage.success, true);
  assert.ok(usage.ttft_ms > 0 && usage.latency_ms >= usage.ttft_ms);
});

test('another employee answers on request, with the history of the session', async () => {
  const { session } = await ask('to the boss');
  const { body } = await ask('to the clerk', { session, employee: 'doc-clerk' });
  assert.equal(body.employee, 'doc-clerk');
  const [request] = requestsWith('to the clerk');
  assert.match(request.messages[0].content, /Document Clerk/);
  assert.equal(request.messages[1].content, 'to the boss');
  const { body: next } = await ask('and on', { session });
  assert.equal(next.employee, 'doc-clerk', 'the session keeps the chosen employee');
});

test('text of every kind is unchanged at the model, in Postgres and in the answer', async () => {
  await database.query(`insert into employee_profiles (slug, title, system_prompt, token_budget) values ('roomy', 'x', 'x', 100000)`);
  const texts = [
    'Ελληνικά, Русский, العربية, עברית, हिन्दी, 中文, 日本語, 한국어, ไทย, አማርኛ',
    '👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 e\u0301 \u202eright to left\u202c \u200b zero width',
    'quotes " \' \\ / and `code` and <b>tags</b> and $1 %s \r\n\ttabs \u2028 \u0007',
    'word '.repeat(6000),
    '漢'.repeat(30_000),
  ];
  for (const text of texts) {
    const marked = `${randomUUID()} ${text}`;
    // Not from the mock model's journal, which truncates texts over 64 KB.
    let received;
    const echo = ({ messages }) => {
      received = messages.at(-1).content;
      return { content: received.slice(37) };
    };
    script(marked.slice(0, 36), echo, { chunkSize: 1000 });
    const { text: back, session } = await stream(marked, { employee: 'roomy' });
    assert.equal(received, marked);
    assert.equal(back, text);
    const [question, answer] = await storedMessages(session);
    assert.equal(question.content, marked);
    assert.equal(answer.content, text);
  }
});

test('only NUL and lone surrogates are replaced', async () => {
  const marker = randomUUID();
  const response = await call('/api/chat', {
    method: 'POST', body: `{"message":"${marker} a\\u0000b \\ud83d c \\ude00\\ud83d\\ude00","stream":false}`,
  });
  assert.equal(response.status, 200);
  const { session_id } = await response.json();
  const replaced = `${marker} a\ufffdb \ufffd c \ufffd😀`;
  assert.equal(requestsWith(marker)[0].messages.at(-1).content, replaced);
  assert.equal((await storedMessages(session_id))[0].content, replaced);
});

test('200 chunks 10 ms apart: the first comes at once, then about 30 frames a second, byte for byte', async () => {
  const text = Array.from({ length: 200 }, (_, i) => String(i).padStart(5, '·')).join('');
  script('quick chunks', { content: text }, { chunkSize: 5, streamingProfile: { ttft: 50, tps: 100, jitter: 0 } });
  let sentAt;
  proxies.model.addRule(chatAbout('quick chunks'), atEvent(FINISH_EVENT, async function* recordTime(event) {
    sentAt = performance.now();
    yield event;
  }));
  // A busy machine may miss the pace once. A Worker that reads one chunk a frame misses it every time, by five seconds.
  await eventually(async () => {
    const { frames, text: received } = await stream('quick chunks');
    assert.equal(received, text);
    const deltas = frames.filter(({ data }) => data.type === 'text-delta');
    assert.ok([...deltas[0].data.delta].length <= 10, 'the first token does not wait for more');
    assert.ok(deltas.length > 20 && deltas.length < 120, `${deltas.length} frames`);
    const lag = deltas.at(-1).at - sentAt;
    assert.ok(lag < 3000, `the last text came ${Math.round(lag)} ms after the model had sent it`);
  });
});

test('a client that disconnects after the first chunk finds the whole answer in the session', async () => {
  const text = 'A long answer that nobody waits for. '.repeat(20);
  script('leaving early', { content: text }, { chunkSize: 20, streamingProfile: { ttft: 50, tps: 50 } });
  const session = randomUUID();
  const connection = new AbortController();
  const response = await call('/api/chat', { json: { message: 'leaving early', session_id: session }, signal: connection.signal });
  for await (const frame of readFrames(response)) if (frame.data.type === 'text-delta') break;
  connection.abort();
  const messages = await eventually(async () => {
    const { data } = await (await call(`/api/sessions/${session}/messages`)).json();
    assert.equal(data.length, 2, 'the history has question and answer');
    return data;
  });
  assert.deepEqual(messages.map(({ role, content, status }) => ({ role, content, status })), [
    { role: 'user', content: 'leaving early', status: 'complete' },
    { role: 'assistant', content: text, status: 'complete' },
  ]);
});

test('a second message during a turn gets 409, and the session goes on', async () => {
  script('slow one', { content: 'slow '.repeat(30) }, { chunkSize: 5, streamingProfile: { ttft: 100, tps: 30 } });
  const session = randomUUID();
  const end = holdAnswerEnd('slow one');
  const first = await call('/api/chat', { json: { message: 'slow one', session_id: session } });
  const second = await ask('too soon', { session });
  assert.deepEqual([second.status, second.body.code], [409, 'turn_in_progress']);
  end.open();
  let text = '';
  for await (const { data } of readFrames(first)) if (data.type === 'text-delta') text += data.delta;
  assert.equal(text, 'slow '.repeat(30));
  // After the end of the first answer the next message is accepted at once.
  assert.equal((await ask('now', { session })).status, 200);
});

test('sessions are listed newest first, with title and message count', async () => {
  const { session: older } = await ask('The older conversation about a very long subject that will not fit a line of the list');
  await storedMessages(older);
  const { session: newer } = await ask('The newer conversation');
  await storedMessages(newer);
  const { data } = await (await call('/api/sessions?limit=2')).json();
  const first = await (await call('/api/sessions?limit=1')).json();
  assert.deepEqual(data.map(({ id }) => id), [newer, older]);
  assert.equal(data[0].title, 'The newer conversation');
  assert.equal(data[0].message_count, 2);
  assert.ok(data[1].title.length <= 61 && data[1].title.endsWith('…'));
  const second = await (await call(`/api/sessions?${new URLSearchParams({ limit: '1', before: first.next })}`)).json();
  assert.deepEqual([first.data[0].id, second.data[0].id], [newer, older]);

  const { data: messages, next } = await (await call(`/api/sessions/${newer}/messages?limit=1`)).json();
  assert.equal(messages[0].role, 'assistant');
  const earlier = await (await call(`/api/sessions/${newer}/messages?${new URLSearchParams({ before: next })}`)).json();
  assert.deepEqual([earlier.data[0].content, earlier.next], ['The newer conversation', null]);
});

test('employees are listed without their prompts', async () => {
  const { data } = await (await call('/api/employees')).json();
  const slugs = data.map(({ slug }) => slug);
  for (const slug of ['doc-clerk', 'prime-boss', 'sheet-analyst']) assert.ok(slugs.includes(slug), slug);
  assert.deepEqual(Object.keys(data[0]), ['slug', 'title', 'description', 'reads_pictures']);
});
