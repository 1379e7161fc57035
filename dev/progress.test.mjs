import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { startProgress } from './progress.mjs';

/** @param {object} [terminal] */
function fakeOutput(terminal = {}) {
  /** @type {string[]} */
  const written = [];
  const output = /** @type {any} */ ({ write: (/** @type {string} */ text) => written.push(text), ...terminal });
  return { output, written };
}

test('elsewhere than on a terminal, all steps are reported in a line every ten seconds', () => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const { output, written } = fakeOutput();
  const progress = startProgress({ output });
  const worker = progress.step('Worker');
  const packages = progress.step('npm packages');
  worker.update('3 of 9 compiled, now syn');
  mock.timers.tick(10_000);
  packages.done('npm packages installed');
  mock.timers.tick(10_000);
  worker.end();
  mock.timers.tick(60_000);
  progress.step('Release');
  mock.timers.tick(10_000);
  progress.stop();
  assert.deepEqual(written, [
    '  10 s  Worker: 3 of 9 compiled, now syn | npm packages: 10 s\n',
    '• npm packages installed (10 s)\n',
    '  20 s  Worker: 3 of 9 compiled, now syn\n',
    '  10 s  Release: 10 s\n',
  ]);
  mock.timers.reset();
});

test('on a terminal, one line is drawn over itself, no longer than the terminal is wide, and leaves nothing behind', () => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const { output, written } = fakeOutput({ isTTY: true, columns: 20 });
  const progress = startProgress({ output });
  const step = progress.step('Worker');
  step.update('a very long state of things');
  mock.timers.tick(400);
  progress.say('Adding a target');
  progress.stop();
  mock.timers.tick(60_000);
  const line = '  0 s  Worker: a ve';
  assert.deepEqual(written, [line, '\r\u001b[2K', line, '\r\u001b[2K', '• Adding a target\n']);
  mock.timers.reset();
});
