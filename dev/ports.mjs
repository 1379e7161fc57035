// Ports of the local machine.
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

/** @returns {Promise<import('./settings.mjs').Ports>} ports that nobody has at the moment */
export async function freePorts() {
  const probes = Array.from({ length: 5 }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const [api, supabase, database, postgrest, model] = probes.map(
    (probe) => /** @type {import('node:net').AddressInfo} */ (probe.address()).port,
  );
  await Promise.all(probes.map((probe) => new Promise((resolve) => { probe.close(resolve); })));
  return { api, supabase, database, postgrest, model };
}
