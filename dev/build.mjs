// `npm run build`, and the build command of wrangler.toml: the chat page into web/dist, the Workers into build/. `readers` builds the Worker
// that reads files alone: it is the build command of crates/readers-worker/wrangler.toml.
//
// Always a release, unless `--dev` asks for the development profile, which has a folder of its own: `wrangler deploy` cannot upload
// one.
import { fail, installPackages, requireTools } from './bootstrap.mjs';
import { build } from './build/all.mjs';
import { buildWorkers } from './build/worker.mjs';
import { startProgress } from './progress.mjs';
import { runReadersBeside } from './readers-beside.mjs';

const isDev = process.env.WRANGLER_COMMAND === 'dev';
const isReaders = process.argv.includes('readers');

// `npm start` and the tests have built what they run, and start `wrangler dev` more than once. A deployment is always built.
if (isDev && process.env.FRONTDESK_IS_BUILT) process.exit(0);

requireTools();
const progress = startProgress();
/** @type {import('./build/worker.mjs').Profile} */
const profile = process.argv.includes('--dev') ? 'dev' : 'release';
const packages = installPackages(progress);
try {
  if (isReaders) await buildWorkers({ profile, names: ['readers'], packages, progress });
  else await build({ profile, packages, progress });
} catch (error) {
  progress.stop();
  fail(error.message);
}
if (isDev && !isReaders) runReadersBeside();
