// Ports of the local machine.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether nobody listens on it
 */
export async function isFree(port) {
  const probe = createServer().listen(port, '127.0.0.1');
  const free = await once(probe, 'listening').then(() => true, () => false);
  if (free) await new Promise((resolve) => { probe.close(resolve); });
  return free;
}

/**
 * Asked beforehand, because another program on the port would answer in the place of a part that failed to start.
 * @param {number} port
 * @param {string} what
 * @param {string} variable
 */
export async function requireFreePort(port, what, variable) {
  if (await isFree(port)) return;
  throw new Error(`Port ${port} for ${what} is in use: stop the program that has it, or set ${variable} to a free one.`);
}

/**
 * Where free ports are looked for: below those that systems give to outgoing connections, one of which could have the
 * port before it is listened on.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** @returns {Promise<number>} a port that nobody has at the moment */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) return port;
  }
}

/** @returns {Promise<import('./settings.mjs').Ports>} ports that nobody has at the moment */
export async function freePorts() {
  /** @type {Set<number>} */
  const found = new Set();
  while (found.size < 5) found.add(await freePort());
  const [api, supabase, database, postgrest, model] = found;
  return { api, supabase, database, postgrest, model };
}
