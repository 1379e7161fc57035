// The database of the local stack: PGlite in a child process, speaking Postgres' protocol on a port.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watchChild } from './part.mjs';

const SERVER = fileURLToPath(new URL('./postgres/server.mjs', import.meta.url));

/**
 * Resolves when migrations are applied and clients can connect. Up to 32 may, but PGlite is one engine: it runs one
 * query, or one open transaction, at a time, and `SET` without `LOCAL` holds for all clients until the next one
 * connects.
 *
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {string} options.dataDir made on the first start, which takes about 5 s; a later one takes under 1 s
 * @param {string} options.migrationsDir
 * @param {import('./part.mjs').Log} options.log
 * @returns {Promise<{ url: string, pid: number, stop: () => Promise<void>, kill: () => Promise<void>, exited: Promise<string> }>}
 */
export async function startPostgres({ port, dataDir, migrationsDir, log }) {
  const child = fork(SERVER, [JSON.stringify({ port, dataDir, migrationsDir })], { silent: true });
  const { gone, exited, stop, kill } = watchChild(child, 'Postgres', log);

  const outcome = await Promise.race([
    once(child, 'message').then(([message]) => message),
    gone.then((reason) => ({ failed: reason })),
  ]);
  if (outcome.failed) {
    await gone;
    throw new Error(outcome.failed);
  }
  return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, pid: child.pid ?? 0, stop, kill, exited };
}
