// One running stack for all that tests the built Worker: workerd, real PostgREST and Postgres, and a model whose answers
// are scripted. Before Supabase and before the model stands a proxy that can be told what is to go wrong; left alone it
// passes everything on. Nothing of it is shared with a stack that `npm start` runs.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isInBackground } from '../dev/model.mjs';
import { freePort, freePorts } from '../dev/ports.mjs';
import { startStack } from '../dev/stack.mjs';
import { mintAccessToken } from '../dev/supabase.mjs';
import { LAST, at, gate, heldAt, withMessage } from './faults/faults.mjs';
import { startProxy } from './faults/proxy.mjs';

/** Where every part keeps what it keeps. */
export const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-e2e-'));
export const ALLOWED_ORIGIN = 'https://app.example.com';

const ports = await freePorts();
export const proxies = {
  supabase: await startProxy({ port: await freePort(), target: ports.supabase }),
  model: await startProxy({ port: await freePort(), target: ports.model }),
};

export const stack = await startStack({
  ports,
  stateDir,
  addresses: { supabase: proxies.supabase.url, model: `${proxies.model.url}/v1` },
  vars: { ALLOWED_ORIGINS: ALLOWED_ORIGIN, MCP_TOKENS: '{"crm":"tok3n"}', PII_PATTERNS: '[{"name":"CUSTOMER_NO","pattern":"\\\\bKD-[0-9]{6}\\\\b"}]' },
  say: (line) => console.log(`# ${line}`),
});
export const [ada, grace] = stack.users;
export const database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });

// Unless a test says otherwise, the model answers at once, and nobody learns from it: that would be requests more than a test
// knows of.
script('', { content: 'Very well.' });
// Vectors of all users are in one index, which only users with more than 10,000 memories are searched by: PGlite takes seconds for
// each batch of it, in which nobody else is served.
await database.query('drop index user_memory_embeddings_nearest');
await database.query('update employee_profiles set learns = false; alter table employee_profiles alter column learns set default false');

export async function close() {
  await database.end();
  await stack.stop();
  await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
  rmSync(stateDir, { recursive: true, force: true });
}

/** Ends workerd as a crash of the machine would; what its objects kept is there when it runs again. */
export function killWorker() {
  return stack.parts.get('worker').kill();
}

export async function restartWorker() {
  stack.parts.set('worker', await stack.runWorker());
}

/** @param {Record<string, unknown>} [claims] what to change of a good token's claims */
export function token(claims = {}) {
  return mintAccessToken(stack.keys, {
    sub: ada.id, email: ada.email, issuer: `${stack.supabaseUrl}/auth/v1`, ...claims,
  });
}

/**
 * @param {string} path
 * @param {RequestInit & { user?: { access_token: string } | null, json?: unknown }} [options] `user` null sends no token
 */
export function call(path, { user = ada, json, ...init } = {}) {
  return fetch(stack.api + path, {
    method: json === undefined ? 'GET' : 'POST',
    body: json === undefined ? undefined : JSON.stringify(json),
    ...init,
    headers: { ...(user && { authorization: `Bearer ${user.access_token}` }), ...init.headers },
  });
}

/** A user of their own, for what must not touch others. @param {Record<string, unknown>} [claims] */
export async function newUser(claims = {}) {
  const id = randomUUID();
  const email = `${id}@example.com`;
  await database.query('insert into auth.users (id, email) values ($1, $2)', [id, email]);
  return { id, email, access_token: await token({ sub: id, email, ...claims }) };
}

/** A whole turn as one JSON object. */
export async function ask(message, { user = ada, session = randomUUID(), ...fields } = {}) {
  const response = await call('/api/chat', { user, json: { message, session_id: session, stream: false, ...fields } });
  return { status: response.status, session, body: await response.json() };
}

/**
 * A streamed turn, read to its end.
 * @returns {Promise<{ response: Response, session: string, frames: { id: string, data: any, at: number }[], text: string }>}
 */
export async function stream(message, { user = ada, session = randomUUID(), ...fields } = {}) {
  const response = await call('/api/chat', { user, json: { message, session_id: session, ...fields } });
  const frames = [];
  if (response.ok) for await (const frame of readFrames(response)) frames.push(frame);
  const text = frames.filter(({ data }) => data.type === 'text-delta').map(({ data }) => data.delta).join('');
  return { response, session, frames, text };
}

/** @param {Response} response */
export async function* readFrames(response) {
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + piece).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      // Not `.`, which stops at U+2028 too.
      const id = /^id: ([^\n]*)$/m.exec(frame)?.[1];
      const data = /(?:^|\n)data: ([^\n]*)/.exec(frame)?.[1];
      // A comment, which keeps the connection alive.
      if (data === undefined) continue;
      yield { id, data: data === '[DONE]' ? { type: data } : JSON.parse(data), at: performance.now() };
    }
  }
}

/**
 * The model answers messages that contain `marker` so; other tests are not touched.
 * @param {string} marker
 * @param {import('@copilotkit/aimock').Fixture['response']} response
 * @param {object} [options] of aimock's fixtures: chunkSize, streamingProfile, truncateAfterChunks, …
 */
export function script(marker, response, options = {}) {
  const predicate = (request) => !isInBackground(request);
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker, predicate }, response, ...options });
}

/**
 * The model answers messages that contain `marker` step by step: each time it is asked again with what its calls came to, with the
 * next of these. A step is a text, or calls: `{ name: arguments }`, or a list of pairs.
 * @param {string} marker
 * @param {(string | Record<string, unknown> | [string, unknown][])[]} steps
 */
export function act(marker, ...steps) {
  const predicate = (request) => {
    const said = request.messages.findLast(({ role }) => role === 'user')?.content;
    return !isInBackground(request) && typeof said === 'string' && said.includes(marker);
  };
  const response = ({ messages }) => {
    const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user'));
    const step = steps[Math.min(since.filter((message) => message.tool_calls).length, steps.length - 1)];
    if (typeof step === 'string') return { content: step };
    const calls = Array.isArray(step) ? step : Object.entries(step);
    return {
      toolCalls: calls.map(([name, args]) => ({ name, arguments: typeof args === 'string' ? args : JSON.stringify(args) })),
      finishReason: 'tool_calls',
    };
  };
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate }, response });
}

/** What the model was asked of the message with `marker`, step by step. */
export function stepsOf(marker) {
  return stack.model.mock.getRequests().map(({ body }) => body).filter((body) => body && !isInBackground(body)
    && body.messages?.findLast?.(({ role }) => role === 'user')?.content?.includes?.(marker));
}

/**
 * What the model makes in the background of messages that contain `marker`.
 * @param {string} marker
 * @param {import('@copilotkit/aimock').Fixture['response']} response
 */
export function teach(marker, response) {
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker, predicate: isInBackground }, response });
}

/** What the model was asked in the background of messages that contain `marker`. */
export function learnedFrom(marker) {
  return asked(marker).filter(isInBackground);
}

function asked(marker) {
  return stack.model.mock.getRequests().map(({ body }) => body).filter((body) => body?.messages?.at(-1)?.content?.includes(marker));
}

/** The answers to messages that contain `marker` do not end before what this returns is opened, however slow the machine. */
export function holdEnd(marker) {
  const hold = gate();
  proxies.model.meet(withMessage(marker), at(LAST, heldAt(hold)));
  return hold;
}

/** What the model was asked, newest last, by requests whose newest message contains `marker`. */
export function requestsWith(marker) {
  return asked(marker).filter((request) => !isInBackground(request));
}

/**
 * What the logs and the objects' databases hold; Postgres' own files are left out: its rows are read as rows, and test
 * tokens stand in settings of the stack. An object that falls idle moves its write-ahead log into the database, which may
 * have been read before: when a file goes away meanwhile, all is read again.
 */
export function keptFiles() {
  return eventually(async () => readdirSync(stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\/(logs|worker)\//.test(path)).map((path) => readFileSync(path, 'latin1')));
}

/** Rows of a query, once there are as many as expected: commits are asynchronous. */
export async function rows(query, values, count = 1) {
  return eventually(async () => {
    const { rows: found } = await database.query(query, values);
    if (found.length < count) throw new Error(`${found.length} rows instead of ${count}: ${query}`);
    return found;
  });
}

/** The stored messages of a session, oldest first. */
export function storedMessages(session, count = 2) {
  return rows('select * from chat_messages where session_id = $1 order by created_at, id', [session], count);
}

/**
 * Tries until it succeeds, for up to `limit` milliseconds.
 * @template T
 * @param {() => Promise<T>} attempt
 */
export async function eventually(attempt, limit = 40_000) {
  const deadline = Date.now() + limit;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}
