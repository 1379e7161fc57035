// Builds what runs and what is deployed, side by side: the chat page, the Worker, and the packages for its clients.
import { buildPackages } from './client.mjs';
import { buildPage } from './page.mjs';
import { buildWorker } from './worker.mjs';

/**
 * @param {object} options
 * @param {import('./worker.mjs').Profile} options.profile
 * @param {Promise<void>} [options.packages] resolves when npm's packages are there: cargo does not wait for them
 * @param {import('../progress.mjs').Progress} options.progress
 */
export async function build({ profile, packages = Promise.resolve(), progress }) {
  await Promise.all([
    buildWorker({ profile, packages, progress }), buildPage({ profile, packages, progress }), packages.then(buildPackages),
  ]);
}
