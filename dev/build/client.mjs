// Builds the packages for clients of the API: each one module, and its types.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, packagedNode } from '../bootstrap.mjs';
import { run } from '../command.mjs';

export const CLIENT = join(ROOT, 'client/dist/index.js');

export const REACT = join(ROOT, 'react/dist/index.js');

/** Builds the widget into the folder of the page, which is served with it. */
export async function buildWidget() {
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: [join(ROOT, 'widget/src/index.ts')], outfile: join(ROOT, 'web/dist/widget.js'), bundle: true, minify: true, format: 'iife', target: 'es2022', logLevel: 'warning',
  });
}

/** Builds client/dist and react/dist. */
export async function buildPackages() {
  await buildClient();
  // Its types are made of the client's.
  await buildReact();
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

/** Builds react/dist: the page that uses it has its other packages. */
async function buildReact() {
  const folder = join(ROOT, 'react/dist');
  const types = run('The types of the package for React', packagedNode(), [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'react/tsconfig.build.json']);
  const { build: bundle } = await import('esbuild');
  const code = bundle({
    entryPoints: [join(ROOT, 'react/src/index.ts')], outfile: REACT, bundle: true, format: 'esm', target: 'es2022', jsx: 'automatic', packages: 'external',
    // Not the project's, whose paths lead to the sources of the client: its page has the package.
    tsconfigRaw: {}, logLevel: 'warning',
  });
  const { outputFiles: [{ text }] } = await bundle({ entryPoints: [join(ROOT, 'react/src/styles.ts')], bundle: true, format: 'esm', write: false, logLevel: 'warning' });
  const { STYLES } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'styles.css'), STYLES.trimStart());
  await Promise.all([types, code]);
}
