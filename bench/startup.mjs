// `npm run bench:startup`: how long the Worker takes from nothing to its first answer, and at how much CPU, on workerd as deployed, beside
// the smallest Worker in JavaScript in the same run. Cloudflare ends a Worker that takes more than one second of CPU to start. Compare
// the rows, not machines.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../dev/build/all.mjs';
import { freePort } from '../dev/ports.mjs';
import { startProgress } from '../dev/progress.mjs';
import { builtWorker, startWorkerd } from './workerd.mjs';

/** Starts of each Worker, by turns. */
const STARTS = 11;

await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const folder = mkdtempSync(join(tmpdir(), 'frontdesk-startup-'));
const smallest = join(folder, 'smallest.js');
writeFileSync(smallest, "export default { fetch: () => new Response('ok') };\n");
const workers = {
  'smallest JavaScript Worker': { modules: { 'smallest.js': smallest } },
  Frontdesk: builtWorker(),
};

/** @type {Record<string, { ms: number, cpu: number }[]>} */
const starts = Object.fromEntries(Object.keys(workers).map((name) => [name, []]));
try {
  for (let start = 0; start < STARTS; start += 1) {
    for (const [name, worker] of Object.entries(workers)) {
      const running = await startWorkerd({ folder: join(folder, `${name}-${start}`), port: await freePort(), ...worker });
      starts[name].push({ ms: running.startMs, cpu: running.cpu() });
      await running.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const median = (/** @type {number[]} */ values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const size = Object.values(builtWorker().modules).reduce((sum, path) => sum + statSync(path).size, 0);
console.log(`${STARTS} starts each; load average ${loadavg()[0].toFixed(1)}; the Worker has ${(size / 1e6).toFixed(2)} MB\n`);
console.log('| Worker | first answer, ms | least | CPU, ms | least |\n| --- | --- | --- | --- | --- |');
for (const [name, runs] of Object.entries(starts)) {
  const columns = [runs.map(({ ms }) => ms), runs.map(({ cpu }) => cpu)].flatMap((values) => [median(values), Math.min(...values)]);
  console.log(`| ${name} | ${columns.map((value) => value.toFixed(0)).join(' | ')} |`);
}
