// `npm run bench:stream`: the overhead of Frontdesk on a stream of 200 chunks, 10 ms apart, beside a Worker that only passes it through.
// Both run on workerd as deployed, in one run. Compare the rows, not machines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../dev/bootstrap.mjs';
import { build } from '../dev/build/all.mjs';
import { freePorts } from '../dev/ports.mjs';
import { startProgress } from '../dev/progress.mjs';
import { startStack } from '../dev/stack.mjs';
import { CHUNKS, startBenchModel } from './model.mjs';
import { builtWorker, startWorkerd } from './workerd.mjs';

const STREAMS = [1, 8, 32];
const ROUNDS = 5;

const say = (line) => console.error(`• ${line}`);
await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
const model = await startBenchModel();
const stack = await startStack({ ports: await freePorts(), stateDir, vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' }, say });
const { api: proxyPort, model: frontdeskPort } = await freePorts();
const proxy = await startWorkerd({
  folder: join(stateDir, 'proxy'), port: proxyPort,
  modules: { 'proxy.js': join(ROOT, 'bench/proxy.js') }, vars: { MODEL_URL: `${model.url}/chat/completions` },
});
const frontdesk = await startWorkerd({
  folder: join(stateDir, 'frontdesk'), port: frontdeskPort, vars: stack.vars, ...builtWorker(),
});
const body = (session) => JSON.stringify({ message: 'Hello', session_id: session });
const authorization = `Bearer ${stack.users[0].access_token}`;

/** Reads one stream. `first` is the time from the request to the first token, in milliseconds; `pieces` counts the writes. */
async function read(url, session) {
  const startedAt = performance.now();
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: body(session) });
  let first;
  let pieces = 0;
  let text = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (first === undefined && piece.includes('0@')) first = performance.now() - startedAt;
    pieces += 1;
  }
  const numbers = [...text.matchAll(/(\d+)@\d{13}/g)].map(([, n]) => Number(n));
  if (numbers.length !== CHUNKS || numbers.some((n, i) => n !== i)) throw new Error(`${url}: chunks are missing or out of order`);
  return { first, pieces, seconds: (performance.now() - startedAt) / 1000 };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(name, worker, path) {
  const sessions = Array.from({ length: Math.max(...STREAMS) }, () => crypto.randomUUID());
  await Promise.all(sessions.map((session) => read(worker.url + path, session)));
  const rows = [];
  for (const streams of STREAMS) {
    const results = [];
    const cpu = worker.cpu();
    for (let round = 0; round < ROUNDS; round += 1) {
      results.push(...await Promise.all(sessions.slice(0, streams).map((session) => read(worker.url + path, session))));
    }
    rows.push({
      worker: name,
      streams,
      'first token, ms': median(results.map(({ first }) => first)).toFixed(2),
      'writes a second': median(results.map(({ pieces, seconds }) => pieces / seconds)).toFixed(0),
      'CPU a stream, ms': ((worker.cpu() - cpu) / results.length).toFixed(1),
    });
  }
  return rows;
}

try {
  const table = [...await measure('pass-through', proxy, '/'), ...await measure('Frontdesk', frontdesk, '/api/chat')];
  console.table(table);
} finally {
  await proxy.stop();
  await frontdesk.stop();
  model.stop();
  await stack.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
