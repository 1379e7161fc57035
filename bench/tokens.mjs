// `npm run bench:tokens`: speed of the token counter on workerd, in WebAssembly beside npm's gpt-tokenizer, in one run; time of an
// isolate's first count; and size of the counter. Compare the rows, not machines.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { ROOT } from '../dev/bootstrap.mjs';
import { freePorts } from '../dev/ports.mjs';
import { files, manyScripts } from '../tests/tokens/texts.mjs';
import { buildWasm, measure, say, time } from './engines.mjs';
import { random } from './random.mjs';
import { startWorkerd } from './workerd.mjs';

const LONGEST_TEXT = 256 * 1024;
const START_COUNT = 7;

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));

/** Names and texts. `withoutPeer`: gpt-tokenizer would take minutes, since it searches a whole word again for each merge. */
function textSets() {
  const next = random(3);
  const letters = Array.from({ length: LONGEST_TEXT }, () => String.fromCharCode(97 + next() * 26)).join('');
  const bytes = Buffer.from(Array.from({ length: LONGEST_TEXT }, () => next() * 256)).toString();
  return [
    { name: 'English', texts: files('.', 'ARCHITECTURE.md').concat(files('docs', '.md')) },
    { name: 'code', texts: files('src', '.rs').concat(files('crates', '.rs')) },
    { name: '41 languages', texts: [manyScripts()] },
    { name: 'one letter, 256 KiB', texts: ['a'.repeat(LONGEST_TEXT)], withoutPeer: true },
    { name: 'one word of 256 KiB', texts: [letters], withoutPeer: true },
    { name: 'spaces, 256 KiB', texts: [' '.repeat(LONGEST_TEXT)], withoutPeer: true },
    { name: 'random bytes', texts: [bytes] },
  ];
}

/** Builds the counter and bundles gpt-tokenizer. Returns the paths of the modules by name. */
async function buildWorker() {
  await build({
    stdin: { contents: "export { countTokens } from 'gpt-tokenizer/encoding/o200k_base';", resolveDir: ROOT },
    bundle: true, format: 'esm', minify: true, outfile: join(folder, 'peer.js'), logLevel: 'error',
  });
  writeFileSync(join(folder, 'main.js'), `
    import { count, initSync } from './counter.js';
    import module from './counter_bg.wasm';
    import { serve } from './engines-worker.js';
    export default serve({
      wasm: () => { initSync({ module }); return count; },
      peer: async () => {
        const { countTokens } = await import('./peer.js');
        return (text) => countTokens(text, { disallowedSpecial: new Set() });
      },
    });`);
  return { 'main.js': join(folder, 'main.js'), 'peer.js': join(folder, 'peer.js'), ...await buildWasm('counter', folder) };
}

let workers = 0;
const start = async () => startWorkerd({ folder: join(folder, `workerd-${workers += 1}`), port: (await freePorts()).api, modules });

/** Extra milliseconds of an isolate's first count over the second one, mostly for creating the engine. */
async function firstCountMs(engine) {
  const attempts = [];
  for (let count = 0; count < START_COUNT; count += 1) {
    const worker = await start();
    try {
      for (let warm = 0; warm < 20; warm += 1) await time(worker, engine, ['Hello'], 0);
      const [cold, warm] = [await time(worker, engine, ['Hello'], 1), await time(worker, engine, ['Hello'], 1)];
      attempts.push(cold.ms - warm.ms);
    } finally {
      worker.stop();
    }
  }
  return attempts.toSorted((a, b) => a - b)[Math.floor(START_COUNT / 2)];
}

say('Building the counter');
const modules = await buildWorker();
const worker = await start();
try {
  const table = [];
  for (const { name, texts, withoutPeer } of textSets()) {
    say(`On workerd: ${name}`);
    const wasm = await measure(worker, 'wasm', texts);
    const peer = withoutPeer ? undefined : await measure(worker, 'peer', texts);
    table.push({ texts: name, engine: 'wasm', tokens: wasm.found, 'MB/s': Number(wasm.speed.toFixed(1)), 'to the peer': peer && `${(wasm.speed / peer.speed).toFixed(1)}x` });
    if (peer) table.push({ texts: name, engine: 'gpt-tokenizer', tokens: peer.found, 'MB/s': Number(peer.speed.toFixed(1)) });
  }
  console.table(table);
  say('First counts');
  console.log(`An isolate's first count: wasm ${(await firstCountMs('wasm')).toFixed(1)} ms, gpt-tokenizer ${(await firstCountMs('peer')).toFixed(1)} ms`);
  for (const name of ['counter_bg.wasm', 'peer.js']) {
    const file = readFileSync(modules[name]);
    console.log(`${name}: ${Math.round(file.length / 1000)} KB, ${Math.round(gzipSync(file).length / 1000)} KB gzipped`);
  }
} finally {
  worker.stop();
  rmSync(folder, { recursive: true, force: true });
}
