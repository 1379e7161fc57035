// A reader of Rust source text: lexemes with their lines, without a grammar. Strings, comments and lifetimes are told apart
// exactly, so that a brace or a word in one of them is never taken for code.

/**
 * @typedef {object} Lexeme
 * @property {'word' | 'sign' | 'text' | 'number' | 'lifetime'} kind a `text` is a string or a character
 * @property {string} text
 * @property {number} line counted from 1
 */

/**
 * @typedef {object} DocComment consecutive lines of one kind are one comment
 * @property {string} text without the marks
 * @property {number} line of its beginning, counted from 1
 */

const WORD = /[\p{XID_Start}_]\p{XID_Continue}*/uy;
const NUMBER = /\d[\w]*(?:\.\d[\w]*)?(?:(?<=[eE])[+-]\d+)?/y;
const SPACE = /\s+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const LIFETIME = /'[\p{XID_Start}_]\p{XID_Continue}*(?!')/uy;
const CHARACTER = /b?'(?:\\(?:u\{[^}]*\}|x[0-9a-fA-F]{2}|.)|[^\\'])'/suy;
const RAW_STRING = /(?:br|cr|r)(#*)"/y;
const STRING = /[bc]?"(?:\\.|[^"\\])*"/sy;
const RAW_WORD = /r#([\p{XID_Start}_]\p{XID_Continue}*)/uy;

/**
 * @param {string} source
 * @returns {{ lexemes: Lexeme[], docs: DocComment[] }}
 */
export function read(source) {
  /** @type {Lexeme[]} */
  const lexemes = [];
  /** @type {(DocComment & { end: number, mark: string })[]} */
  const docs = [];
  let at = 0;
  let line = 1;

  const match = (/** @type {RegExp} */ pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const advance = (/** @type {number} */ length) => {
    for (let index = at; index < at + length; index += 1) if (source[index] === '\n') line += 1;
    at += length;
  };
  const push = (/** @type {Lexeme['kind']} */ kind, /** @type {string} */ text, length = text.length) => {
    lexemes.push({ kind, text, line });
    advance(length);
  };

  while (at < source.length) {
    const space = match(SPACE);
    if (space) {
      advance(space[0].length);
      continue;
    }
    const comment = match(LINE_COMMENT)?.[0] ?? blockComment(source, at);
    if (comment) {
      addDoc(docs, comment, line);
      advance(comment.length);
      continue;
    }
    const rawString = match(RAW_STRING);
    if (rawString) {
      const close = source.indexOf(`"${rawString[1]}`, at + rawString[0].length);
      push('text', source.slice(at, close < 0 ? source.length : close + 1 + rawString[1].length));
      continue;
    }
    const text = match(STRING) ?? match(CHARACTER);
    if (text) {
      push('text', text[0]);
      continue;
    }
    const rawWord = match(RAW_WORD);
    if (rawWord) {
      push('word', rawWord[1], rawWord[0].length);
      continue;
    }
    const word = match(WORD);
    if (word) {
      push('word', word[0]);
      continue;
    }
    const lifetime = match(LIFETIME);
    if (lifetime) {
      push('lifetime', lifetime[0]);
      continue;
    }
    const number = match(NUMBER);
    if (number) {
      push('number', number[0]);
      continue;
    }
    push('sign', source.startsWith('::', at) || source.startsWith('->', at) || source.startsWith('=>', at) ? source.slice(at, at + 2) : source[at]);
  }
  return { lexemes, docs: docs.map(({ text, line: first }) => ({ text: text.trim(), line: first })) };
}

/**
 * Block comments nest in Rust.
 * @param {string} source
 * @param {number} start
 * @returns {string | undefined}
 */
function blockComment(source, start) {
  if (!source.startsWith('/*', start)) return undefined;
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    if (source.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (source.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return source.slice(start, at + 1);
    }
  }
  return source.slice(start);
}

/**
 * @param {(DocComment & { end: number, mark: string })[]} docs
 * @param {string} comment
 * @param {number} line
 */
function addDoc(docs, comment, line) {
  const mark = /^(?:\/\/\/(?!\/)|\/\/!|\/\*\*(?![*/])|\/\*!)/.exec(comment)?.[0];
  if (!mark) return;
  const isBlock = mark.startsWith('/*');
  const text = isBlock ? comment.slice(mark.length, -2).replace(/^\s*\* ?/gm, '') : comment.slice(mark.length).replace(/^ /, '');
  const previous = docs.at(-1);
  if (!isBlock && previous?.mark === mark && previous.end === line - 1) {
    previous.text += `\n${text}`;
    previous.end = line;
    return;
  }
  docs.push({ text, line, mark, end: line + comment.split('\n').length - 1 });
}

/**
 * The index after the bracket that closes the one at `open`.
 * @param {Lexeme[]} lexemes
 * @param {number} open
 */
export function skipGroup(lexemes, open) {
  let depth = 0;
  for (let index = open; index < lexemes.length; index += 1) {
    if (isSign(lexemes[index], '(', '[', '{')) depth += 1;
    else if (isSign(lexemes[index], ')', ']', '}')) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return lexemes.length;
}

/** Words that begin an item or a statement: a comma in it does not end it, as it ends a field or a variant. */
const ITEM_WORDS = ['async', 'const', 'enum', 'extern', 'fn', 'impl', 'let', 'macro_rules', 'mod', 'pub', 'static', 'struct', 'trait', 'type', 'unsafe', 'use'];

/**
 * The index after the item that begins at `start`: past its `;`, or past the braces of its body.
 * @param {Lexeme[]} lexemes
 * @param {number} start
 */
function skipItem(lexemes, start) {
  const ends = isWord(lexemes[start], ...ITEM_WORDS) ? [';'] : [';', ','];
  let index = start;
  while (index < lexemes.length) {
    if (isSign(lexemes[index], ...ends)) return index + 1;
    // The end of what surrounds it: a field or variant without a comma.
    if (isSign(lexemes[index], '}', ')')) return index;
    if (isSign(lexemes[index], '{')) return skipGroup(lexemes, index);
    index = isSign(lexemes[index], '(', '[') ? skipGroup(lexemes, index) : index + 1;
  }
  return index;
}

/**
 * @param {Lexeme | undefined} lexeme
 * @param {string[]} signs
 */
export function isSign(lexeme, ...signs) {
  return lexeme?.kind === 'sign' && signs.includes(lexeme.text);
}

/**
 * @param {Lexeme | undefined} lexeme
 * @param {string[]} words
 */
export function isWord(lexeme, ...words) {
  return lexeme?.kind === 'word' && words.includes(lexeme.text);
}

/**
 * The same without what is compiled for tests alone, and the lines that this leaves out.
 * @param {Lexeme[]} lexemes
 * @returns {{ lexemes: Lexeme[], testLines: number }}
 */
export function withoutTests(lexemes) {
  /** @type {Lexeme[]} */
  const kept = [];
  let testLines = 0;
  let index = 0;
  while (index < lexemes.length) {
    if (!isTestAttribute(lexemes, index)) {
      kept.push(lexemes[index]);
      index += 1;
      continue;
    }
    const first = lexemes[index].line;
    // Other attributes may stand between it and the item.
    while (isSign(lexemes[index], '#')) index = skipGroup(lexemes, index + 1);
    index = skipItem(lexemes, index);
    testLines += (lexemes[index - 1]?.line ?? first) - first + 1;
  }
  return { lexemes: kept, testLines };
}

/**
 * `#[cfg(test)]`, `#[cfg(all(test, …))]` and `#[test]`; not `any`, which holds outside of tests too.
 * @param {Lexeme[]} lexemes
 * @param {number} index
 */
function isTestAttribute(lexemes, index) {
  if (!isSign(lexemes[index], '#') || !isSign(lexemes[index + 1], '[')) return false;
  const words = lexemes.slice(index + 2, skipGroup(lexemes, index + 1)).filter(({ kind }) => kind === 'word').map(({ text }) => text);
  if (words.length === 1) return words[0] === 'test';
  return words[0] === 'cfg' && words.includes('test') && !words.includes('not') && !words.includes('any');
}
