// The servers that `npm run bench` compares, each with its own way to be started and asked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { run } from '../dev/command.mjs';
import { freePort } from '../dev/ports.mjs';
import { ROOT } from '../dev/root.mjs';
import { builtWorker, startWorkerd } from './workerd.mjs';

/** Message of every turn: words to recall by, and a value to mask. */
const MESSAGE = 'What did we plan for the trip to Lisbon in May? Please send the summary to anna.keller@example.com.';

const LITELLM = 'litellm[proxy]==1.91.1';

/** Milliseconds that LiteLLM may take to start. */
const LITELLM_LIMIT_MS = 120_000;

/**
 * @typedef {object} Running
 * @property {string} url
 * @property {number} startMs from the start of the process to the first answer
 * @property {() => number} cpu milliseconds so far
 * @property {() => number} memory resident bytes
 * @property {() => Promise<void>} stop
 */

/** @typedef {{ access_token: string }} User */

/**
 * @typedef {object} Contestant
 * @property {string} label
 * @property {string} path of its chat route
 * @property {boolean} hasSessions keeps a history
 * @property {number} [restMs] milliseconds without a message after which it goes on working for the turns before
 * @property {(options: { user: User, session: string, isStreamed: boolean }) => { authorization: string, body: string }} request
 * @property {(folder: string) => Promise<Running>} start on a port of its own
 * @property {(folder: string) => number} disk bytes that its objects take
 */

/**
 * @param {object} environment
 * @param {string} environment.modelUrl
 * @param {Record<string, string>} environment.vars of the Worker
 * @param {string} environment.folder for what is built
 * @returns {Record<'floor' | 'peer' | 'peer-streamed' | 'litellm' | 'frontdesk', () => Promise<Contestant | undefined>>} undefined: cannot run here
 */
export function contestants({ modelUrl, vars, folder }) {
  const completion = { path: '/', hasSessions: false, request: completionRequest };
  const chat = { path: '/api/chat', hasSessions: true, request: chatRequest };
  const onWorkerd = (/** @type {Omit<Parameters<typeof startWorkerd>[0], 'folder' | 'port'>} */ worker) => ({
    start: async (/** @type {string} */ at) => startWorkerd({ folder: at, port: await freePort(), ...worker }),
    disk: (/** @type {string} */ at) => sizeOf(join(at, 'objects')),
  });
  return {
    floor: async () => ({
      label: 'pass-through', ...completion,
      ...onWorkerd({ modules: { 'proxy.js': join(ROOT, 'bench/proxy.js') }, vars: { MODEL_URL: `${modelUrl}/chat/completions` } }),
    }),
    peer: async () => ({
      label: 'TypeScript peer', ...chat,
      ...onWorkerd({ modules: { 'peer.js': await buildPeer(folder) }, vars, durableObjects: { USER: 'User' } }),
    }),
    // Asks the model for a stream even where its client wants none, as Frontdesk does.
    'peer-streamed': async () => ({
      label: 'peer, streamed upstream', ...chat,
      ...onWorkerd({ modules: { 'peer.js': await buildPeer(folder) }, vars: { ...vars, ALWAYS_STREAM: 'true' }, durableObjects: { USER: 'User' } }),
    }),
    litellm: async () => {
      const binary = await installLitellm();
      if (!binary) return undefined;
      return {
        label: 'LiteLLM proxy', ...completion, path: '/v1/chat/completions', start: (at) => startLitellm({ binary, folder: at, modelUrl }), disk: () => 0,
      };
    },
    // What it does in a rest of its users belongs to the turns: the shortest rest, so that it is done before the CPU is read.
    frontdesk: async () => ({
      label: 'Frontdesk', ...chat, ...onWorkerd({ vars: { ...vars, BACKGROUND_REST_SECONDS: '1' }, ...builtWorker() }), restMs: 1500,
    }),
  };
}

/** @type {Contestant['request']} */
function chatRequest({ user, session, isStreamed }) {
  return {
    authorization: `Bearer ${user.access_token}`,
    body: JSON.stringify({ message: MESSAGE, session_id: session, stream: isStreamed }),
  };
}

/** @type {Contestant['request']} */
function completionRequest({ isStreamed }) {
  const messages = [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content: MESSAGE }];
  return { authorization: 'Bearer none', body: JSON.stringify({ model: 'bench', messages, stream: isStreamed }) };
}

/** Bundles `bench/peer/`. Returns the path of the module. @param {string} folder */
async function buildPeer(folder) {
  const outfile = join(folder, 'peer.js');
  await build({
    entryPoints: [join(ROOT, 'bench/peer/worker.ts')], outfile, bundle: true, minify: true, format: 'esm', target: 'es2024',
    external: ['cloudflare:*'], conditions: ['workerd', 'worker', 'browser'], logLevel: 'warning',
  });
  return outfile;
}

/** Installs LiteLLM under `.dev/`. Returns the path of its command, or undefined where it does not install. */
async function installLitellm() {
  const folder = join(ROOT, '.dev/litellm');
  const binary = join(folder, 'bin/litellm');
  if (existsSync(binary)) return binary;
  console.error(`• Installing ${LITELLM} in .dev/litellm`);
  try {
    await run('venv', 'python3', ['-m', 'venv', folder]);
    await run('pip', join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', LITELLM]);
    return binary;
  } catch (error) {
    console.error(`• LiteLLM is left out, since it does not install here: ${error.message.trim().split('\n').at(-1)}`);
    return undefined;
  }
}

/** @param {{ binary: string, folder: string, modelUrl: string }} options @returns {Promise<Running>} */
async function startLitellm({ binary, folder, modelUrl }) {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config.json');
  const parameters = { model: 'openai/bench', api_base: modelUrl, api_key: 'bench' };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ model_list: [{ model_name: 'bench', litellm_params: parameters }], litellm_settings: { telemetry: false } }));
  const port = await freePort();
  const began = performance.now();
  const child = spawn(binary, ['--config', config, '--port', String(port), '--host', '127.0.0.1', '--telemetry', 'False'], {
    stdio: 'ignore', env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
  });
  const url = `http://127.0.0.1:${port}`;
  while (!await fetch(`${url}/health/liveliness`).then(({ ok }) => ok, () => false)) {
    if (performance.now() - began > LITELLM_LIMIT_MS || child.exitCode !== null) throw new Error('LiteLLM did not start.');
    await delay(20);
  }
  return {
    url,
    startMs: performance.now() - began,
    cpu: () => {
      const threads = readdirSync(`/proc/${child.pid}/task`).map((thread) => readFileSync(`/proc/${child.pid}/task/${thread}/schedstat`, 'utf8'));
      return threads.reduce((sum, times) => sum + Number(times.split(' ')[0]), 0) / 1e6;
    },
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** @param {string} folder */
function sizeOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
