// Runs Workers on workerd like a deployment, without the proxy of `wrangler dev`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const CLOCK_TICKS_PER_SECOND = 100;
const workerd = createRequire(import.meta.resolve('wrangler')).resolve('workerd/bin/workerd');

/**
 * @param {object} options
 * @param {string} options.folder for the configuration and the Durable Objects
 * @param {number} options.port
 * @param {Record<string, string>} options.modules paths by name; the first is the Worker
 * @param {Record<string, string>} [options.vars]
 * @param {Record<string, string>} [options.durableObjects] classes by binding
 */
export async function startWorkerd({ folder, port, modules, vars = {}, durableObjects = {} }) {
  mkdirSync(join(folder, 'objects'), { recursive: true });
  for (const [name, path] of Object.entries(modules)) writeFileSync(join(folder, name), readFileSync(path));
  writeFileSync(join(folder, 'config.capnp'), config({ port, modules, vars, durableObjects }));
  const child = spawn(workerd, ['serve', 'config.capnp', '--experimental'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await fetch(`${url}/healthz`).then(() => true, () => false)) break;
    await delay(50);
  }
  return {
    url,
    /** CPU time so far, in milliseconds; Linux only. */
    cpu: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) * (1000 / CLOCK_TICKS_PER_SECOND);
    },
    /** Resident memory now, in bytes (Linux). */
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function config({ port, modules, vars, durableObjects }) {
  const embed = ([name]) => `(name = "${name}", ${name.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "${name}")`;
  const classes = Object.entries(durableObjects);
  const bindings = [
    ...Object.entries(vars).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`),
    ...classes.map(([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`),
  ];
  const namespaces = classes.map(([, className]) => `(className = "${className}", uniqueKey = "bench-${className}", enableSql = true)`);
  const objects = classes.length > 0 && `
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "objects"),`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = "objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [${Object.entries(modules).map(embed).join(', ')}],
  bindings = [${bindings.join(', ')}],${objects || ''}
);
`;
}
