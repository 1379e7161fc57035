import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { ROOT } from './bootstrap.mjs';
import { LOCAL_VARIABLES, VARIABLES, readSettings } from './settings.mjs';
import { envFile } from './worker.mjs';

const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), 'utf8');
const sorted = (/** @type {Iterable<string>} */ names) => [...new Set(names)].sort();

test('.dev.vars.example has every variable once, each with a comment above it', () => {
  const lines = read('.dev.vars.example').split('\n');
  const entries = [...lines.entries()].filter(([, line]) => /^(?:# ?)?[A-Z][A-Z0-9_]+=/.test(line));
  const names = entries.map(([, line]) => line.replace(/^# ?/, '').split('=')[0]);
  assert.deepEqual([...names].sort(), sorted([...VARIABLES, ...LOCAL_VARIABLES]));
  for (const [index, line] of entries) {
    assert.match(lines[index - 1], /^# [A-Z].*(?:Default: |[Rr]equired)/, `the comment above ${line}`);
  }
});

test('.dev.vars.example sets nothing when it is copied as it is', () => {
  assert.deepEqual(parseEnv(read('.dev.vars.example')), {});
});

test('docs/configuration.md has the variables of npm start', () => {
  const section = read('docs/configuration.md').split('\n## ').find((part) => part.startsWith('Variables of `npm start`')) ?? '';
  assert.deepEqual(sorted([...section.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name]) => name)), sorted(LOCAL_VARIABLES));
});

test('every variable of the Worker that src/config.rs reads is passed on to it unchanged', () => {
  const source = read('src/config.rs').split('#[cfg(test)]')[0];
  const names = sorted([...source.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)].map(([, name]) => name));
  const values = Object.fromEntries(names.map((name, index) => [name, `{"value":"${index} \\\\b'#"}`]));
  const before = { ...process.env };
  try {
    Object.assign(process.env, values);
    assert.deepEqual({ ...parseEnv(envFile(readSettings().vars)) }, values);
  } finally {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, before);
  }
});
