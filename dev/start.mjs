// `npm start`: sets up, builds and runs the whole system, and says where it is.
import { fileURLToPath } from 'node:url';
import { fail, installPackages, isCurrentNode, requireTools, runInPackagedNode } from './bootstrap.mjs';
import { build } from './build/all.mjs';
import { startProgress } from './progress.mjs';
import { readSettings } from './settings.mjs';

const SERVE = './serve.mjs';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

requireTools();
const progress = startProgress();
// Ends cargo and npm with this process.
const interrupt = () => process.exit(1);
SIGNALS.forEach((signal) => process.once(signal, interrupt));
try {
  // A mistake in there should not be told after minutes of building.
  readSettings();
  await build({ profile: 'dev', packages: installPackages(progress), progress });
} catch (error) {
  progress.stop();
  fail(error.message);
}
SIGNALS.forEach((signal) => process.off(signal, interrupt));

// The first time, this may be a Node that only builds.
if (isCurrentNode()) await import(SERVE);
else process.exit(await runInPackagedNode(fileURLToPath(new URL(SERVE, import.meta.url))));
