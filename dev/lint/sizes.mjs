// Sizes of the Rust code that readers notice: long functions, many parameters, long files.
import { isSign, isWord, read, skipGroup, withoutTests } from './rust.mjs';

/** @typedef {import('./rust.mjs').Lexeme} Lexeme */
/** @typedef {{ file: string, line: number, name: string, lines: number, parameters: number, hasReceiver: boolean, hasBool: boolean, hasTuple: boolean }} RustFunction `parameters` without the receiver */

/**
 * @param {Map<string, string>} sources by path; files of tests alone are left out by the caller
 * @returns {{ functions: RustFunction[], files: { file: string, lines: number }[] }} lines without those of tests
 */
export function measure(sources) {
  /** @type {RustFunction[]} */
  const functions = [];
  const files = [];
  for (const [file, source] of sources) {
    const { lexemes, testLines } = withoutTests(read(source).lexemes);
    files.push({ file, lines: source.trimEnd().split('\n').length - testLines });
    for (let index = 0; index < lexemes.length; index += 1) {
      if (!isWord(lexemes[index], 'fn') || lexemes[index + 1]?.kind !== 'word') continue;
      const measured = measureFunction(lexemes, index);
      if (measured) functions.push({ file, ...measured });
    }
  }
  return { functions, files };
}

/**
 * @param {Lexeme[]} lexemes
 * @param {number} start of `fn`
 */
function measureFunction(lexemes, start) {
  let open = start + 2;
  if (isSign(lexemes[open], '<')) open = skipGenerics(lexemes, open);
  if (!isSign(lexemes[open], '(')) return undefined;
  const close = skipGroup(lexemes, open);
  const parameters = splitParameters(lexemes.slice(open + 1, close - 1));
  let end = close;
  while (end < lexemes.length && !isSign(lexemes[end], ';', '{')) end = isSign(lexemes[end], '(', '[') ? skipGroup(lexemes, end) : end + 1;
  const last = isSign(lexemes[end], '{') ? skipGroup(lexemes, end) - 1 : end;
  const hasReceiver = parameters[0]?.some((lexeme) => isWord(lexeme, 'self')) ?? false;
  const types = parameters.slice(hasReceiver ? 1 : 0).map(typeOf);
  return {
    name: lexemes[start + 1].text,
    line: lexemes[start].line,
    lines: (lexemes[last]?.line ?? lexemes[start].line) - lexemes[start].line + 1,
    parameters: types.length,
    hasReceiver,
    hasBool: types.some((type) => type.length === 1 && isWord(type[0], 'bool')),
    hasTuple: types.some((type) => isSign(type[0], '(') && type.length > 2 && skipGroup(type, 0) === type.length),
  };
}

/**
 * `->` is one lexeme, so an angle bracket is one of generics here.
 * @param {Lexeme[]} lexemes
 * @param {number} open
 */
function skipGenerics(lexemes, open) {
  let depth = 0;
  for (let index = open; index < lexemes.length; index += 1) {
    if (isSign(lexemes[index], '<')) depth += 1;
    if (isSign(lexemes[index], '>')) depth -= 1;
    if (depth === 0) return index + 1;
  }
  return lexemes.length;
}

/**
 * @param {Lexeme[]} lexemes between the parentheses
 * @returns {Lexeme[][]} one list a parameter
 */
function splitParameters(lexemes) {
  /** @type {Lexeme[][]} */
  const parameters = [[]];
  let depth = 0;
  for (const lexeme of lexemes) {
    if (isSign(lexeme, '(', '[', '{', '<')) depth += 1;
    if (isSign(lexeme, ')', ']', '}', '>')) depth -= 1;
    if (depth === 0 && isSign(lexeme, ',')) parameters.push([]);
    else parameters.at(-1)?.push(lexeme);
  }
  return parameters.filter((parameter) => parameter.length > 0);
}

/** @param {Lexeme[]} parameter @returns {Lexeme[]} what stands after its colon */
function typeOf(parameter) {
  let depth = 0;
  for (const [index, lexeme] of parameter.entries()) {
    if (isSign(lexeme, '(', '[', '{')) depth += 1;
    if (isSign(lexeme, ')', ']', '}')) depth -= 1;
    if (depth === 0 && isSign(lexeme, ':')) return parameter.slice(index + 1);
  }
  return [];
}

/**
 * @param {number[]} values
 * @param {number} share from 0 to 1
 */
export function percentile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
