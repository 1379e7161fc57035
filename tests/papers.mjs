// The papers say what the code says: variables, error codes, and links between pages.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { ROOT } from '../dev/bootstrap.mjs';
import { VARIABLES } from '../dev/settings.mjs';

const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), 'utf8');
const found = (/** @type {string} */ text, /** @type {RegExp} */ pattern) => [...text.matchAll(pattern)];
const sorted = (/** @type {Iterable<string>} */ names) => [...new Set(names)].sort();

checkVariables();
checkErrors();
checkLinks();
console.log('The papers name every variable and error code, and their links lead somewhere');

/** Rows of docs/configuration.md whose first cell is a variable of the Worker, and the names in src/config.rs. */
function checkVariables() {
  const page = read('docs/configuration.md').split('\n## ').find((part) => part.startsWith('Variables of the Worker'));
  assert.ok(page, 'docs/configuration.md has no section "Variables of the Worker"');
  const documented = sorted(found(page, /^\| `([A-Z0-9_]+)` \|/gm).map(([, name]) => name));
  const source = read('src/config.rs').split('#[cfg(test)]')[0];
  const inCode = sorted(found(source, /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g).map(([, name]) => name));
  assert.ok(inCode.length > 10, 'src/config.rs names no variables: this check reads it in a way that is out of date');
  assert.deepEqual(documented, inCode, 'docs/configuration.md and src/config.rs');
  assert.deepEqual(sorted(VARIABLES), inCode, 'dev/settings.mjs and src/config.rs');
}

/** Rows of the table of errors in docs/api.md, and the codes with their statuses in src/error.rs. */
function checkErrors() {
  const documented = sorted(found(read('docs/api.md'), /^\| `([a-z_]+)` \| (\d{3}) \|/gm).map(([, code, status]) => `${code} ${status}`));
  const inCode = sorted(found(read('src/error.rs'), /\("([a-z_]+)", (\d{3}), "/g).map(([, code, status]) => `${code} ${status}`));
  assert.ok(inCode.length > 30, 'src/error.rs has no codes: this check reads it in a way that is out of date');
  assert.deepEqual(documented, inCode, 'docs/api.md and src/error.rs');
}

/** Relative links and their anchors in all pages. */
function checkLinks() {
  const inFolder = (/** @type {string} */ folder) => readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.md')).map((file) => join(folder, file));
  const pages = ['.', 'docs', 'docs/decisions'].flatMap(inFolder).map(normalize);
  const anchors = new Map(pages.map((page) => [page, found(prose(page), /^#+ (.+)$/gm).map(([, title]) => anchor(title))]));
  const broken = pages.flatMap((page) => found(prose(page).replace(/`[^`\n]*`/g, ''), /\]\(([^)\s]+)\)/g).map(([, link]) => ({ page, link })))
    .filter(({ link }) => !/^[a-z]+:/.test(link))
    .filter(({ page, link }) => {
      const [path, fragment] = link.split('#');
      const target = path ? relative(ROOT, join(ROOT, dirname(page), path)) : page;
      return !existsSync(join(ROOT, target)) || (fragment && anchors.has(target) && !anchors.get(target)?.includes(fragment));
    });
  assert.deepEqual(broken, [], 'links that lead nowhere');
}

/** A page without its code. @param {string} page */
function prose(page) {
  return read(page).replace(/```.*?```/gs, '');
}

/** The anchor that GitHub gives to a title. @param {string} title */
function anchor(title) {
  return title.toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-');
}
