// `npm run bench:sessions`: one user with many sessions, on workerd as deployed. All sessions of a user share one Durable Object.
//
// First 100 sessions stream at once, beside a Worker that only passes the same streams through, in one run. Then the user opens
// 10,000 sessions: the time to the first token, memory and disk must not grow with them, except for the disk of undeliverable turns.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../dev/bootstrap.mjs';
import { build } from '../dev/build/all.mjs';
import { freePorts } from '../dev/ports.mjs';
import { startProgress } from '../dev/progress.mjs';
import { startStack } from '../dev/stack.mjs';
import { CHUNKS, startBenchModel } from './model.mjs';
import { builtWorker, startWorkerd } from './workerd.mjs';

/** Sessions that stream at the same time. */
const STREAMS = 100;
const ROUNDS = 3;

/** Numbers of sessions at which the user is measured. */
const STEPS = [100, 1000, 10_000];

/** Sessions that are opened at the same time, and chunks of each of their answers. */
const OPENED_AT_ONCE = 20;
const SHORT = 2;

/** Turns that are measured at each step. */
const SAMPLES = 50;

const say = (line) => console.error(`• ${line}`);
await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
const model = await startBenchModel();
const stack = await startStack({ ports: await freePorts(), stateDir, vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' }, say });
const { api: proxyPort, model: deskPort } = await freePorts();
const authorization = `Bearer ${stack.users[0].access_token}`;
const folder = join(stateDir, 'desk');

const startDesk = () => startWorkerd({
  folder, port: deskPort, vars: stack.vars, ...builtWorker(),
});

/** Streams one answer. Returns the milliseconds to its first token; fails if a chunk is missing or out of order. */
async function stream(url, session) {
  const began = performance.now();
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify({ message: 'Hello', session_id: session }) });
  let first;
  let text = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (first === undefined && piece.includes('0@')) first = performance.now() - began;
  }
  const numbers = [...text.matchAll(/(\d+)@\d{13}/g)].map(([, n]) => Number(n));
  if (numbers.length !== model.chunks || numbers.some((n, i) => n !== i)) throw new Error(`${response.status}: ${text.slice(-300)}`);
  return first;
}

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)];
const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
const times = (values) => ({ 'first token, ms': quantile(values, 0.5).toFixed(1), 'p95, ms': quantile(values, 0.95).toFixed(1) });

function disk() {
  const files = readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function streamAtOnce(name, worker, path) {
  const sessions = Array.from({ length: STREAMS }, () => crypto.randomUUID());
  await Promise.all(sessions.map((session) => stream(worker.url + path, session)));
  const cpu = worker.cpu();
  const firsts = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    firsts.push(...await Promise.all(sessions.map((session) => stream(worker.url + path, session))));
  }
  return {
    worker: name, streams: STREAMS, ...times(firsts),
    'CPU a stream, ms': ((worker.cpu() - cpu) / firsts.length).toFixed(1), 'memory, MiB': megabytes(worker.memory()),
  };
}

/** Opens sessions with one short turn each. */
async function open(url, count) {
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left -= 1;
      await stream(url, crypto.randomUUID());
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, opener));
}

async function sample(session, url) {
  const firsts = [];
  for (let n = 0; n < SAMPLES; n += 1) firsts.push(await stream(url, session()));
  return firsts;
}

const proxy = await startWorkerd({
  folder: join(stateDir, 'proxy'), port: proxyPort,
  modules: { 'proxy.js': join(ROOT, 'bench/proxy.js') }, vars: { MODEL_URL: `${model.url}/chat/completions` },
});
let desk = await startDesk();
try {
  say(`Streaming ${STREAMS} sessions of ${CHUNKS} chunks at once, ${ROUNDS} times`);
  console.table([await streamAtOnce('pass-through', proxy, '/'), await streamAtOnce('Frontdesk', desk, '/api/chat')]);

  model.chunks = SHORT;
  const url = `${desk.url}/api/chat`;
  const hot = crypto.randomUUID();
  const rows = [];
  let opened = STREAMS;
  for (const sessions of STEPS) {
    say(`Opening sessions up to ${sessions}`);
    await open(url, sessions - opened);
    opened = sessions;
    await stream(url, hot);
    const hotTimes = await sample(() => hot, url);
    const newTimes = await sample(() => crypto.randomUUID(), url);
    rows.push({ sessions, turn: 'hot session', ...times(hotTimes), 'memory, MiB': megabytes(desk.memory()), 'disk, MiB': megabytes(disk()) });
    rows.push({ sessions, turn: 'new session', ...times(newTimes) });
  }
  await desk.stop();
  desk = await startDesk();
  const cold = await stream(url, hot);
  rows.push({ sessions: opened, turn: 'first after a restart', ...times([cold]), 'memory, MiB': megabytes(desk.memory()), 'disk, MiB': megabytes(disk()) });
  console.table(rows);
} finally {
  await proxy.stop();
  await desk.stop();
  model.stop();
  await stack.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
