// Checks that the compilers do not have: import circles, and of the Rust code the form of documentation comments and sizes.
//
//   node dev/lint.mjs             reports all of it and never fails
//   node dev/lint.mjs circles     fails on files or modules that import each other in a circle
//   node dev/lint.mjs comments    fails on comments that begin with a clause or have fewer than three words
//   node dev/lint.mjs sizes       prints statistics
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCircles } from './lint/circles.mjs';
import { checkComments } from './lint/comments.mjs';
import { findPageCircles } from './lint/page.mjs';
import { measure, percentile } from './lint/sizes.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Lines without tests that a file should not exceed. */
const MAX_LINES = 450;

/** Parameters from which on a function should take a struct. */
const MANY_PARAMETERS = 5;

/** The folder of the page's sources. */
const PAGE = 'web/src';

/** Entries of a list that the report shows. */
const SHOWN = 10;

/** @type {Record<string, (options: { isReport: boolean }) => number>} each returns how many problems it found */
const CHECKS = { circles: reportCircles, comments: reportComments, sizes: reportSizes };

const wanted = process.argv[2];
if (wanted !== undefined && !(wanted in CHECKS)) {
  console.error(`Run "node dev/lint.mjs" with one of ${Object.keys(CHECKS).join(', ')}, or with nothing for a report.`);
  process.exit(2);
}
if (wanted) process.exit(CHECKS[wanted]({ isReport: false }) > 0 ? 1 : 0);
for (const check of Object.values(CHECKS)) check({ isReport: true });

/** @param {{ isReport: boolean }} options */
function reportCircles({ isReport }) {
  let count = 0;
  const found = [
    ...crates().map(({ root, sources }) => ({ root, ...findCircles(sources, root) })),
    { root: PAGE, ...findPageCircles(readFolder(PAGE, /\.tsx?$/), PAGE) },
  ];
  for (const { root, files, modules } of found) {
    // Modules of another crate are named as its users would.
    const named = (/** @type {string} */ member) => member.replace(/^crate(?=::)/, root === 'src/lib.rs' ? 'crate' : root.split('/')[1]);
    for (const [kind, circles] of /** @type {const} */ ([['files', files], ['modules', modules]])) {
      for (const { members, imports } of circles) {
        count += 1;
        console.log(`circle of ${members.length} ${kind}: ${members.map(named).join(', ')}`);
        const listed = isReport ? imports.slice(0, SHOWN) : imports;
        for (const { from, to, line, path } of listed) {
          console.log(kind === 'files' ? `  ${from}:${line} imports ${to} (${path})` : `  ${named(from)} imports ${named(to)} (${path})`);
        }
        if (listed.length < imports.length) console.log(`  and ${imports.length - listed.length} more: node dev/lint.mjs circles`);
      }
    }
  }
  console.log(`import circles: ${count}`);
  return count;
}

/** @param {{ isReport: boolean }} options */
function reportComments({ isReport }) {
  const { problems, total } = checkComments(rustSources());
  const listed = isReport ? problems.slice(0, SHOWN) : problems;
  for (const { file, line, problem, text } of listed) {
    console.log(`${file}:${line}: ${problem === 'clause' ? 'begins with a clause' : 'has fewer than three words'}: ${text}`);
  }
  if (listed.length < problems.length) console.log(`and ${problems.length - listed.length} more: node dev/lint.mjs comments`);
  const share = total > 0 ? ((problems.length / total) * 100).toFixed(1) : '0.0';
  console.log(`doc comments that begin with a clause or are too short: ${problems.length} of ${total} (${share} %)`);
  return problems.length;
}

function reportSizes() {
  const sources = new Map([...rustSources()].filter(([file]) => !isTestFile(file)));
  const { functions, files } = measure(sources);
  const many = functions.filter(({ parameters }) => parameters >= MANY_PARAMETERS);
  const long = files.filter(({ lines }) => lines > MAX_LINES).sort((one, other) => other.lines - one.lines);
  const lines = functions.map((measured) => measured.lines);
  const edge = files.filter(({ file }) => file.startsWith('src/edge/')).reduce((sum, file) => sum + file.lines, 0);
  console.log(`functions: ${functions.length}, half of them up to ${percentile(lines, 0.5)} lines, 99 % up to ${percentile(lines, 0.99)}, the longest ${Math.max(0, ...lines)}`);
  console.log(`functions with ${MANY_PARAMETERS} or more parameters besides self: ${many.length}`);
  for (const { file, line, name, parameters } of many.slice(0, SHOWN)) console.log(`  ${file}:${line} ${name} (${parameters})`);
  console.log(`functions with a bare bool parameter: ${functions.filter(({ hasBool }) => hasBool).length}; with a tuple parameter: ${functions.filter(({ hasTuple }) => hasTuple).length}`);
  console.log(`files over ${MAX_LINES} lines without tests: ${long.length}`);
  for (const file of long.slice(0, SHOWN)) console.log(`  ${file.file} (${file.lines})`);
  console.log(`src/edge: ${edge} lines`);
  return 0;
}

/** The library crates of the workspace, each with its root and its files by path. */
function crates() {
  const folders = ['.', ...(existsSync(join(ROOT, 'crates')) ? readdirSync(join(ROOT, 'crates')).map((name) => `crates/${name}`) : [])];
  return folders.map((folder) => (folder === '.' ? 'src' : `${folder}/src`)).filter((folder) => existsSync(join(ROOT, folder, 'lib.rs')))
    .map((folder) => ({ root: `${folder}/lib.rs`, sources: readFolder(folder) }));
}

/** All Rust files that the rules for comments hold for. */
function rustSources() {
  const sources = new Map([...readFolder('src'), ...readFolder('crates')]);
  if (existsSync(join(ROOT, 'build.rs'))) sources.set('build.rs', readFileSync(join(ROOT, 'build.rs'), 'utf8'));
  return sources;
}

/** @param {string} folder @param {RegExp} [names] @returns {Map<string, string>} files by path from the root, with `/` between folders */
function readFolder(folder, names = /\.rs$/) {
  if (!existsSync(join(ROOT, folder))) return new Map();
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) => names.test(name));
  return new Map(files.map((name) => name.replaceAll('\\', '/')).sort()
    .map((name) => [`${folder}/${name}`, readFileSync(join(ROOT, folder, name), 'utf8')]));
}

/** @param {string} file */
function isTestFile(file) {
  return /(?:^|\/)tests?(?:\.rs$|\/)/.test(file) || /(?:^|\/)(?:benches|examples)\//.test(file);
}
