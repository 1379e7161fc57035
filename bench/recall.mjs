// `npm run bench:recall`: what a user with many memories costs, on workerd as deployed: CPU of a turn beside the turn of a user without
// memories, disk of the index, and the time in which an object that lost its index builds it anew from Postgres.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from '../dev/build/all.mjs';
import { freePorts } from '../dev/ports.mjs';
import { startProgress } from '../dev/progress.mjs';
import { startStack } from '../dev/stack.mjs';
import { startBenchModel } from './model.mjs';
import { builtWorker, startWorkerd } from './workerd.mjs';

const MEMORIES = 10_000;
const SESSIONS = 100;
const ROUNDS = 5;
const TURNS = 20;
const POLL_MS = 100;

/** Words of a made-up language, by which memories differ. */
const word = (n) => `${'bcdfghjklm'[n % 10]}a${'nprstvwxyz'[Math.floor(n / 10) % 10]}o${'bdfgklmnrs'[Math.floor(n / 100) % 10]}i`;
const text = (n) => `Note ${n}: ${Array.from({ length: 12 }, (_, i) => word(n * 7 + i * i * 31)).join(' ')}.`;

const say = (line) => console.error(`• ${line}`);
await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
const model = await startBenchModel();
model.chunks = 2;
const stack = await startStack({
  ports: await freePorts(), stateDir, vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench', RECALL_DEADLINE_MS: '5000' }, say,
});
const { api: port } = await freePorts();
const folder = join(stateDir, 'desk');
const start = () => startWorkerd({ folder, port, vars: stack.vars, ...builtWorker() });
let desk = await start();
const [many, none] = stack.users.map((user) => ({ authorization: `Bearer ${user.access_token}`, session: crypto.randomUUID() }));

const call = (user, path, init = {}) => fetch(desk.url + path, { ...init, headers: { authorization: user.authorization } });

async function ask(user, message) {
  const body = JSON.stringify({ message, session_id: user.session, stream: false, remember: false });
  const response = await call(user, '/api/chat', { method: 'POST', body });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

const disk = () => readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** CPU of the turns of both users, in milliseconds, round by round. */
async function measureTurns() {
  const cpu = { many: [], none: [] };
  for (const [name, user] of [['many', many], ['none', none]]) await ask(user, `Warm up ${name}.`);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, user] of [['many', many], ['none', none]]) {
      const before = desk.cpu();
      for (let n = 0; n < TURNS; n += 1) await ask(user, `What of ${word(round * 100 + n)} and ${word(n * 13)}?`);
      cpu[name].push((desk.cpu() - before) / TURNS);
    }
  }
  return cpu;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  const empty = disk();
  say(`${MEMORIES} messages are imported`);
  const lines = Array.from({ length: MEMORIES }, (_, n) => JSON.stringify({
    session: `s${n % SESSIONS}`, role: n % 2 ? 'assistant' : 'user', content: text(n),
    created_at: new Date(Date.UTC(2025, 0, 1) + n * 60_000).toISOString(), id: `m${n}`,
  }));
  const imported = await (await call(many, '/api/import', { method: 'POST', body: lines.join('\n') })).text();
  if (!imported.includes('"done":true')) throw new Error(imported.slice(-300));
  const words = disk() - empty;
  say('vectors are made');
  for (;;) {
    const { pending } = await (await call(many, '/api/import')).json();
    if (pending === 0) break;
    await delay(1000);
  }
  const cpu = await measureTurns();
  await desk.stop();
  const bytes = disk() - empty;

  say('the index is built anew');
  rmSync(join(folder, 'objects'), { recursive: true });
  desk = await start();
  const began = performance.now();
  do {
    await delay(POLL_MS);
    many.session = crypto.randomUUID();
    await ask(many, text(0));
  } while (!model.prompt.includes(text(0)) || model.prompt.split(text(0)).length < 3);
  const seconds = (performance.now() - began) / 1000;

  console.table({
    'CPU of a turn without memories, ms': median(cpu.none).toFixed(1),
    [`CPU of a turn with ${MEMORIES} memories, ms`]: median(cpu.many).toFixed(1),
    'disk for a memory by its words and text, bytes': (words / MEMORIES).toFixed(0),
    'disk for a memory with its vector, bytes': (bytes / MEMORIES).toFixed(0),
    'memories built anew a second, turns beside it': (MEMORIES / seconds).toFixed(0),
  });
} finally {
  await desk.stop();
  model.stop();
  await stack.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
