// `npm run bench:distance`: hot turns of Frontdesk, on workerd as deployed, while embeddings and the database are far away, slow, or hang.
// Prints the milliseconds from a request until the model request leaves, and until the first token.
//
//   npm run bench:distance -- --turns 20
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fail } from '../dev/bootstrap.mjs';
import { build } from '../dev/build/all.mjs';
import { freePort, freePorts } from '../dev/ports.mjs';
import { startProgress } from '../dev/progress.mjs';
import { startProxy } from '../tests/faults/proxy.mjs';
import { startBenchStack } from './bench-stack.mjs';
import { median, quantile } from './cases.mjs';
import { contestants } from './contestants.mjs';
import { runLoad } from './load.mjs';

/** Milliseconds to helpers that are near, far away and slow; null: they never answer. */
const CONDITIONS = [
  { name: 'near', embeddings: 0, database: 0 },
  { name: 'far: embeddings 200 ms, database 50 ms', embeddings: 200, database: 50 },
  { name: 'slow: embeddings 2 s, database 1 s', embeddings: 2000, database: 1000 },
  { name: 'embeddings hang', embeddings: null, database: 50 },
  { name: 'database hangs', embeddings: 200, database: null },
  { name: 'both hang', embeddings: null, database: null },
];

/** Chunks of each answer, at once. */
const CHUNKS = 5;

/** Turns before the measured ones: they load the session, and V8 compiles what is used often. */
const WARM_TURNS = 30;

/** Milliseconds after which everything that waits for a helper has given up. */
const RECOVERY_MS = 2000;

const { values: options } = parseArgs({ options: { turns: { type: 'string', default: '20' } } });
const turns = Number(options.turns);
if (!(turns > 0)) fail('--turns is a number.');

const say = (/** @type {string} */ line) => console.error(`• ${line}`);
await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const ports = await freePorts();
const proxy = await startProxy({ port: await freePort(), target: ports.supabase });
const stack = await startBenchStack({ userCount: CONDITIONS.length, ports, supabaseAddress: proxy.url, say });
const contestant = await contestants({ modelUrl: stack.model.url, vars: stack.stack.vars, folder: stack.folder }).frontdesk();

/** Milliseconds until the database answers; null: it never does. @type {number | null} */
let databaseMs = 0;
proxy.addRule(() => true, async (exchange) => {
  if (databaseMs === null) return exchange.ended;
  await delay(databaseMs);
  return exchange.pass();
});

/** @type {import('./contestants.mjs').Running | undefined} */
let running;

/**
 * Runs turns one after the other in a session that is hot.
 * @param {typeof CONDITIONS[number]} condition
 * @param {{ frontdesk: import('./contestants.mjs').Contestant, user: import('./contestants.mjs').User }} who
 */
async function measure({ name, embeddings, database }, { frontdesk, user }) {
  say(name);
  // Each condition has a Worker of its own: breakers that opened in the one before are closed.
  running = await frontdesk.start(join(stack.folder, randomUUID()));
  const plan = {
    url: running.url + frontdesk.path, connections: [frontdesk.request({ user, session: randomUUID(), isStreamed: true })], chunks: CHUNKS,
  };
  databaseMs = 0;
  await stack.model.set({ chunks: CHUNKS });
  await runLoad(stack.binary, { ...plan, requests: WARM_TURNS });
  await delay(RECOVERY_MS);
  databaseMs = database;
  await stack.model.set({ chunks: CHUNKS, embeddings_ms: embeddings });
  await stack.model.arrivals();
  const report = await runLoad(stack.binary, { ...plan, requests: turns });
  const arrivals = await stack.model.arrivals();
  await running.stop();
  running = undefined;
  // The first completion request after a request is its turn's: nothing is learned or summarised here.
  const leaves = report.sent_us.map((sent) => ((arrivals.find((arrival) => arrival >= sent) ?? NaN) - sent) / 1000);
  return { name, leaves, first: report.first_ms };
}

try {
  /** @type {Awaited<ReturnType<typeof measure>>[]} */
  const rows = [];
  if (!contestant) throw new Error('Frontdesk is not built.');
  for (const [i, condition] of CONDITIONS.entries()) rows.push(await measure(condition, { frontdesk: contestant, user: stack.users[i] }));
  const shown = (/** @type {number[]} */ values) => [median(values), quantile(values, 0.95), Math.max(...values)].map((value) => value.toFixed(1)).join(' | ');
  console.log(`${turns} turns each. Milliseconds from the request.\n`);
  console.log('| helpers | the model request leaves: median | p95 | most | the first token comes: median | p95 | most |');
  console.log(`|${' --- |'.repeat(7)}`);
  for (const { name, leaves, first } of rows) console.log(`| ${name} | ${shown(leaves)} | ${shown(first)} |`);
} finally {
  databaseMs = 0;
  await running?.stop();
  await stack.stop();
  await proxy.stop();
}
