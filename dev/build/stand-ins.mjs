// For tests of the modules that workerd loads: bundles one with stand-ins for the compiled module and for `cloudflare:workers`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * @param {string} folder where the bundle and the stand-ins are written
 * @param {import('esbuild').BuildOptions} input the module, as an entry point or as text
 * @param {{ compiled: string, workers: string }} standIns source text
 * @returns {Promise<any>} the module
 */
export async function importWithStandIns(folder, input, { compiled, workers }) {
  const outfile = join(folder, 'bundle.mjs');
  writeFileSync(join(folder, 'index.js'), compiled);
  writeFileSync(join(folder, 'workers.js'), workers);
  await build({
    ...input,
    outfile,
    bundle: true,
    format: 'esm',
    plugins: [{
      name: 'stand-ins',
      setup(bundler) {
        bundler.onResolve({ filter: /^\.\/index\.js$/ }, () => ({ path: join(folder, 'index.js') }));
        bundler.onResolve({ filter: /^cloudflare:workers$/ }, () => ({ path: join(folder, 'workers.js') }));
      },
    }],
  });
  return import(pathToFileURL(outfile).href);
}
