// The client beside a server that is scripted byte by byte. tests/e2e/client.test.mjs has the real one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { clientTypes, schemasOfSources, TYPES_PATH } from '../../dev/build/client-types.mjs';
import { AnswerState, createFrontdesk, FrontdeskError } from '../src/index.ts';

const SESSION = '0198c0de-0000-7000-8000-000000000001';
const FRAMES = [
  { type: 'start', messageId: 'm', messageMetadata: { parent_id: 'q', session_id: SESSION, employee: 'boss', model: 'gpt' } },
  { type: 'start-step' }, { type: 'text-start', id: 'text-1' }, { type: 'text-delta', id: 'text-1', delta: 'Grüezi 👋' },
  { type: 'text-delta', id: 'text-1', delta: '\u2028 mitenand' }, { type: 'text-end', id: 'text-1' }, { type: 'finish-step' },
  { type: 'finish', finishReason: 'stop', messageMetadata: { model: 'gpt', usage: { total_tokens: 3 }, ttft_ms: 1, latency_ms: 2, cost_usd: null } },
].map((data, n) => `id: t:${n + 1}\ndata: ${JSON.stringify(data)}\n\n`);
const WHOLE = `${FRAMES.join('')}data: [DONE]\n\n`;

/** A response whose body comes in pieces of `size` bytes, and breaks off with an error after `until` bytes. */
function streamed(text, { size = 1 << 20, until = Infinity } = {}) {
  const bytes = new TextEncoder().encode(text).slice(0, until);
  let at = 0;
  return new Response(new ReadableStream({
    pull(controller) {
      if (at < bytes.length) return controller.enqueue(bytes.slice(at, at += size));
      return until === Infinity ? controller.close() : controller.error(new TypeError('network error'));
    },
  }), { headers: { 'content-type': 'text/event-stream' } });
}

const problem = (status, code, headers = {}) => Response.json({ type: 'about:blank', title: 't', status, detail: 'As it is.', code, field: 'message' }, { status, headers });

/** A client whose requests are answered in turn. An answer that is an error is thrown. */
function scripted(answers, options = {}) {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    assert.ok(answer, `no answer for ${init.method} ${url}`);
    return answer;
  };
  return { requests, client: createFrontdesk({ url: 'https://desk.example.com/', fetch, retryDelay: 0, ...options }) };
}

test('an answer is the same for every split of its bytes', async () => {
  for (const size of [1, 2, 3, 5, 7, 64]) {
    const { client } = scripted([streamed(WHOLE, { size })]);
    const answer = await (await client.chat.send({ message: 'Hi' })).read();
    assert.deepEqual([answer.text, answer.status, answer.id, answer.sessionId], ['Grüezi 👋\u2028 mitenand', 'complete', 'm', SESSION]);
  }
});

test('a stream that breaks off anywhere is resumed, and no event comes twice', async () => {
  const length = new TextEncoder().encode(WHOLE).length;
  for (let until = 0; until < length; until += 1) {
    let rest;
    const fetch = async (url, { headers }) => {
      if (!rest) {
        rest = true;
        return streamed(WHOLE, { until });
      }
      const known = Number(headers['last-event-id']?.split(':')[1] ?? 0);
      assert.equal(url.endsWith('/stream'), known > 0, 'without an event, the message is sent again');
      return known === FRAMES.length ? new Response(null, { status: 204 }) : streamed(FRAMES.slice(known).join('') + 'data: [DONE]\n\n');
    };
    const types = [];
    for await (const { type } of await createFrontdesk({ fetch, retryDelay: 0 }).chat.send({ message: 'Hi' })) types.push(type);
    assert.equal(types.length, FRAMES.length, `cut after ${until} bytes`);
  }
});

test('a message that comes again has the same name and session', async () => {
  const { client, requests } = scripted([streamed('', { until: 0 }), new TypeError('offline'), problem(503, 'internal'), streamed(WHOLE)]);
  await (await client.chat.send({ message: 'Hi' })).read();
  const bodies = requests.map(({ body }) => JSON.parse(body));
  assert.ok(bodies[0].session_id && bodies[0].client_message_id);
  bodies.forEach((body) => assert.deepEqual(body, bodies[0]));
});

test('attempts to resume end, and so does an answer of which nothing is left', async () => {
  const offline = Array.from({ length: 6 }, () => new TypeError('offline'));
  const { client, requests } = scripted([streamed(FRAMES[0]), ...offline]);
  await assert.rejects((await client.chat.send({ message: 'Hi' })).read(), { name: 'FrontdeskError', status: 0 });
  assert.equal(requests.length, 7);
  const gone = scripted([streamed(FRAMES[0]), new Response(null, { status: 204 })]);
  await assert.rejects((await gone.client.chat.send({ message: 'Hi' })).read(), /broke off/);
  const refused = scripted([streamed(FRAMES[0]), problem(404, 'session_not_found')]);
  await assert.rejects((await refused.client.chat.send({ message: 'Hi' })).read(), { code: 'session_not_found' });
});

test('streams without any new event are not resumed for ever', async () => {
  const { client, requests } = scripted([streamed(FRAMES[0]), ...Array.from({ length: 9 }, () => streamed(': alive\n\n'))]);
  await assert.rejects((await client.chat.send({ message: 'Hi' })).read(), /broke off/);
  assert.ok(requests.length < 9);
});

test('an abort ends the stream, also in a pause between attempts', async () => {
  const abort = new AbortController();
  const { client } = scripted([streamed(FRAMES[0]), new TypeError('offline'), new TypeError('offline')], { retryDelay: 1 << 30 });
  const events = (await client.chat.send({ message: 'Hi' }, { signal: abort.signal }))[Symbol.asyncIterator]();
  await events.next();
  const next = events.next();
  setImmediate(() => abort.abort(new Error('enough')));
  await assert.rejects(next, /enough/);
});

test('a token that was refused is asked for once more, and one that stays the same is not sent again', async () => {
  const asked = [];
  const token = (refused) => { asked.push(refused); return refused ? 'new' : 'old'; };
  const { client, requests } = scripted([problem(401, 'token_expired'), Response.json({ data: [] })], { token });
  assert.deepEqual(await client.employees.list(), []);
  assert.deepEqual([asked, requests.map(({ headers }) => headers.authorization)], [[undefined, 'old'], ['Bearer old', 'Bearer new']]);
  const same = scripted([problem(401, 'token_expired')], { token: () => 'old' });
  await assert.rejects(same.client.employees.list(), { code: 'token_expired', status: 401 });
});

test('a list that has not changed is not sent again', async () => {
  const page = { data: [{ id: 's' }], next: null };
  const tagged = (tag) => Response.json(page, { headers: { etag: tag } });
  const { client, requests } = scripted([tagged('"1"'), new Response(null, { status: 304, headers: { etag: '"1"' } }), tagged('"2"'), tagged('"3"'), Response.json(page)]);
  const first = await client.sessions.list();
  first.data.length = 0;
  assert.deepEqual(await client.sessions.list(), page, 'what a caller does to a list is its own');
  await client.sessions.list();
  await client.sessions.list({ archived: true });
  await client.sessions.list();
  assert.deepEqual(requests.map(({ headers }) => headers['if-none-match']), [undefined, '"1"', '"1"', undefined, '"2"']);
});

test('errors have their code, field and pause; others than the server\'s are unknown', async () => {
  const { client } = scripted([problem(429, 'rate_limited', { 'retry-after': '7' }), new Response('<html>', { status: 502 })]);
  const limited = await client.usage.get().catch((error) => error);
  assert.ok(limited instanceof FrontdeskError);
  assert.deepEqual({ ...limited }, { name: 'FrontdeskError', code: 'rate_limited', status: 429, field: 'message', retryAfter: 7 });
  assert.equal(limited.message, 'As it is.');
  await assert.rejects(client.usage.get(), { code: 'unknown', status: 502 });
});

test('calls, their approval and its end are parts of the answer', async () => {
  const call = { toolCallId: 'c' };
  const frames = (list) => list.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('');
  const expiresAt = '2026-11-30T10:00:00Z';
  const finish = { type: 'finish', finishReason: 'tool-calls', messageMetadata: { model: 'm', cost_usd: 0.5 } };
  const before = frames([
    { type: 'tool-input-start', ...call, toolName: 'forget' }, { type: 'tool-input-available', ...call, toolName: 'forget', input: { id: 1 } },
    { type: 'tool-approval-request', ...call, approvalId: 'a' },
    { type: 'message-metadata', messageMetadata: { approvals: { a: { expires_at: expiresAt } } } }, finish,
  ]);
  const after = frames([{ type: 'tool-output-denied', ...call }, { type: 'text-start', id: 'text-1' }, { type: 'text-delta', id: 'text-1', delta: 'No.' }, { ...finish, finishReason: 'stop' }]);
  const { client, requests } = scripted([streamed(`${before}data: [DONE]\n\n`), streamed(`${after}data: [DONE]\n\n`), Response.json({ waiting: ['b'] }, { status: 202 })]);
  const answer = await (await client.chat.send({ message: 'Hi' })).read();
  assert.deepEqual([answer.status, answer.pending], ['waiting', [{ approvalId: 'a', name: 'forget', input: { id: 1 }, expiresAt }]]);
  const resumed = await client.chat.decide(SESSION, [{ id: 'a', approved: false }]);
  await resumed.read({ answer });
  assert.deepEqual([answer.status, answer.text, answer.costUsd, answer.parts.map(({ state }) => state)], ['complete', 'No.', 0.5, ['denied', undefined]]);
  assert.equal(requests[1].url, `https://desk.example.com/api/chat/${SESSION}/approvals`);
  assert.deepEqual(await client.chat.decide(SESSION, []), { waiting: ['b'] });
});

test('a stored answer has the parts that its stream had', () => {
  const call = { id: 'c', name: 'forget', arguments: { id: 1 }, before: 'Let me see.', created_at: 't', state: 'waiting', approval_id: 'a', expires_at: 'e' };
  const done = { id: 'd', name: 'sum', arguments: {}, created_at: 't', state: 'succeeded', output: '{"result":"4"}' };
  const answer = AnswerState.of({
    id: 'm', parent_id: 'q', role: 'assistant', content: 'Let me see.\n\nDone.', tool_calls: [call, done], status: 'complete', created_at: 't',
    metadata: { employee: 'boss', model: 'gpt', cost_usd: 0.1 },
  });
  assert.deepEqual(answer.parts.map(({ type, text, output }) => text ?? output ?? type), ['Let me see.', 'call', { result: '4' }, 'Done.']);
  assert.deepEqual([answer.status, answer.pending[0].approvalId, answer.employee, answer.costUsd], ['waiting', 'a', 'boss', 0.1]);
  assert.equal(AnswerState.of({ id: 'm', parent_id: null, content: '', tool_calls: null, status: 'interrupted', metadata: {} }).status, 'failed');
});

test('the types are those of the schemas', () => {
  assert.equal(readFileSync(TYPES_PATH, 'utf8'), clientTypes(schemasOfSources()), 'run: node dev/build/client-types.mjs');
});
