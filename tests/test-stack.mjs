// One running stack for all tests of the built Worker: workerd, PostgREST, Postgres, and a mock model with scripted answers. A proxy
// stands before Supabase and another before the model; each can inject faults, and otherwise passes everything on. Nothing is shared
// with a stack that `npm start` runs.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isBackgroundRequest } from '../dev/mock-model.mjs';
import { freePort, freePorts } from '../dev/ports.mjs';
import { startStack } from '../dev/stack.mjs';
import { mintAccessToken } from '../dev/supabase.mjs';
import { FINISH_EVENT, atEvent, chatAbout, createGate, holdEvent } from './faults/faults.mjs';
import { startProxy } from './faults/proxy.mjs';

export { isFenced } from '../dev/mock-model/tools.mjs';

/** Folder with the logs and the data of every part. */
export const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-e2e-'));
/** Milliseconds after which a condition counts as failed: long enough for a machine under heavy load. */
export const PATIENCE_MS = 120_000;
export const ALLOWED_ORIGIN = 'https://app.example.com';
/** Port of a page on another origin, which may call the API. */
export const EMBEDDING_PORT = await freePort();
/** Port of the pages of stock clients, which may call the API too. */
export const CLIENTS_PORT = await freePort();
/** What Supabase's webhook for deleted users sends. */
export const USER_DELETED_SECRET = 'the-secret-of-the-webhook';

const ports = await freePorts();
export const proxies = {
  supabase: await startProxy({ port: await freePort(), target: ports.supabase }),
  model: await startProxy({ port: await freePort(), target: ports.model }),
};

export const stack = await startStack({
  ports,
  stateDir,
  addresses: { supabase: proxies.supabase.url, model: `${proxies.model.url}/v1` },
  // A busy machine must not change what is recalled.
  vars: { RECALL_DEADLINE_MS: '3000', ALLOWED_ORIGINS: `${ALLOWED_ORIGIN},https://*.preview.example.com,http://127.0.0.1:${EMBEDDING_PORT},http://127.0.0.1:${CLIENTS_PORT}`, USER_DELETED_SECRET, BACKGROUND_REST_SECONDS: '1', MCP_TOKENS: '{"crm":"tok3n"}', PII_PATTERNS: '[{"name":"CUSTOMER_NO","pattern":"\\\\bKD-[0-9]{6}\\\\b"}]' },
  // `npm test` says which it has built.
  profile: process.env.FRONTDESK_PROFILE === 'release' ? 'release' : 'dev',
  say: (line) => console.log(`# ${line}`),
});
export const [ada, grace] = stack.users;
export const database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });

// By default the model answers at once, and no employee learns: learning would make requests that a test does not expect.
script('', { content: 'Very well.' });
await database.query('update employee_profiles set learns = false; alter table employee_profiles alter column learns set default false');

export async function closeStack() {
  await database.end();
  await stack.stop();
  await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
  rmSync(stateDir, { recursive: true, force: true });
}

/** Kills workerd like a crash of the machine. A restart finds what its objects had stored. */
export function killWorker() {
  return stack.parts.get('worker').kill();
}

/** @param {Record<string, string>} [vars] further variables */
export async function restartWorker(vars) {
  stack.parts.set('worker', await stack.runWorker(vars));
}

/** Mints a valid access token of Ada's. @param {Record<string, unknown>} [claims] overrides of single claims */
export function accessToken(claims = {}) {
  return mintAccessToken(stack.keys, {
    sub: ada.id, email: ada.email, issuer: `${stack.supabaseUrl}/auth/v1`, ...claims,
  });
}

/**
 * Sends a request to the Worker's API.
 * @param {string} path
 * @param {RequestInit & { user?: { access_token: string } | null, json?: unknown }} [options] `user` null sends no access token
 */
export function call(path, { user = ada, json, ...init } = {}) {
  return fetch(stack.api + path, {
    method: json === undefined ? 'GET' : 'POST',
    body: json === undefined ? undefined : JSON.stringify(json),
    ...init,
    headers: { ...(user && { authorization: `Bearer ${user.access_token}` }), ...init.headers },
  });
}

/** Creates a user that no other test touches. @param {Record<string, unknown>} [claims] */
export async function newUser(claims = {}) {
  const id = randomUUID();
  const email = `${id}@example.com`;
  await database.query('insert into auth.users (id, email) values ($1, $2)', [id, email]);
  return { id, email, access_token: await accessToken({ sub: id, email, ...claims }) };
}

/** Runs a turn with `"stream": false` and returns its JSON body. */
export async function ask(message, { user = ada, session = randomUUID(), ...fields } = {}) {
  const response = await call('/api/chat', { user, json: { message, session_id: session, stream: false, ...fields } });
  return { status: response.status, session, body: await response.json() };
}

/**
 * Runs a streamed turn and reads it to its end.
 * @returns {Promise<{ response: Response, session: string, frames: { id: string, data: any, at: number }[], text: string }>}
 */
export async function stream(message, { user = ada, session = randomUUID(), ...fields } = {}) {
  const response = await call('/api/chat', { user, json: { message, session_id: session, ...fields } });
  const frames = [];
  if (response.ok) for await (const frame of readFrames(response)) frames.push(frame);
  const text = frames.filter(({ data }) => data.type === 'text-delta').map(({ data }) => data.delta).join('');
  return { response, session, frames, text };
}

/**
 * Runs streamed turns, each with a new marker in its message, until a vector was in time for one. On a busy machine it may miss even a
 * long deadline: words alone then decide, and the receipt says so.
 * @param {(marker: string) => string} messageWith
 */
export function streamWithRecall(messageWith, options = {}) {
  return eventually(async () => {
    const marker = randomUUID();
    const turn = await stream(messageWith(marker), options);
    const receipt = turn.frames.find(({ data }) => data.type === 'data-receipt')?.data.data;
    if (receipt?.vector !== 'used') throw new Error('the vector missed its deadline in every turn');
    return { ...turn, marker };
  });
}

/** Reads the SSE frames of a response; `at` is a time in milliseconds. @param {Response} response */
export async function* readFrames(response) {
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + piece).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      // Not `.`, which stops at U+2028 too.
      const id = /^id: ([^\n]*)$/m.exec(frame)?.[1];
      const data = /(?:^|\n)data: ([^\n]*)/.exec(frame)?.[1];
      // A comment that keeps the connection alive.
      if (data === undefined) continue;
      yield { id, data: data === '[DONE]' ? { type: data } : JSON.parse(data), at: performance.now() };
    }
  }
}

/**
 * Scripts the model's answer to messages that contain `marker`. Other tests are not affected.
 * @param {string} marker
 * @param {import('@copilotkit/aimock').Fixture['response']} response
 * @param {object} [options] fixture options of aimock: chunkSize, streamingProfile, truncateAfterChunks, …
 */
export function script(marker, response, options = {}) {
  const predicate = (request) => !isBackgroundRequest(request);
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker, predicate }, response, ...options });
}

/**
 * Scripts the model's answer to messages that contain `marker`, step by step: each further request of the tool loop gets the next step.
 * A step is a text, or tool calls as `{ name: arguments }` or as a list of pairs.
 * @param {string} marker
 * @param {(string | Record<string, unknown> | [string, unknown][])[]} steps
 */
export function scriptSteps(marker, ...steps) {
  const predicate = (request) => {
    const newest = request.messages.findLast(({ role }) => role === 'user')?.content;
    return !isBackgroundRequest(request) && typeof newest === 'string' && newest.includes(marker);
  };
  const response = ({ messages }) => {
    const ofTurn = messages.slice(messages.findLastIndex(({ role }) => role === 'user'));
    const step = steps[Math.min(ofTurn.filter((message) => message.tool_calls).length, steps.length - 1)];
    if (typeof step === 'string') return { content: step };
    const calls = Array.isArray(step) ? step : Object.entries(step);
    return {
      toolCalls: calls.map(([name, args]) => ({ name, arguments: typeof args === 'string' ? args : JSON.stringify(args) })),
      finishReason: 'tool_calls',
    };
  };
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate }, response });
}

/** Requests that the model got for the message with `marker`, one for each step. */
export function stepRequests(marker) {
  return stack.model.mock.getRequests().map(({ body }) => body).filter((body) => body && !isBackgroundRequest(body)
    && body.messages?.findLast?.(({ role }) => role === 'user')?.content?.includes?.(marker));
}

/** True for a request to name a session, which no test of facts and summaries means. */
const isTitleRequest = (request) => request.response_format?.json_schema?.name === 'title';

/** Scripts the title of sessions whose first message contains `marker`. @param {string} marker @param {string} title */
export function scriptTitle(marker, title) {
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker, predicate: isTitleRequest }, response: { content: JSON.stringify({ title }) } });
}

/**
 * Scripts the model's response to background requests (facts, summaries) whose input contains `marker`.
 * @param {string} marker
 * @param {import('@copilotkit/aimock').Fixture['response']} response
 */
export function scriptBackground(marker, response) {
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker, predicate: (request) => isBackgroundRequest(request) && !isTitleRequest(request) }, response });
}

/** Background requests whose input contains `marker`, newest last. */
export function backgroundRequests(marker) {
  return allRequests(marker).filter((request) => isBackgroundRequest(request) && !isTitleRequest(request));
}

function allRequests(marker) {
  return stack.model.mock.getRequests().map(({ body }) => body).filter((body) => body?.messages?.at(-1)?.content?.includes(marker));
}

/** Keeps the answers to messages with `marker` from ending until the returned gate opens, at any speed of the machine. */
export function holdAnswerEnd(marker) {
  const gate = createGate();
  proxies.model.addRule(chatAbout(marker), atEvent(FINISH_EVENT, holdEvent(gate)));
  return gate;
}

/** Chat requests that the model got whose newest message contains `marker`, newest last. */
export function requestsWith(marker) {
  return allRequests(marker).filter((request) => !isBackgroundRequest(request));
}

/**
 * Contents of the logs and of the objects' databases. Postgres' own files are left out: tests read its rows, and the stack's settings
 * there contain test tokens. An idle object moves its write-ahead log into the database file, which may have been read before: if a
 * file disappears meanwhile, all are read again.
 */
export function storedFiles() {
  return eventually(async () => readdirSync(stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\/(logs|worker)\//.test(path)).map((path) => readFileSync(path, 'latin1')));
}

/** Waits until a query has at least `count` rows, because commits are asynchronous, and returns them. */
export async function rows(query, values, count = 1) {
  return eventually(async () => {
    const { rows: found } = await database.query(query, values);
    if (found.length < count) throw new Error(`${found.length} rows instead of ${count}: ${query}`);
    return found;
  });
}

/** Stored messages of a session, oldest first, once there are at least `count`. */
export function storedMessages(session, count = 2) {
  return rows('select * from chat_messages where session_id = $1 order by created_at, id', [session], count);
}

/**
 * Repeats an attempt until it succeeds. Throws its last error after `limit` milliseconds.
 * @template T
 * @param {() => Promise<T>} attempt
 */
export async function eventually(attempt, limit = PATIENCE_MS) {
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
