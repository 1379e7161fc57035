// @frontdesk/client as it is published, beside the real Worker.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { CLIENT, buildClient } from '../../dev/build/client.mjs';
import { clientTypes, TYPES_PATH } from '../../dev/build/client-types.mjs';
import { accessToken, database, eventually, holdAnswerEnd, newUser, script, scriptSteps, stack, storedMessages } from './test-stack.mjs';

/** Bytes that a page may load for it. */
const MAX_BYTES = 6 * 1024;

await buildClient();
const { createFrontdesk, FrontdeskError } = await import(CLIENT);
const document = await (await fetch(`${stack.api}/openapi.json`)).json();

/** Operations that the client called. */
const called = new Set();

function templateOf(path) {
  const parts = path.split('/');
  return Object.keys(document.paths).filter((template) => {
    const names = template.split('/');
    return names.length === parts.length && names.every((name, at) => name.startsWith('{') || name === parts[at]);
  }).sort((a, b) => (a.match(/\{/g) ?? []).length - (b.match(/\{/g) ?? []).length)[0];
}

function recordingFetch(url, init) {
  called.add(document.paths[templateOf(new URL(url).pathname)][init.method.toLowerCase()].operationId);
  return fetch(url, init);
}

function clientOf(user, options = {}) {
  return createFrontdesk({ url: stack.api, token: () => user.access_token, fetch: recordingFetch, ...options });
}

test('the package is small, and its types are those of the document', () => {
  assert.ok(gzipSync(readFileSync(CLIENT), { level: 9 }).length < MAX_BYTES);
  const served = clientTypes(document.components.schemas);
  assert.equal(readFileSync(TYPES_PATH, 'utf8'), served, 'run: node dev/build/client-types.mjs');
});

test('an answer is streamed with its events, found in the history, rated, renamed and deleted', async () => {
  const client = clientOf(await newUser());
  script('client of the desk', { content: 'Hello from the desk. 👋' }, { chunkSize: 3 });
  const answer = await (await client.chat.send({ message: 'client of the desk', employee: 'doc-clerk' })).read();
  assert.deepEqual([answer.text, answer.status, answer.employee], ['Hello from the desk. 👋', 'complete', 'doc-clerk']);
  assert.ok(answer.usage.total_tokens > 0 && answer.receipt.counted > 0);
  const session = answer.sessionId;
  await storedMessages(session);
  const { data: [question, stored] } = await client.sessions.messages(session, { limit: 2 });
  assert.deepEqual([question.id, stored.id, stored.content], [answer.parentId, answer.id, answer.text]);
  const whole = await client.chat.ask({ message: 'and without a stream', session_id: session });
  assert.equal(whole.message, 'Very well.');
  await storedMessages(session, 4);

  assert.deepEqual(await client.feedback.save(answer.id, { rating: 'up' }), { rating: 'up', comment: null });
  await client.feedback.delete(answer.id);
  assert.equal((await client.sessions.update(session, { title: 'Renamed', pinned: true })).title, 'Renamed');
  assert.equal((await client.sessions.list({ q: 'renamed', pinned: true })).data[0].id, session);
  assert.equal((await client.sessions.get(session)).pinned, true);
  await client.sessions.delete(session);
  await assert.rejects(client.sessions.get(session), (error) => error instanceof FrontdeskError && error.code === 'session_not_found' && error.status === 404);
});

test('an answer whose connection breaks off again and again arrives whole', async () => {
  const words = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');
  script('break off', { content: words }, { chunkSize: 5, streamingProfile: { ttft: 0, tps: 400 } });
  let cuts = 0;
  /** Each response ends after some bytes, in the middle of an event. */
  const cut = async (url, init) => {
    const response = await recordingFetch(url, init);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
    const limit = 700 + 97 * cuts;
    cuts += 1;
    let size = 0;
    return new Response(response.body.pipeThrough(new TransformStream({
      transform(piece, controller) {
        controller.enqueue(piece.subarray(0, Math.max(0, limit - size)));
        size += piece.length;
        if (size > limit) controller.error(new TypeError('network error'));
      },
    })), response);
  };
  const client = clientOf(await newUser(), { fetch: cut, retryDelay: 1 });
  const answer = await (await client.chat.send({ message: 'break off' })).read();
  assert.deepEqual([answer.text, answer.status], [words, 'complete']);
  assert.ok(cuts > 3, `${cuts} responses`);
  await storedMessages(answer.sessionId);
  assert.equal((await client.sessions.messages(answer.sessionId)).data.length, 2);
});

test('a running answer is followed by a second reader, and stopped', async () => {
  const end = holdAnswerEnd('follow and stop');
  script('follow and stop', { content: 'The beginning of it.' });
  const client = clientOf(await newUser());
  const session = randomUUID();
  assert.equal(await client.chat.resume(session), null);
  assert.equal(await client.chat.stop(session), false);
  const first = await client.chat.send({ message: 'follow and stop', session_id: session });
  let second;
  const read = first.read({
    onChange: ({ text }) => { if (text && !second) second = client.chat.resume(session).then((stream) => stream.read()); },
  });
  await end.reached;
  await eventually(async () => assert.ok(second));
  assert.equal(await client.chat.stop(session), true);
  for (const answer of [await read, await second]) assert.deepEqual([answer.status, answer.text], ['stopped', 'The beginning of it.']);
  end.open();
  const rest = await (await client.chat.resume(session, { after: `${first.lastEventId.split(':')[0]}:2` })).read();
  assert.equal(rest.text, 'The beginning of it.');
});

test('a call is approved, and the answer goes on', async () => {
  const user = await newUser();
  const client = clientOf(user);
  const fact = randomUUID();
  await database.query("insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'place', 'home', 'Lives in Bern')", [fact, user.id]);
  scriptSteps('forget for the client', { forget: { what: 'Bern', facts: [fact] } }, 'Forgotten.');
  const answer = await (await client.chat.send({ message: 'forget for the client' })).read();
  assert.equal(answer.status, 'waiting');
  const [{ approvalId, name }] = answer.pending;
  assert.equal(name, 'forget');
  await assert.rejects(client.chat.decide(answer.sessionId, [{ id: randomUUID(), approved: true }]), { code: 'approval_not_found' });
  await (await client.chat.decide(answer.sessionId, [{ id: approvalId, approved: true }])).read({ answer });
  assert.deepEqual([answer.text, answer.status, answer.pending], ['Forgotten.', 'complete', []]);
});

test('an expired token is replaced by the callback', async () => {
  const user = await newUser();
  const expired = await accessToken({ sub: user.id, exp: Math.floor(Date.now() / 1000) - 100 });
  const client = clientOf(user, { token: (refused) => (refused ? user.access_token : expired) });
  assert.ok((await client.employees.list()).some(({ slug }) => slug === 'prime-boss'));
  await assert.rejects(clientOf({ access_token: expired }).employees.list(), { code: 'token_expired' });
});

test('every resource has a method', async () => {
  const user = await newUser();
  const client = clientOf(user);
  assert.equal((await client.config()).default_employee, 'prime-boss');
  const fact = randomUUID();
  await database.query(`insert into user_memory_facts (id, user_id, category, key, fact, confidence)
    values ($1, $2, 'preference', 'drink', 'Likes tea', 0.9)`, [fact, user.id]);
  assert.equal((await client.facts.list())[0].fact, 'Likes tea');
  const corrected = await client.facts.correct(fact, 'Likes green tea');
  assert.ok(await client.facts.forget(corrected.id) >= 1);
  const stored = await client.documents.upload('bees.txt', 'A text about bees.', 'text/plain');
  assert.equal((await client.documents.list())[0].id, (await client.documents.get(stored.id)).id);
  assert.match((await client.documents.passages(stored.id, { limit: 1 })).data[0].content, /bees/);
  await client.documents.delete(stored.id);
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAAElFTkSuQmCC', 'base64');
  const picture = await client.files.upload('a.png', png);
  assert.equal((await client.files.list())[0].id, picture.id);
  await assert.rejects(client.files.link(picture.id), { code: 'file_not_found' });
  await client.files.delete(picture.id);
  assert.ok((await client.usage.get()).today.requests >= 0);
  const lines = '{"session":"old","role":"user","content":"Hi","created_at":"2025-03-01T09:00:00Z"}\n';
  const progress = await Array.fromAsync(client.imports.run(new Blob([lines, lines]).stream()));
  assert.deepEqual(progress.at(-1), { imported: 2, known: 0, skipped: 0, done: true });
  assert.ok(await client.imports.pending() >= 0);
  const exported = await Array.fromAsync(client.me.export());
  assert.deepEqual(exported.at(-1), { kind: 'end', lines: exported.length - 1 });
  assert.equal((await client.me.erasure()).state, 'none');
  assert.equal((await client.me.erase()).chat_messages, 2);
  const admin = clientOf(await newUser({ app_metadata: { role: 'admin' } }));
  await admin.admin.eraseUser(user.id);
  assert.equal((await admin.admin.userErasure(user.id)).state, 'finished');
  await assert.rejects(client.admin.eraseUser(user.id), { code: 'admin_only' });

  // The pages of admins call what is theirs alone: a chat's client stays small.
  const paths = Object.entries(document.paths).filter(([path]) => !path.startsWith('/api/admin/'));
  const operations = paths.flatMap(([, methods]) => Object.values(methods))
    .filter(({ tags }) => tags[0] !== 'OpenAI').map(({ operationId }) => operationId);
  const missing = operations.filter((id) => !called.has(id));
  // A link is opened by the browser, and the others are for operators.
  assert.deepEqual(missing.sort(), ['downloadFile', 'health', 'openapi', 'readiness', 'userDeleted']);
});
