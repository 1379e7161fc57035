// `npm run bench`: Frontdesk beside a Worker that only passes requests through (the floor), a peer in TypeScript, and LiteLLM's proxy.
// All run on this machine, workerd as deployed, in one interleaved run: compare the columns, not machines. docs/bench.md says more.
//
//   npm run bench -- --only floor,frontdesk --cases turn,burst --rounds 3
//   npm run bench -- --ram --picture     storage on a RAM disk; draws docs/bench.svg
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, fail } from '../dev/bootstrap.mjs';
import { build } from '../dev/build/all.mjs';
import { startProgress } from '../dev/progress.mjs';
import { table } from './bench-report.mjs';
import { startBenchStack } from './bench-stack.mjs';
import { CASES, warmCode } from './cases.mjs';
import { contestants } from './contestants.mjs';
import { picture } from './picture.mjs';

/** Users of the case of memory. */
const USERS = 1000;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'floor,peer,litellm,frontdesk' },
    cases: { type: 'string', default: CASES.map(({ id }) => id).join() },
    rounds: { type: 'string', default: '5' },
    ram: { type: 'boolean', default: false },
    picture: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const names = options.only.split(',');
const cases = CASES.filter(({ id }) => options.cases.split(',').includes(id));
if (process.platform !== 'linux') fail('npm run bench reads CPU times from /proc, which only Linux has.');
if (!(rounds > 0) || cases.length === 0) fail(`--rounds is a number, --cases a list of ${CASES.map(({ id }) => id).join(', ')}.`);

const say = (/** @type {string} */ line) => console.error(`• ${line}`);
if (names.includes('frontdesk')) await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const stack = await startBenchStack({ userCount: USERS, isInMemory: options.ram, say });
/** @type {{ name: string, contestant: import('./contestants.mjs').Contestant, running: import('./contestants.mjs').Running }[]} */
const servers = [];

try {
  const known = contestants({ modelUrl: stack.model.url, vars: stack.stack.vars, folder: stack.folder });
  for (const name of names) {
    if (!(name in known)) throw new Error(`--only is a list of ${Object.keys(known).join(', ')}.`);
    const contestant = await known[/** @type {keyof typeof known} */ (name)]();
    if (contestant) servers.push({ name, contestant, running: await contestant.start(join(stack.folder, name)) });
  }
  for (const { contestant, running } of servers) {
    say(`Warming ${contestant.label}`);
    await warmCode({ bench: stack, contestant, running });
  }
  /** @type {import('./bench-report.mjs').Results} values by case, metric and server, one for each round */
  const results = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const { id, metrics, measure } of cases) {
      say(`Round ${round + 1} of ${rounds}: ${id}`);
      // Each round begins with another server, so that none always follows the same one.
      for (const { name, contestant, running } of servers.map((_, i) => servers[(i + round) % servers.length])) {
        if (id === 'memory' && !contestant.hasSessions) continue;
        const values = await measure({ bench: stack, contestant, running }).catch((error) => {
          say(`${contestant.label} failed in ${id}: ${error.stderr || error.stack}`);
          return Object.fromEntries(Object.keys(metrics).map((metric) => [metric, NaN]));
        });
        for (const [metric, value] of Object.entries(values)) (((results[id] ??= {})[metric] ??= {})[name] ??= []).push(value);
      }
    }
  }
  const labels = Object.fromEntries(servers.map(({ name, contestant }) => [name, contestant.label]));
  const run = { at: new Date().toISOString(), processor: cpus()[0].model, cores: cpus().length, storage: options.ram ? 'RAM disk' : 'disk', load: loadavg()[0], rounds, labels, results };
  console.log(`${rounds} rounds, ${run.cores} cores (${run.processor}), storage on ${run.storage}, load average ${run.load.toFixed(1)}. Medians of the rounds (least to most).\n`);
  console.log(table({ cases, labels, results }));
  mkdirSync(join(ROOT, '.dev'), { recursive: true });
  writeFileSync(join(ROOT, '.dev/bench.json'), JSON.stringify(run, undefined, 1));
  if (options.picture) writeFileSync(join(ROOT, 'docs/bench.svg'), picture(run));
} finally {
  for (const { running } of servers) await running.stop();
  await stack.stop();
}
