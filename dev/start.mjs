// `npm start`: sets up, builds and runs the whole system, and says where it is.
import { bootstrap, fail } from './bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ build }, { readSettings }, { startStack }, { announce }] = await Promise.all([
  import('./build.mjs'), import('./settings.mjs'), import('./stack.mjs'), import('./announce.mjs'),
]);

const say = (/** @type {string} */ line) => console.log(line.startsWith(' ') ? line : `• ${line}`);
/** @type {import('./stack.mjs').Stack | undefined} */
let stack;
let stopping = false;

/** @param {number} code */
async function stop(code) {
  if (stopping) return;
  stopping = true;
  await stack?.stop();
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!stopping) console.log('\n• Stopping');
    // Before the stack is up its parts end with this process.
    stop(0);
  });
}

try {
  const settings = readSettings();
  await build(say);
  stack = await startStack({ ...settings, say });
  announce(stack, settings.stateDir);
  const sentence = await stack.died;
  if (!stopping) {
    console.error(`✗ ${sentence} Logs are in ${settings.stateDir}/logs.`);
    await stop(1);
  }
} catch (error) {
  if (!stopping) fail(error.message);
}
