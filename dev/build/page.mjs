// Builds the chat page into web/dist.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, packagedNode } from '../bootstrap.mjs';
import { run } from '../command.mjs';
import { buildWidget } from './client.mjs';
import { readFrameAncestors, withFrameAncestors } from './frame-ancestors.mjs';

/** Files and folders that the page is built from. */
const INPUTS = ['web', 'widget', 'client', 'dev/build/client.mjs', 'package-lock.json'];

/** Generated folders in them. */
const MADE = ['dist', 'node_modules'];

/**
 * @param {object} options
 * @param {import('./worker.mjs').Profile} options.profile a release is built anew each time, whatever its inputs are
 * @param {Promise<void>} options.packages resolves when npm's packages are there
 * @param {import('../progress.mjs').Progress} options.progress
 */
export async function buildPage({ profile, packages, progress }) {
  await packages;
  const stamp = join(ROOT, 'build/page-made-of');
  const ancestors = readFrameAncestors();
  const madeOf = `${fingerprint()} ${ancestors}`;
  const isFresh = existsSync(join(ROOT, 'web/dist/index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === madeOf;
  if (isFresh && profile === 'dev') return;
  const step = progress.step('Page');
  await run('The page', packagedNode(), [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', 'web', '--logLevel', 'warn']);
  // After the page, which empties the folder.
  await buildWidget();
  const headers = join(ROOT, 'web/dist/_headers');
  writeFileSync(headers, withFrameAncestors(readFileSync(headers, 'utf8'), ancestors));
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  writeFileSync(stamp, madeOf);
  step.done('Page built');
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const path of INPUTS.filter((input) => existsSync(join(ROOT, input))).flatMap(filesOf).sort()) {
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  }
  return hash.digest('hex');
}

/** @param {string} path of a file or folder @returns {string[]} */
function filesOf(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path)).filter((name) => !MADE.includes(name)).flatMap((name) => filesOf(`${path}/${name}`));
}
