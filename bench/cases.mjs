// The cases of `npm run bench`. Each measures one server once; rounds and statistics are the caller's.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runLoad } from './load.mjs';

/** Chunks of a short and of a long answer, and milliseconds between two of them. */
const SHORT = 5;
const LONG = 200;
const INTERVAL_MS = 10;

/** Seconds of a case that counts requests, and requests of one that measures single turns. */
const SECONDS = 3;
const SINGLE_TURNS = 30;

/** Turns before the first round, in which V8 compiles what is used often: sessions, and turns of each. */
const WARM_SESSIONS = 8;
const WARM_TURNS = 25;

/** Sessions of the case of memory, each of a user of its own. */
const MANY_SESSIONS = 1000;

/** Sessions that are opened at once. */
const OPENED_AT_ONCE = 16;

/** A server is at rest when it takes less CPU than this share of one core, over this time in milliseconds. */
const REST_SHARE = 0.05;
const REST_MS = 300;

/** Milliseconds after which a server that does not come to rest is measured nevertheless. */
const REST_LIMIT_MS = 60_000;

/** @typedef {import('./contestants.mjs').Contestant} Contestant */
/** @typedef {import('./contestants.mjs').Running} Running */
/** @typedef {import('./contestants.mjs').User} User */
/** @typedef {import('./load.mjs').LoadReport} LoadReport */

/**
 * @typedef {object} Bench
 * @property {string} binary of the load generator
 * @property {import('./load.mjs').LoadModel} model
 * @property {User[]} users
 * @property {() => Promise<void>} databaseRests resolves when the database has nothing to do
 * @property {string} folder
 */

/**
 * @typedef {object} Measured one server in one case
 * @property {Bench} bench
 * @property {Contestant} contestant
 * @property {Running} running
 */

/** @typedef {{ name: string, unit: string, digits: number, isHigherBetter?: boolean }} Metric */

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {Record<string, Metric>} metrics
 * @property {(measured: Measured) => Promise<Record<string, number>>} measure a value for each metric
 */

const MS = { unit: 'ms', digits: 2 };
const RATE = { unit: '/s', digits: 0, isHigherBetter: true };

/** @type {Case[]} */
export const CASES = [
  {
    id: 'turn',
    metrics: {
      first: { name: 'first token, 1 stream, hot', ...MS },
      cpu: { name: 'CPU of a turn of 5 chunks', ...MS },
    },
    measure: async (measured) => {
      const { report, cpuMs } = await load(measured, { streams: 1, requests: SINGLE_TURNS, chunks: SHORT, interval: INTERVAL_MS });
      return { first: median(report.first_ms), cpu: cpuMs };
    },
  },
  {
    id: 'new',
    metrics: {
      one: { name: 'first token, 1 stream, new session', ...MS },
      many: { name: 'first token, 32 streams, new sessions', ...MS },
    },
    measure: async (measured) => {
      const options = { chunks: SHORT, interval: INTERVAL_MS, isNew: true };
      const { report: one } = await load(measured, { streams: 1, requests: SINGLE_TURNS, ...options });
      const { report: many } = await load(measured, { streams: 32, requests: 2, ...options });
      return { one: median(one.first_ms), many: median(many.first_ms) };
    },
  },
  {
    id: 'whole',
    metrics: {
      alone: { name: 'not streamed, alone', ...MS },
      rate: { name: 'not streamed, alone: requests', ...RATE },
      rate32: { name: 'not streamed, 32 at once: requests', ...RATE },
    },
    measure: async (measured) => {
      const options = { chunks: SHORT, interval: 0, seconds: SECONDS, isStreamed: false };
      const { report: alone } = await load(measured, { streams: 1, ...options });
      const { report: crowd } = await load(measured, { streams: 32, ...options });
      return { alone: median(alone.whole_ms), rate: rate(alone), rate32: rate(crowd) };
    },
  },
  pacedStreams(32),
  pacedStreams(100),
  pacedStreams(256),
  {
    id: 'burst',
    metrics: {
      rate: { name: 'bursts of 200 chunks, 32 at once: requests', ...RATE },
      cpu: { name: 'CPU of a burst', ...MS },
    },
    measure: async (measured) => {
      const { report, cpuMs } = await load(measured, { streams: 32, seconds: SECONDS, chunks: LONG, interval: 0 });
      return { rate: rate(report), cpu: cpuMs };
    },
  },
  {
    id: 'start',
    metrics: {
      time: { name: 'start to first answer', unit: 'ms', digits: 0 },
      cpu: { name: 'CPU of the start', unit: 'ms', digits: 0 },
    },
    measure: async ({ bench, contestant }) => {
      const running = await contestant.start(join(bench.folder, randomUUID()));
      const cpu = running.cpu();
      await running.stop();
      return { time: running.startMs, cpu };
    },
  },
  {
    id: 'memory',
    metrics: {
      memory: { name: `memory, ${MANY_SESSIONS} sessions`, unit: 'MB', digits: 0 },
      disk: { name: `disk, ${MANY_SESSIONS} sessions`, unit: 'MB', digits: 0 },
    },
    measure: measureMemory,
  },
];

/** @param {number} streams @returns {Case} */
function pacedStreams(streams) {
  const name = `${streams} streams of ${LONG} chunks`;
  return {
    id: `streams-${streams}`,
    metrics: {
      first: { name: `${name}: first token`, ...MS },
      rate: { name: `${name}: chunks`, ...RATE },
      gap: { name: `${name}: longest gap`, unit: 'ms', digits: 0 },
      stalls: { name: `${name}: gaps over 100 ms`, unit: '', digits: 0 },
      cpu: { name: `${name}: CPU of a turn`, ...MS },
    },
    measure: async (measured) => {
      const { report, cpuMs } = await load(measured, { streams, requests: 1, chunks: LONG, interval: INTERVAL_MS });
      return {
        first: median(report.first_ms), rate: report.chunks / report.seconds, gap: Math.max(...report.gap_ms), stalls: report.stalls, cpu: cpuMs,
      };
    },
  };
}

/** Lets V8 compile a server's code: its compiler runs in threads whose CPU counts. @param {Measured} measured */
export async function warmCode(measured) {
  await load(measured, { streams: WARM_SESSIONS, requests: WARM_TURNS, chunks: SHORT, interval: INTERVAL_MS });
}

/**
 * Warms the sessions with one turn each, then measures. Returns the CPU of a turn with all that it causes in the background.
 * @param {Measured} measured
 * @param {object} options
 * @param {number} options.streams each of a user of its own
 * @param {number} options.chunks
 * @param {number} options.interval milliseconds between two chunks
 * @param {number} [options.requests] of each stream
 * @param {number} [options.seconds]
 * @param {boolean} [options.isStreamed]
 * @param {boolean} [options.isNew] each turn in a new session
 */
async function load({ bench, contestant, running }, { streams, chunks, interval, requests, seconds, isStreamed = true, isNew = false }) {
  const url = running.url + contestant.path;
  const connections = bench.users.slice(0, streams).map((user) => (
    contestant.request({ user, session: isNew ? numberedSession() : randomUUID(), isStreamed })));
  await bench.model.set({ chunks, interval_ms: 0 });
  await warmUp(bench, { url, connections: isNew ? connections.map(onlyOnce) : connections, chunks });
  await rest(bench, { contestant, running });
  await bench.model.set({ chunks, interval_ms: interval });
  const before = running.cpu();
  const report = await runLoad(bench.binary, { url, connections, requests, seconds, chunks });
  await rest(bench, { contestant, running });
  return { report, cpuMs: (running.cpu() - before) / report.whole_ms.length };
}

/**
 * Runs one turn of each connection, a few at once: the local database does not load hundreds of sessions in the same moment.
 * @param {Bench} bench
 * @param {import('./load.mjs').Plan} plan
 */
async function warmUp(bench, { url, connections, chunks }) {
  for (let first = 0; first < connections.length; first += OPENED_AT_ONCE) {
    await runLoad(bench.binary, { url, connections: connections.slice(first, first + OPENED_AT_ONCE), requests: 1, chunks });
  }
}

/** A session's id that has another end in each request. */
function numberedSession() {
  return randomUUID().replace(/.{12}$/, '{n}');
}

/** The same request in a session that no other request has. @param {{ authorization: string, body: string }} request */
function onlyOnce({ authorization, body }) {
  return { authorization, body: body.replace('{n}', randomUUID().slice(-12)) };
}

/** @param {Measured} measured */
async function measureMemory({ bench, contestant }) {
  const folder = join(bench.folder, randomUUID());
  const running = await contestant.start(folder);
  try {
    await bench.model.set({ chunks: SHORT, interval_ms: 0 });
    const connections = bench.users.slice(0, MANY_SESSIONS).map((user) => contestant.request({ user, session: randomUUID(), isStreamed: true }));
    await warmUp(bench, { url: running.url + contestant.path, connections, chunks: SHORT });
    const megabyte = 1e6;
    return { memory: running.memory() / megabyte, disk: contestant.disk(folder) / megabyte };
  } finally {
    await running.stop();
    await bench.databaseRests();
  }
}

/**
 * Resolves when a server and the database have done what their turns left behind.
 * @param {Bench} bench
 * @param {{ contestant: Contestant, running: Running }} server
 */
async function rest(bench, { contestant, running }) {
  await delay(contestant.restMs ?? 0);
  await untilAtRest(running.cpu);
  await bench.databaseRests();
}

/** @param {() => number} cpu milliseconds so far */
export async function untilAtRest(cpu) {
  const deadline = performance.now() + REST_LIMIT_MS;
  for (let before = cpu(); performance.now() < deadline; before = cpu()) {
    await delay(REST_MS);
    if (cpu() - before < REST_SHARE * REST_MS) return;
  }
}

/** @param {LoadReport} report */
function rate(report) {
  return report.whole_ms.length / report.seconds;
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** @param {number[]} values @param {number} share between 0 and 1 */
export function quantile(values, share) {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * share)];
}
