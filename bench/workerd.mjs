// Runs Workers on workerd like a deployment, without the proxy of `wrangler dev`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WORKER_FOLDERS } from '../dev/build/worker.mjs';
import { ROOT } from '../dev/root.mjs';

/** Milliseconds between two requests until the first answer. */
const POLL_MS = 5;

/** Milliseconds that a start may take. */
const START_LIMIT_MS = 60_000;

const workerd = createRequire(import.meta.resolve('wrangler')).resolve('workerd/bin/workerd');

/** Modules and Durable Objects of the release, for `startWorkerd`. */
export function builtWorker() {
  const bindings = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8').matchAll(/^name = "(\w+)"\nclass_name = "(\w+)"/gm);
  return {
    modules: Object.fromEntries(['index.js', 'index_bg.wasm'].map((name) => [name, join(WORKER_FOLDERS.release, name)])),
    durableObjects: Object.fromEntries([...bindings].map(([, name, className]) => [name, className])),
  };
}

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
  const began = performance.now();
  const child = spawn(workerd, ['serve', 'config.capnp', '--experimental'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  while (!await fetch(`${url}/healthz`).then(() => true, () => false)) {
    if (performance.now() - began > START_LIMIT_MS) throw new Error(`workerd did not answer within ${START_LIMIT_MS / 1000} s`);
    await delay(POLL_MS);
  }
  const startMs = performance.now() - began;
  return {
    url,
    /** Milliseconds from the start of the process to the first answer. */
    startMs,
    /** CPU time of all threads so far, in milliseconds; Linux only. */
    cpu: () => {
      const threads = readdirSync(`/proc/${child.pid}/task`).map((thread) => readFileSync(`/proc/${child.pid}/task/${thread}/schedstat`, 'utf8'));
      return threads.reduce((sum, times) => sum + Number(times.split(' ')[0]), 0) / 1e6;
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
