import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCircles } from './circles.mjs';
import { checkComments } from './comments.mjs';
import { findPageCircles } from './page.mjs';
import { read, withoutTests } from './rust.mjs';
import { measure, percentile } from './sizes.mjs';

/** @param {Record<string, string>} files */
const circlesIn = (files) => findCircles(new Map(Object.entries(files)), 'src/lib.rs');
/** @param {import('./circles.mjs').Circle[]} circles */
const members = (circles) => circles.map((circle) => circle.members);

test('two files that import each other are a circle, by use and by a path in code', () => {
  const { files, modules } = circlesIn({
    'src/lib.rs': 'pub mod a; pub mod b; pub mod c;',
    'src/a.rs': 'use crate::b::Thing;\npub struct Own;',
    'src/b.rs': 'pub struct Thing;\nfn f() -> crate::a::Own { super::a::Own }',
    'src/c.rs': 'use crate::{a::Own, b::Thing};',
  });
  assert.deepEqual(members(files), [['src/a.rs', 'src/b.rs']]);
  assert.deepEqual(members(modules), [['crate::a', 'crate::b']]);
  assert.deepEqual(files[0].imports, [
    { from: 'src/a.rs', to: 'src/b.rs', line: 1, path: 'crate::b::Thing' },
    { from: 'src/b.rs', to: 'src/a.rs', line: 2, path: 'crate::a::Own' },
  ]);
});

test('a module that only declares and exports its children imports none of them', () => {
  const { files } = circlesIn({
    'src/lib.rs': 'mod a;',
    'src/a/mod.rs': 'mod one; mod two; pub use one::One; pub(crate) use two::*; pub const LIMIT: u32 = 1;',
    'src/a/one.rs': 'use super::{LIMIT, Two}; pub struct One;',
    'src/a/two.rs': 'use super::LIMIT; pub struct Two;',
  });
  assert.deepEqual(files, []);
});

test('a path through an exported name leads to the file that defines it', () => {
  const { files, imports } = circlesIn({
    'src/lib.rs': 'mod a; mod b;',
    'src/a/mod.rs': 'mod one; pub use self::one::One as Renamed;',
    'src/a/one.rs': 'pub struct One(crate::b::Two);',
    'src/b.rs': 'pub struct Two; fn f(_: crate::a::Renamed) {}',
  });
  assert.deepEqual(members(files), [['src/a/one.rs', 'src/b.rs']]);
  assert.ok(!imports.some(({ to }) => to === 'src/a/mod.rs'));
});

test('a module that uses its child is imported by it when the child reaches for its parent', () => {
  const { files } = circlesIn({
    'src/lib.rs': 'mod a;',
    'src/a.rs': 'mod child; use child::work; pub struct Own; fn f() { work(); }',
    'src/a/child.rs': 'use super::Own; pub fn work() -> Own { Own }',
  });
  assert.deepEqual(members(files), [['src/a.rs', 'src/a/child.rs']]);
});

test('folders import each other in a circle even where their files do not', () => {
  const { files, modules } = circlesIn({
    'src/lib.rs': 'mod a; mod b;',
    'src/a/mod.rs': 'pub mod one; pub mod two;',
    'src/a/one.rs': 'use crate::b::three::Three;',
    'src/a/two.rs': 'pub struct Two;',
    'src/b/mod.rs': 'pub mod three; pub mod four;',
    'src/b/three.rs': 'pub struct Three;',
    'src/b/four.rs': 'use crate::a::two::Two;',
  });
  assert.deepEqual(files, []);
  assert.deepEqual(members(modules), [['crate::a', 'crate::b']]);
});

test('folders of the page import each other in a circle even where their files do not', () => {
  const { files, modules } = findPageCircles(new Map(Object.entries({
    'web/src/App.tsx': "import { Chat } from './chat/Chat.tsx';",
    'web/src/chat/Chat.tsx': "import type {\n  Api,\n} from '../api/api.ts';\nimport { useState } from 'react';",
    'web/src/chat/rows.ts': 'export interface Row {}',
    'web/src/api/api.ts': "import type { Row } from '../chat/rows.ts';",
  })), 'web/src');
  assert.deepEqual(members(files), []);
  assert.deepEqual(members(modules), [['api', 'chat']]);
});

test('imports of tests, comments and strings do not count', () => {
  const { files } = circlesIn({
    'src/lib.rs': 'mod a; mod b;',
    'src/a.rs': 'use crate::b::Thing; pub struct Own;',
    'src/b.rs': `pub struct Thing;
      // crate::a::Own
      /* /* crate::a::Own */ crate::a::Own */
      const TEXT: &str = "crate::a::Own"; const RAW: &str = r#"" crate::a::Own"#;
      #[cfg(test)]
      mod tests { use crate::a::Own; }
      #[cfg(test)] use crate::a::Own;
      #[cfg(test)] #[allow(dead_code)] fn helper<A, B>(own: crate::a::Own) {}`,
  });
  assert.deepEqual(files, []);
});

test('names of other crates and of local variables lead nowhere', () => {
  const { imports } = circlesIn({
    'src/lib.rs': 'mod b; use serde::Serialize; fn f() { std::mem::take(&mut 1); Vec::<u8>::new(); T::b(); }',
    'src/b.rs': 'use serde as a; use regex; fn g() { a::b(); regex::Regex::new(); }',
  });
  assert.deepEqual(imports, []);
});

test('comments that begin with a clause or have fewer than three words are found', () => {
  const source = `//! What the module is for.
//! More of it.

/// Masks a text
/// where it is personal.
fn a() {}
/// A text.
struct B;
/// Whatever is left.
/// # Errors
/// Whether it fails.
fn c() {}
//// Why this is no doc comment.
// How neither is this.
const D: &str = "/// Who";
/** Who is asked here? */
fn e() {}
/// Whether it is \`true\`.
#[doc(hidden)]
/// Part of the same item, begun anew.
fn f() {}
`;
  const { problems, total } = checkComments(new Map([['x.rs', source]]));
  assert.deepEqual(problems.map(({ line, problem }) => [line, problem]), [[1, 'clause'], [7, 'short'], [16, 'clause'], [18, 'clause']]);
  assert.equal(total, 7);
});

test('characters, lifetimes and raw words are told apart', () => {
  const { lexemes } = read(`fn r#type<'a>(x: &'a str) -> char { let y = '\\''; let z = b'{'; 'outer: loop { break 'outer } '"' }`);
  assert.deepEqual(lexemes.filter(({ kind }) => kind === 'lifetime').map(({ text }) => text), ["'a", "'a", "'outer", "'outer"]);
  assert.deepEqual(lexemes.filter(({ kind }) => kind === 'text').map(({ text }) => text), ["'\\''", "b'{'", `'"'`]);
  assert.equal(lexemes[1].text, 'type');
});

test('items of tests are left out and their lines counted', () => {
  const { lexemes, testLines } = withoutTests(read('struct A;\n#[cfg(test)]\nmod tests {\n  fn f() {}\n}\n#[cfg(not(test))]\nfn g() {}\n').lexemes);
  assert.equal(testLines, 4);
  assert.deepEqual(lexemes.filter(({ kind }) => kind === 'word').map(({ text }) => text), ['struct', 'A', 'cfg', 'not', 'test', 'fn', 'g']);
});

test('functions are measured', () => {
  const source = `impl A {
  pub async fn many<F: Fn(u8, u8) -> bool>(&self, a: u8, b: HashMap<u8, u8>, c: bool, d: (u8, u8), e: [u8; 2]) -> Vec<u8>
  where
    F: Send,
  {
    Vec::new()
  }
  fn short();
}
type Callback = fn(u8, u8);
`;
  const { functions, files } = measure(new Map([['x.rs', source]]));
  assert.deepEqual(functions, [
    { file: 'x.rs', name: 'many', line: 2, lines: 6, parameters: 5, hasReceiver: true, hasBool: true, hasTuple: true },
    { file: 'x.rs', name: 'short', line: 8, lines: 1, parameters: 0, hasReceiver: false, hasBool: false, hasTuple: false },
  ]);
  assert.deepEqual(files, [{ file: 'x.rs', lines: 10 }]);
  assert.equal(percentile([4, 1, 3, 2], 0.99), 4);
});
