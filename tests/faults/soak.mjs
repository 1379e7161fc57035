// `npm run soak -- --minutes 5 --sessions 200 --users 50`: many users talk at once while a tenth of what the Worker asks of
// the model and of Postgres goes wrong. They hang up, come back, stop and send again. In the end Postgres has what they were
// told, and every error that they got has a fault that explains it.
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootstrap } from '../../dev/bootstrap.mjs';

await bootstrap(import.meta.url);
const { build } = await import('../../dev/build.mjs');
await build((line) => console.log(`• ${line}`));
const [{ decodeJwt }, { close, database, newUser, proxies, script }, { atRest }, { Client }, faults] = await Promise.all([
  import('jose'), import('../desk.mjs'), import('./checks.mjs'), import('./client.mjs'), import('./faults.mjs'),
]);

const { values: options } = parseArgs({ options: {
  minutes: { type: 'string', default: '5' }, sessions: { type: 'string', default: '200' }, users: { type: 'string', default: '50' },
} });
const [minutes, sessions, users] = [options.minutes, options.sessions, options.users].map(Number);

/** Of requests, how many go wrong; of turns, in how many the user hangs up and in how many they stop. */
const FAULTY = 0.1;
const HANGS_UP = 0.1;
const STOPS = 0.05;

/** What is answered, in words, and how: about two seconds of text. */
const WORDS = [10, 60];
const PACE = { chunkSize: 20, streamingProfile: { ttft: 300, tps: 8 } };

/** How long all may take to come to rest, in milliseconds. */
const AT_REST_WITHIN = 180_000;

const chance = (probability) => Math.random() < probability;
const between = (least, most) => least + Math.floor(Math.random() * (most - least + 1));
const oneOf = (list) => list[between(0, list.length - 1)];

const early = (_event, n) => n === 3;
const { at, cut, instead, paused, slow, status } = faults;
/** By name: the fault, and whether a client may hear of it. */
const OF_MODEL = {
  'model 429': [status(429), true], 'model 500': [status(500), true], 'model hangs up': [faults.hungUp, true],
  'model slow to answer': [slow(2000), false], 'model slow to begin': [at(faults.FIRST, paused(2000)), false],
  'model stalls': [at(early, paused(2000)), false], 'model cut': [at(early, cut), true],
  'model malformed SSE': [at(early, instead(faults.NOT_UTF8)), true], 'model invalid JSON': [at(early, instead(faults.NOT_JSON)), true],
  'model error in the stream': [at(early, instead(faults.ERROR_EVENT)), true], 'model no SSE at all': [faults.garbage, true],
  'model tool call cut': [faults.toolCall(null), true], 'model no usage': [at(faults.USAGE, instead('')), false],
};
const OF_POSTGREST = {
  'PostgREST 503': [status(503), true], 'PostgREST 500': [status(500), true], 'PostgREST hangs up': [faults.hungUp, true],
  'PostgREST garbage': [faults.garbage, true], 'PostgREST other JSON': [faults.otherJson, true],
  'PostgREST answer lost': [faults.answerLost, true], 'PostgREST slow': [slow(1000), false],
};

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
/** What an error may be explained by: messages whose model, and sessions and users whose Postgres had a fault. @type {Set<string>} */
const explained = new Set();
/** @type {string[]} */
const unexplained = [];
/** Milliseconds from a message to the end of its answer, when its user did nothing but listen. @type {number[]} */
const waits = [];

/** A tenth of some requests goes wrong, and whom that concerns is noted. */
function strike(proxy, concerns, kinds, whom) {
  return proxy.meet(concerns, async (exchange) => {
    if (!chance(FAULTY)) return exchange.pass();
    const [name, [fault, isHeard]] = oneOf(Object.entries(kinds));
    injected.add(name);
    if (isHeard) explained.add(whom(exchange));
    return fault(exchange);
  });
}

/** One user's one conversation: the next message when the last one's answer is over. */
async function converse(client, until) {
  for (let n = 1; Date.now() < until; n += 1) {
    const { told, heard } = client.send(`message ${n} of ${client.session}`);
    const began = performance.now();
    const [leaves, stops] = [chance(HANGS_UP), chance(STOPS)];
    // Somewhere in the answer; at times before it has begun, at times after it is over.
    if (leaves) void delay(between(0, 3000)).then(() => told.hangUp());
    if (stops) void delay(between(500, 3000)).then(() => client.stop()).then((was) => was && outcomes.add('stopped by its user'));
    await heard;
    if (!leaves && !stops && told.ending) waits.push(told.heardAt - began);
    if (leaves && !told.ending) outcomes.add('hung up, and came back');
    else if (!told.ending && told.status === 200) unexplained.push(`${told.message}: the connection was cut`);
    await hearOut(client, told);
    conclude(told);
  }
}

/** Comes back, or sends again under the same name, until the answer is over. */
async function hearOut(client, told) {
  while (!told.ending) {
    if (told.code) refused(client, told);
    await delay(between(100, 400));
    if (told.frames.length > 0) await client.resume(told);
    else await client.again(told);
  }
}

function refused(client, { code, message }) {
  outcomes.add(`refused: ${code}`);
  // Its own turn, from which it had hung up.
  if (code === 'turn_in_progress') return;
  if (!explained.has(client.session) && !explained.has(client.user.id)) unexplained.push(`${message}: ${code}`);
}

function conclude({ ending, message }) {
  outcomes.add(`told: ${ending.type}${ending.type === 'error' ? `, ${ending.errorText}` : ''}`);
  if (ending.type === 'error' && !explained.has(message)) unexplained.push(`${message}: ${ending.errorText}`);
}

/** The time that the processors spent at work and altogether. */
function processors() {
  const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) => [user + nice + sys + irq, idle]);
  return times.reduce(([busy, all], [work, idle]) => [busy + work, all + work + idle], [0, 0]);
}

const percentile = (list, part) => Math.round(list.toSorted((a, b) => a - b)[Math.floor(list.length * part)] ?? 0);

await database.query(`insert into employee_profiles (slug, title, system_prompt, max_output_tokens, daily_tokens)
  values ('patient', 'Patient', 'You answer.', 500, 1000000000)`);
script('message', ({ messages }) => ({
  content: Array.from({ length: between(...WORDS) }, (_, n) => `word${n}`).join(' ') + ` to ${messages.at(-1).content}`,
}), PACE);
const people = [];
for (let n = 0; n < users; n += 1) people.push(await newUser());
const clients = Array.from({ length: sessions }, (_, n) => new Client({ user: people[n % users], employee: 'patient' }));
const ofPostgrest = ({ body, headers }) => JSON.parse(body).p_session ?? decodeJwt(headers.authorization.slice('Bearer '.length)).sub;
const strikes = [
  strike(proxies.model, faults.isChat, OF_MODEL, faults.newestMessage),
  strike(proxies.supabase, ({ path }) => path.startsWith('/rest/v1/rpc/'), OF_POSTGREST, ofPostgrest),
];

console.log(`• ${sessions} sessions of ${users} users for ${minutes} minutes`);
const began = Date.now();
const before = processors();
const until = began + minutes * 60_000;
await Promise.all(clients.map(async (client) => {
  await delay(between(0, 2000));
  await converse(client, until);
}));
const seconds = (Date.now() - began) / 1000;
const after = processors();
for (const rule of strikes) rule.relent();
console.log('• Waiting until all is at rest');
const differences = await atRest(clients, AT_REST_WITHIN);

const turns = clients.reduce((sum, { told }) => sum + told.length, 0);
console.log(`
${turns} turns in ${Math.round(seconds)} s (${(turns / seconds).toFixed(1)} a second); processors ${Math.round(100 * (after[0] - before[0]) / (after[1] - before[1]))} % busy
end of an answer after ${percentile(waits, 0.5)} ms (median), ${percentile(waits, 0.95)} ms (95 %)

outcomes
${outcomes}

faults injected
${injected}

${differences.length} differences between clients, Postgres and books${differences.slice(0, 20).map((one) => `\n  ${one}`).join('')}
${unexplained.length} errors without a fault that explains them${unexplained.slice(0, 20).map((one) => `\n  ${one}`).join('')}`);
await close();
process.exit(differences.length + unexplained.length > 0 ? 1 : 0);
