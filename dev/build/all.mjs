// Builds what runs and what is deployed, side by side: the chat page, the Workers, and the packages for its clients.
import { buildPackages } from './client.mjs';
import { buildPage } from './page.mjs';
import { buildWorkers } from './worker.mjs';

/**
 * @param {object} options
 * @param {import('./worker.mjs').Profile} options.profile
 * @param {Promise<void>} [options.packages] resolves when npm's packages are there: cargo does not wait for them
 * @param {import('../progress.mjs').Progress} options.progress
 */
export async function build({ profile, packages = Promise.resolve(), progress }) {
  await Promise.all([
    buildWorkers({ profile, packages, progress }), buildPage({ profile, packages, progress }), packages.then(buildPackages),
  ]);
}
