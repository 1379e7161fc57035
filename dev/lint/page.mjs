// Import circles between the files of the page, and between its folders.
import { dirname, join } from 'node:path/posix';
import { circlesOf } from './circles.mjs';

/** @typedef {import('./circles.mjs').Circle} Circle */

/**
 * @param {Map<string, string>} sources TypeScript by path, with `/` between folders
 * @param {string} root folder whose files count as one
 * @returns {{ files: Circle[], modules: Circle[] }} `modules` are folders
 */
export function findPageCircles(sources, root) {
  const imports = [...sources].flatMap(([from, source]) => source.split('\n').flatMap((text, index) => {
    const path = /(?:from |import |import\()'(\.[^']+)'/.exec(text)?.[1];
    const to = path && join(dirname(from), path);
    return to && sources.has(to) ? [{ from, to, line: index + 1, path }] : [];
  }));
  const folder = (/** @type {string} */ file) => file.slice(root.length + 1).split('/').slice(0, -1)[0] ?? root;
  const between = imports.map((found) => ({ ...found, from: folder(found.from), to: folder(found.to) })).filter(({ from, to }) => from !== to);
  return { files: circlesOf(imports), modules: circlesOf(between) };
}
