// Ports of the local machine.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * @param {number} port
 * @returns {Promise<boolean>} false if a program listens on it
 */
export async function isFree(port) {
  const probe = createServer().listen(port, '127.0.0.1');
  const free = await once(probe, 'listening').then(() => true, () => false);
  if (free) await new Promise((resolve) => { probe.close(resolve); });
  return free;
}

/**
 * Throws if a port is in use. To be called before a part starts: another program on its port would answer in its place.
 * @param {number} port
 * @param {string} part as the message names it
 * @param {string} variable
 */
export async function requireFreePort(port, part, variable) {
  if (await isFree(port)) return;
  throw new Error(`Port ${port} for ${part} is in use: stop the program that has it, or set ${variable} to a free one.`);
}

/**
 * Range of the free ports. Systems give higher ones to outgoing connections, which could take a port before a part listens on it.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** @returns {Promise<number>} a port that is free at the moment */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) return port;
  }
}

/** @returns {Promise<import('./settings.mjs').Ports>} ports that are free at the moment */
export async function freePorts() {
  /** @type {Set<number>} */
  const found = new Set();
  while (found.size < 5) found.add(await freePort());
  const [api, supabase, database, postgrest, model] = found;
  return { api, supabase, database, postgrest, model };
}
