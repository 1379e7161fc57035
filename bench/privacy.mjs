// `npm run bench:privacy [-- FILE]`: speed of the PII detectors. Natively in one thread; and on workerd in WebAssembly, beside the same
// job with JavaScript regular expressions, in one run. FILE (or PRIVACY_TEXTS) adds a set of texts, as JSON lines {"text"}. Compare the
// rows, not machines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../dev/bootstrap.mjs';
import { freePorts } from '../dev/ports.mjs';
import { buildWasm, cargo, measure, say } from './engines.mjs';
import { messages } from './privacy-texts.mjs';
import { startWorkerd } from './workerd.mjs';

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));

/** @returns {[string, string[]][]} names and texts */
function textSets() {
  const { plain, personal } = messages();
  const path = process.argv[2] ?? process.env.PRIVACY_TEXTS;
  const own = path ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).text) : undefined;
  return [['no personal data', plain], ['personal data', personal], ...(own ? [[path, own]] : [])];
}

/** Builds the detectors for workerd. Returns the paths of the modules by name. */
async function buildWorker() {
  writeFileSync(join(folder, 'main.js'), `
    import { initSync, spans } from './detect.js';
    import module from './detect_bg.wasm';
    import { find } from './privacy-peer.js';
    import { serve } from './engines-worker.js';
    initSync({ module });
    const findings = (find) => () => (text) => find(text).length / 2;
    export default serve({ wasm: findings(spans), peer: findings(find) });`);
  return {
    'main.js': join(folder, 'main.js'), 'privacy-peer.js': join(ROOT, 'bench/privacy-peer.js'), ...await buildWasm('detect', folder),
  };
}

const table = [];
const sets = textSets();
say('Building the detectors natively');
const target = cargo('detect', '--bin', 'detect');
for (const [at, [name, texts]] of sets.entries()) {
  say(`Natively: ${name}`);
  const file = join(folder, `${at}.jsonl`);
  writeFileSync(file, texts.map((text) => JSON.stringify({ text })).join('\n'));
  const result = JSON.parse(execFileSync(join(target, 'release/detect'), [file], { encoding: 'utf8' }));
  table.push({ texts: name, engine: 'native', found: result.found, 'MB/s': Math.round(result['MB/s']) });
}
say('Building the detectors for workerd');
const modules = await buildWorker();
const worker = await startWorkerd({ folder: join(folder, 'workerd'), port: (await freePorts()).api, modules });
try {
  for (const [name, texts] of sets) {
    say(`On workerd: ${name}`);
    const [wasm, peer] = [await measure(worker, 'wasm', texts), await measure(worker, 'peer', texts)];
    table.push(
      { texts: name, engine: 'wasm', found: wasm.found, 'MB/s': Math.round(wasm.speed), 'to the peer': `${(wasm.speed / peer.speed).toFixed(1)}x` },
      { texts: name, engine: 'JavaScript', found: peer.found, 'MB/s': Number(peer.speed.toFixed(1)) },
    );
  }
  console.table(table);
  const wasm = readFileSync(modules['detect_bg.wasm']);
  console.log(`The detectors' WebAssembly: ${Math.round(wasm.length / 1000)} KB, ${Math.round(gzipSync(wasm).length / 1000)} KB gzipped`);
} finally {
  worker.stop();
  rmSync(folder, { recursive: true, force: true });
}
