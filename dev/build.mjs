// `npm run build`, and the build command of wrangler.toml: the chat page into web/dist, the Worker into build/.
//
// Always a release, unless `--dev` asks for the development profile, which has a folder of its own: `wrangler deploy` cannot upload
// one.
import { fail, installPackages, requireTools } from './bootstrap.mjs';
import { build } from './build/all.mjs';
import { startProgress } from './progress.mjs';

// `npm start` and the tests have built what they run, and start `wrangler dev` more than once. A deployment is always built.
if (process.env.WRANGLER_COMMAND === 'dev' && process.env.FRONTDESK_IS_BUILT) process.exit(0);

requireTools();
const progress = startProgress();
try {
  await build({ profile: process.argv.includes('--dev') ? 'dev' : 'release', packages: installPackages(progress), progress });
} catch (error) {
  progress.stop();
  fail(error.message);
}
