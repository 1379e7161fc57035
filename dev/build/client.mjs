// Builds the packages for clients of the API: one module without dependencies, and its types.
import { join } from 'node:path';
import { ROOT, packagedNode } from '../bootstrap.mjs';
import { run } from '../command.mjs';

export const CLIENT = join(ROOT, 'client/dist/index.js');

/** Builds the widget into the folder of the page, which is served with it. */
export async function buildWidget() {
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: [join(ROOT, 'widget/src/index.ts')], outfile: join(ROOT, 'web/dist/widget.js'), bundle: true, minify: true, format: 'iife', target: 'es2022', logLevel: 'warning',
  });
}

/** Builds client/dist. */
export async function buildClient() {
  const types = run('The types of the client', packagedNode(), [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'client']);
  // Not before npm's packages are there.
  const { build: bundle } = await import('esbuild');
  const code = bundle({
    entryPoints: [join(ROOT, 'client/src/index.ts')], outfile: CLIENT, bundle: true, minify: true, format: 'esm', target: 'es2022', logLevel: 'warning',
  });
  await Promise.all([types, code]);
}
