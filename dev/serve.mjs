// Runs the whole system until it is interrupted or a part of it ends. `npm start` has built it.
import { announce } from './announce.mjs';
import { fail } from './bootstrap.mjs';
import { startProgress } from './progress.mjs';
import { readSettings } from './settings.mjs';
import { startStack } from './stack.mjs';

const { say } = startProgress();
/** @type {import('./stack.mjs').Stack | undefined} */
let stack;
let isStopping = false;

/** @param {number} code */
async function stop(code) {
  if (isStopping) return;
  isStopping = true;
  await stack?.stop();
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!isStopping) say('\n• Stopping');
    // Before the stack is up its parts end with this process.
    stop(0);
  });
}

try {
  const settings = readSettings();
  stack = await startStack({ ...settings, profile: 'dev', say });
  announce(stack, settings.stateDir);
  const sentence = await stack.died;
  if (!isStopping) {
    console.error(`✗ ${sentence} Logs are in ${settings.stateDir}/logs.`);
    await stop(1);
  }
} catch (error) {
  if (!isStopping) fail(error.message);
}
