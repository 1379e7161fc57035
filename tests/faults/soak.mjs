// `npm run soak -- --minutes 5 --sessions 200 --users 50`: many users chat at once while a tenth of the Worker's requests to the model
// and to Postgres fail. The users disconnect, resume, stop and resend. At the end, Postgres must have what the users received, and an
// injected fault must explain every error that they got.
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootstrap } from '../../dev/bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ build }, { startProgress }] = await Promise.all([import('../../dev/build/all.mjs'), import('../../dev/progress.mjs')]);
process.env.FRONTDESK_PROFILE = 'release';
await build({ profile: 'release', progress: startProgress() });
const [{ decodeJwt }, { closeStack, database, newUser, proxies, script }, { violationsAtRest }, { ChatClient }, faults] = await Promise.all([
  import('jose'), import('../test-stack.mjs'), import('./invariants.mjs'), import('./client.mjs'), import('./faults.mjs'),
]);

const { values: options } = parseArgs({ options: {
  minutes: { type: 'string', default: '5' }, sessions: { type: 'string', default: '200' }, users: { type: 'string', default: '50' },
} });
const [minutes, sessions, users] = [options.minutes, options.sessions, options.users].map(Number);

/** Share of the requests that fail, and shares of the turns in which the user disconnects or stops. */
const FAULT_SHARE = 0.1;
const DISCONNECT_SHARE = 0.1;
const STOP_SHARE = 0.05;

/** Length of an answer in words, and its pace: about two seconds of text. */
const ANSWER_WORDS = [10, 60];
const PACE = { chunkSize: 20, streamingProfile: { ttft: 300, tps: 8 } };

/** Milliseconds that the outboxes may take at the end. */
const REST_LIMIT = 180_000;

const chance = (probability) => Math.random() < probability;
const between = (least, most) => least + Math.floor(Math.random() * (most - least + 1));
const oneOf = (list) => list[between(0, list.length - 1)];

const earlyEvent = (_event, n) => n === 3;
const { atEvent, cutStream, delayRequest, pauseEvent, replaceEvent, respondWith } = faults;
/** By name: the fault, and true if it may cause an error for the client. */
const MODEL_FAULTS = {
  'model 429': [respondWith(429), true], 'model 500': [respondWith(500), true], 'model hangs up': [faults.hangUp, true],
  'model slow to answer': [delayRequest(2000), false],
  'model slow to begin': [atEvent(faults.FIRST_EVENT, pauseEvent(2000)), false],
  'model stalls': [atEvent(earlyEvent, pauseEvent(2000)), false], 'model cut': [atEvent(earlyEvent, cutStream), true],
  'model malformed SSE': [atEvent(earlyEvent, replaceEvent(faults.NOT_UTF8)), true],
  'model invalid JSON': [atEvent(earlyEvent, replaceEvent(faults.NOT_JSON)), true],
  'model error in the stream': [atEvent(earlyEvent, replaceEvent(faults.ERROR_EVENT)), true],
  'model no SSE at all': [faults.htmlPage, true], 'model tool call cut': [faults.unfinishedToolCall(null), true],
  'model no usage': [atEvent(faults.USAGE_EVENT, replaceEvent('')), false],
};
const POSTGREST_FAULTS = {
  'PostgREST 503': [respondWith(503), true], 'PostgREST 500': [respondWith(500), true], 'PostgREST hangs up': [faults.hangUp, true],
  'PostgREST garbage': [faults.htmlPage, true], 'PostgREST other JSON': [faults.otherJson, true],
  'PostgREST response lost': [faults.loseResponse, true], 'PostgREST slow': [delayRequest(1000), false],
};

/** Counts events by name. */
class Tally {
  #counts = new Map();

  add(name) {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  toString() {
    return [...this.#counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${String(count).padStart(8)}  ${name}`).join('\n');
  }
}

const outcomes = new Tally();
const injected = new Tally();
/** Messages with a model fault, and ids of sessions and users with a Postgres fault: these may get errors. @type {Set<string>} */
const explained = new Set();
/** @type {string[]} */
const unexplained = [];
/** Milliseconds from a message to the end of its answer, for users who only read. @type {number[]} */
const durations = [];

/** Injects random faults into matching requests, and records whose errors they explain. */
function injectFaults(proxy, { matches, faultsByName, affected }) {
  return proxy.addRule(matches, async (exchange) => {
    if (!chance(FAULT_SHARE)) return exchange.pass();
    const [name, [fault, mayCauseError]] = oneOf(Object.entries(faultsByName));
    injected.add(name);
    if (mayCauseError) explained.add(affected(exchange));
    return fault(exchange);
  });
}

/** Sends one message after another in one session until the deadline. */
async function converse(client, deadline) {
  for (let n = 1; Date.now() < deadline; n += 1) {
    const { received, disconnected } = client.send(`message ${n} of ${client.session}`);
    const sentAt = performance.now();
    const [disconnects, stops] = [chance(DISCONNECT_SHARE), chance(STOP_SHARE)];
    // At a random moment: sometimes before the answer has started, sometimes after its end.
    if (disconnects) void delay(between(0, 3000)).then(() => received.disconnect());
    if (stops) void delay(between(500, 3000)).then(() => client.stop()).then((wasRunning) => wasRunning && outcomes.add('stopped by its user'));
    await disconnected;
    if (!disconnects && !stops && received.end) durations.push(received.lastFrameAt - sentAt);
    if (disconnects && !received.end) outcomes.add('disconnected and resumed');
    else if (!received.end && received.status === 200) unexplained.push(`${received.message}: the connection was cut`);
    await readToEnd(client, received);
    recordEnd(received);
  }
}

/** Resumes, or resends with the same client message id, until the answer has ended. */
async function readToEnd(client, received) {
  while (!received.end) {
    if (received.code) recordRejection(client, received);
    await delay(between(100, 400));
    if (received.frames.length > 0) await client.resume(received);
    else await client.resend(received);
  }
}

function recordRejection(client, { code, message }) {
  outcomes.add(`rejected: ${code}`);
  // The client's own turn, which it disconnected from.
  if (code === 'turn_in_progress') return;
  if (!explained.has(client.session) && !explained.has(client.user.id)) unexplained.push(`${message}: ${code}`);
}

function recordEnd({ end, message }) {
  outcomes.add(`received: ${end.type}${end.type === 'error' ? `, ${end.errorText}` : ''}`);
  if (end.type === 'error' && !explained.has(message)) unexplained.push(`${message}: ${end.errorText}`);
}

/** CPU times since boot: busy and total, over all processors. */
function cpuTimes() {
  const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) => [user + nice + sys + irq, idle]);
  return times.reduce(([busy, all], [work, idle]) => [busy + work, all + work + idle], [0, 0]);
}

const percentile = (list, part) => Math.round(list.toSorted((a, b) => a - b)[Math.floor(list.length * part)] ?? 0);

await database.query(`insert into employee_profiles (slug, title, system_prompt, max_output_tokens, daily_tokens)
  values ('patient', 'Patient', 'You answer.', 500, 1000000000)`);
script('message', ({ messages }) => ({
  content: Array.from({ length: between(...ANSWER_WORDS) }, (_, n) => `word${n}`).join(' ') + ` to ${messages.at(-1).content}`,
}), PACE);
const soakUsers = [];
for (let n = 0; n < users; n += 1) soakUsers.push(await newUser());
const clients = Array.from({ length: sessions }, (_, n) => new ChatClient({ user: soakUsers[n % users], employee: 'patient' }));
const sessionOrUser = ({ body, headers }) => JSON.parse(body).p_session ?? decodeJwt(headers.authorization.slice('Bearer '.length)).sub;
const faultRules = [
  injectFaults(proxies.model, { matches: faults.isChat, faultsByName: MODEL_FAULTS, affected: faults.newestMessage }),
  injectFaults(proxies.supabase, {
    matches: ({ path }) => path.startsWith('/rest/v1/rpc/'), faultsByName: POSTGREST_FAULTS, affected: sessionOrUser,
  }),
];

console.log(`• ${sessions} sessions of ${users} users for ${minutes} minutes`);
const startedAt = Date.now();
const before = cpuTimes();
const deadline = startedAt + minutes * 60_000;
await Promise.all(clients.map(async (client) => {
  await delay(between(0, 2000));
  await converse(client, deadline);
}));
const seconds = (Date.now() - startedAt) / 1000;
const after = cpuTimes();
for (const rule of faultRules) rule.clearFaults();
console.log('• Waiting for the outboxes');
const violations = await violationsAtRest(clients, REST_LIMIT);

const turns = clients.reduce((sum, client) => sum + client.turns.length, 0);
console.log(`
${turns} turns in ${Math.round(seconds)} s (${(turns / seconds).toFixed(1)} a second); processors ${Math.round(100 * (after[0] - before[0]) / (after[1] - before[1]))} % busy
end of an answer after ${percentile(durations, 0.5)} ms (median), ${percentile(durations, 0.95)} ms (95 %)

outcomes
${outcomes}

faults injected
${injected}

${violations.length} differences between clients, Postgres and ledgers${violations.slice(0, 20).map((one) => `\n  ${one}`).join('')}
${unexplained.length} errors that no injected fault explains${unexplained.slice(0, 20).map((one) => `\n  ${one}`).join('')}`);
await closeStack();
process.exit(violations.length + unexplained.length > 0 ? 1 : 0);
