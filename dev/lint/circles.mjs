// Import circles between the files of a Rust crate, and between its modules.
import { dirname, join } from 'node:path/posix';
import { isSign, isWord, read, skipGroup, withoutTests } from './rust.mjs';

/** @typedef {import('./rust.mjs').Lexeme} Lexeme */
/** @typedef {{ segments: string[], line: number }} NamedPath segments as written: `crate`, `super`, `self`, names, perhaps `*` at the end */

/**
 * @typedef {object} Module
 * @property {string} path such as `crate::chat::message`
 * @property {string} file
 * @property {Set<string>} children
 * @property {Set<string>} items names that are defined here
 * @property {Map<string, NamedPath>} aliases names that `use` brings in
 * @property {NamedPath[]} globs paths of `use …::*`
 * @property {NamedPath[]} named paths in code, and those of `use` that are not exported again
 */

/** @typedef {{ from: string, to: string, line: number, path: string }} Import files, and the first place that says so */
/** @typedef {{ members: string[], imports: Import[] }} Circle `imports` are those between members */

/** Deeper chains of names for the same item do not occur. */
const MAX_ALIASES = 12;

/** Keywords that a definition's name follows. */
const DEFINING = ['fn', 'struct', 'enum', 'trait', 'type', 'const', 'static', 'union', 'mod', 'macro_rules'];

/**
 * @param {Map<string, string>} sources of one crate by path, with `/` between folders
 * @param {string} root such as `src/lib.rs`
 * @returns {{ files: Circle[], modules: Circle[], imports: Import[] }}
 */
export function findCircles(sources, root) {
  /** @type {Map<string, Module>} */
  const modules = new Map();
  addFile({ sources, modules, file: root, path: 'crate', folder: dirname(root) });
  const imports = importsOf(modules);
  return { files: circlesOf(imports), modules: moduleCircles(modules, imports), imports };
}

/**
 * @param {object} place
 * @param {Map<string, string>} place.sources
 * @param {Map<string, Module>} place.modules
 * @param {string} place.file
 * @param {string} place.path
 * @param {string} place.folder where its child modules lie
 */
function addFile({ sources, modules, file, path, folder }) {
  const source = sources.get(file);
  if (source === undefined) return;
  const { lexemes } = withoutTests(read(source).lexemes);
  addModule({ sources, modules, file, path, folder }, lexemes);
}

/**
 * @param {{ sources: Map<string, string>, modules: Map<string, Module>, file: string, path: string, folder: string }} place
 * @param {Lexeme[]} lexemes of the module's body
 */
function addModule(place, lexemes) {
  const { sources, modules, path, file, folder } = place;
  /** @type {Module} */
  const module = { path, file, children: new Set(), items: new Set(), aliases: new Map(), globs: [], named: [] };
  modules.set(path, module);
  let depth = 0;
  let index = 0;
  while (index < lexemes.length) {
    const lexeme = lexemes[index];
    if (isSign(lexeme, '#') && isSign(lexemes[index + 1], '[')) {
      index = skipGroup(lexemes, index + 1);
      continue;
    }
    if (isWord(lexeme, 'use')) {
      index = addUse({ module, lexemes, index, isExported: depth === 0 && hasVisibility(lexemes, index) });
      continue;
    }
    if (isWord(lexeme, 'mod') && lexemes[index + 1]?.kind === 'word') {
      const name = lexemes[index + 1].text;
      module.children.add(name);
      module.items.add(name);
      const child = { ...place, path: `${path}::${name}`, folder: join(folder, name) };
      if (isSign(lexemes[index + 2], '{')) {
        const end = skipGroup(lexemes, index + 2);
        addModule(child, lexemes.slice(index + 3, end - 1));
        index = end;
        continue;
      }
      const childFile = [join(folder, `${name}.rs`), join(folder, name, 'mod.rs')].find((candidate) => sources.has(candidate));
      if (childFile) addFile({ ...child, file: childFile });
      index += 3;
      continue;
    }
    if (isSign(lexeme, '{')) depth += 1;
    if (isSign(lexeme, '}')) depth -= 1;
    if (depth === 0 && isWord(lexeme, ...DEFINING)) {
      const name = lexemes[isSign(lexemes[index + 1], '!') ? index + 2 : index + 1];
      if (name?.kind === 'word') module.items.add(name.text);
    }
    index = isPathStart(lexemes, index) ? addPath(module, lexemes, index) : index + 1;
  }
}

/** @param {Lexeme[]} lexemes @param {number} index of `use` */
function hasVisibility(lexemes, index) {
  const before = lexemes[index - 1];
  if (isWord(before, 'pub')) return true;
  if (!isSign(before, ')')) return false;
  let open = index - 1;
  while (open > 0 && !isSign(lexemes[open], '(')) open -= 1;
  return isWord(lexemes[open - 1], 'pub');
}

/** @param {Lexeme[]} lexemes @param {number} index */
function isPathStart(lexemes, index) {
  const before = lexemes[index - 1];
  return lexemes[index].kind === 'word' && isSign(lexemes[index + 1], '::') && !isSign(before, '::', '.');
}

/**
 * @param {Module} module
 * @param {Lexeme[]} lexemes
 * @param {number} start
 * @returns {number} the index after the path
 */
function addPath(module, lexemes, start) {
  const segments = [lexemes[start].text];
  let index = start + 1;
  while (isSign(lexemes[index], '::') && lexemes[index + 1]?.kind === 'word') {
    segments.push(lexemes[index + 1].text);
    index += 2;
  }
  module.named.push({ segments, line: lexemes[start].line });
  return index;
}

/**
 * @param {{ module: Module, lexemes: Lexeme[], index: number, isExported: boolean }} use
 * @returns {number} the index after its `;`
 */
function addUse({ module, lexemes, index, isExported }) {
  const { line } = lexemes[index];
  /** @param {number} at @param {string[]} prefix @returns {number} the index after the tree */
  const tree = (at, prefix) => {
    let here = at;
    const segments = [...prefix];
    while (true) {
      const lexeme = lexemes[here];
      if (lexeme?.kind === 'word' && lexeme.text !== 'as') {
        segments.push(lexeme.text);
        here += 1;
      } else if (isSign(lexeme, '::')) {
        here += 1;
      } else if (isSign(lexeme, '{')) {
        const end = skipGroup(lexemes, here);
        here += 1;
        while (here < end - 1) {
          here = tree(here, segments);
          if (isSign(lexemes[here], ',')) here += 1;
        }
        return end;
      } else if (isSign(lexeme, '*')) {
        const path = { segments, line: lexeme.line };
        module.globs.push(path);
        if (!isExported) module.named.push(path);
        return here + 1;
      } else {
        break;
      }
    }
    // `use a::{self}` names a.
    if (segments.length > 1 && segments.at(-1) === 'self') segments.pop();
    const path = { segments, line: lexemes[at]?.line ?? line };
    let name = segments.at(-1);
    if (isWord(lexemes[here], 'as')) {
      name = lexemes[here + 1]?.text;
      here += 2;
    }
    if (name) module.aliases.set(name, path);
    if (!isExported) module.named.push(path);
    return here;
  };
  const end = tree(index + 1, []);
  return isSign(lexemes[end], ';') ? end + 1 : Math.max(end, index + 1);
}

/** @param {Map<string, Module>} modules @returns {Import[]} each pair of files once */
function importsOf(modules) {
  /** @type {Map<string, Import>} */
  const imports = new Map();
  for (const module of modules.values()) {
    for (const { segments, line } of module.named) {
      const target = resolve(modules, module, segments);
      if (!target || target.file === module.file) continue;
      const key = `${module.file} ${target.file}`;
      if (!imports.has(key)) imports.set(key, { from: module.file, to: target.file, line, path: segments.join('::') });
    }
  }
  return [...imports.values()];
}

/**
 * The module that defines what a path names; nothing for another crate's.
 * @param {Map<string, Module>} modules
 * @param {Module} from
 * @param {string[]} segments
 * @returns {Module | undefined}
 */
function resolve(modules, from, segments, depth = 0) {
  if (depth > MAX_ALIASES) return undefined;
  const [first] = segments;
  if (first === 'crate') return descend(modules, modules.get('crate'), segments.slice(1), depth);
  if (first === 'self') return descend(modules, from, segments.slice(1), depth);
  if (first === 'super') {
    const parent = modules.get(from.path.slice(0, from.path.lastIndexOf('::')));
    if (!parent) return undefined;
    return segments[1] === 'super' ? resolve(modules, parent, segments.slice(1), depth + 1) : descend(modules, parent, segments.slice(1), depth);
  }
  const alias = from.aliases.get(first);
  // `use regex;` brings in the crate by its own name.
  const isSelf = alias?.segments.length === 1 && alias.segments[0] === first;
  if (alias && !isSelf) return resolve(modules, from, [...alias.segments, ...segments.slice(1)], depth + 1);
  return from.children.has(first) ? descend(modules, from, segments, depth) : undefined;
}

/**
 * @param {Map<string, Module>} modules
 * @param {Module | undefined} module
 * @param {string[]} segments
 * @param {number} depth
 * @returns {Module | undefined}
 */
function descend(modules, module, segments, depth) {
  if (!module || segments.length === 0) return module;
  const [name, ...rest] = segments;
  const child = module.children.has(name) ? modules.get(`${module.path}::${name}`) : undefined;
  if (child) return descend(modules, child, rest, depth);
  if (module.items.has(name)) return module;
  const alias = module.aliases.get(name);
  if (alias) return resolve(modules, module, [...alias.segments, ...rest], depth + 1) ?? undefined;
  for (const glob of module.globs) {
    const source = resolve(modules, module, glob.segments, depth + 1);
    if (source && (source.items.has(name) || source.aliases.has(name))) return descend(modules, source, segments, depth + 1);
  }
  return module;
}

/**
 * Modules beside each other, each with all that lies in it.
 * @param {Map<string, Module>} modules
 * @param {Import[]} imports
 * @returns {Circle[]}
 */
function moduleCircles(modules, imports) {
  /** @type {Map<string, string>} the outermost module of a file */
  const ofFile = new Map();
  for (const { path, file } of modules.values()) if (!ofFile.has(file)) ofFile.set(file, path);
  /** @type {Map<string, Map<string, Import>>} by the module that both are in */
  const levels = new Map();
  for (const { from, to, line, path } of imports) {
    const here = (ofFile.get(from) ?? '').split('::');
    const there = (ofFile.get(to) ?? '').split('::');
    let common = 0;
    while (common < here.length && here[common] === there[common]) common += 1;
    // One is an ancestor of the other: a matter of files.
    if (common === here.length || common === there.length) continue;
    const level = here.slice(0, common).join('::');
    const edge = { from: here.slice(0, common + 1).join('::'), to: there.slice(0, common + 1).join('::'), line, path: `${from}:${line} ${path}` };
    const edges = levels.get(level) ?? new Map();
    if (!edges.has(`${edge.from} ${edge.to}`)) edges.set(`${edge.from} ${edge.to}`, edge);
    levels.set(level, edges);
  }
  return [...levels.values()].flatMap((edges) => circlesOf([...edges.values()]));
}

/**
 * Strongly connected components of more than one member (Tarjan), the largest first.
 * @param {Import[]} imports
 * @returns {Circle[]}
 */
export function circlesOf(imports) {
  /** @type {Map<string, string[]>} */
  const targets = new Map();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  /** @type {Map<string, { index: number, low: number, isOpen: boolean }>} */
  const seen = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const components = [];
  const visit = (/** @type {string} */ node) => {
    const mine = { index: seen.size, low: seen.size, isOpen: true };
    seen.set(node, mine);
    stack.push(node);
    for (const next of targets.get(node) ?? []) {
      const other = seen.get(next) ?? visit(next);
      if (other.isOpen) mine.low = Math.min(mine.low, other.low);
    }
    if (mine.low === mine.index) {
      const members = stack.splice(stack.indexOf(node));
      for (const member of members) /** @type {{ isOpen: boolean }} */ (seen.get(member)).isOpen = false;
      if (members.length > 1) components.push(members.sort());
    }
    return mine;
  };
  for (const node of [...targets.keys()].sort()) if (!seen.has(node)) visit(node);
  return components.sort((one, other) => other.length - one.length).map((members) => ({
    members,
    imports: imports.filter(({ from, to }) => members.includes(from) && members.includes(to)),
  }));
}
