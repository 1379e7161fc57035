import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBar } from './cargo.mjs';

test('the crate that has been compiled longest is told with its time, of how many', () => {
  let now = 0;
  const bar = readBar(() => now);
  assert.equal(bar.detail(), '');
  bar.read('    Updating crates.io index\n');
  assert.equal(bar.detail(), 'downloads crates');
  // Cargo's bar comes in pieces, and is drawn over itself.
  bar.read('    Building [=>      ] 3/31: syn, fut');
  bar.read('ures-sink\r');
  assert.equal(bar.detail(), '3 of 31 compiled, now syn');
  now = 7400;
  bar.read('    Building [==>     ] 4/31: memchr, syn    \r   Compiling serde v1.0.0\n');
  assert.equal(bar.detail(), '4 of 31 compiled, now syn for 7 s');
  bar.read('    Building [=====>  ] 30/31: frontdesk(bin)\r');
  assert.equal(bar.detail(), '30 of 31 compiled, now frontdesk(bin)');
});

test('a build that waits for another says so', () => {
  const bar = readBar();
  bar.read('    Blocking waiting for file lock on build directory\n');
  assert.equal(bar.detail(), 'waits for another build');
});

test('only what helps is kept of the output', () => {
  const bar = readBar();
  const shown = bar.read('   Compiling a v1.0.0\n    Building [>  ] 0/1: a\rerror[E0425]: cannot find value\n  --> src/lib.rs:1:1\n\n');
  assert.equal(shown, 'error[E0425]: cannot find value\n  --> src/lib.rs:1:1\n');
});
