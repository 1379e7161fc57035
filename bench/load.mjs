// Runs the model stand-in and the load generator of `bench/load/`, which are native so that they are never the limit of a measurement.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../dev/ports.mjs';
import { cargo } from './engines.mjs';

/** Milliseconds between two attempts to connect to the stand-in, and how many there are. */
const POLL_MS = 10;
const ATTEMPTS = 500;

/** Bytes that a report may have: it contains every time of every request. */
const REPORT_BYTES = 256 * 1024 * 1024;

/**
 * @typedef {object} Plan
 * @property {string} url of the route
 * @property {{ authorization: string, body: string }[]} connections each sends its body again and again; `{n}` in it becomes the number
 *   of the request in 12 digits
 * @property {number} [requests] of each connection at most
 * @property {number} [seconds] after which no request begins
 * @property {number} chunks that each answer must contain
 */

/**
 * @typedef {object} LoadReport times in milliseconds, a number for each request
 * @property {number} seconds from the first request to the last byte
 * @property {number[]} sent_us in microseconds since 1970
 * @property {number[]} first_ms until the first token
 * @property {number[]} whole_ms
 * @property {number[]} gap_ms longest gap between two chunks
 * @property {number} stalls gaps over 100 ms
 * @property {number} chunks
 */

/** Compiles both programs. Returns the path of the binary. */
export function buildLoad() {
  return join(cargo('load', '--locked'), 'release/load');
}

/**
 * @param {string} binary
 * @param {Plan} plan
 * @returns {Promise<LoadReport>}
 */
export async function runLoad(binary, { url, connections, requests = Number.MAX_SAFE_INTEGER, seconds = 3600, chunks }) {
  const { host, pathname } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'frontdesk-load-'));
  try {
    const file = join(folder, 'plan.json');
    writeFileSync(file, JSON.stringify({ address: host, path: pathname, connections, requests, seconds, chunks }));
    const { stdout } = await promisify(execFile)(binary, ['run', file], { maxBuffer: REPORT_BYTES });
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @typedef {Awaited<ReturnType<typeof startLoadModel>>} LoadModel */

/** Starts the stand-in of the model. @param {string} binary */
export async function startLoadModel(binary) {
  const port = await freePort();
  const child = spawn(binary, ['model', String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}/v1`;
  const call = async (/** @type {string} */ path, /** @type {object} */ body = {}) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return response.json();
  };
  for (let attempt = 0; !await call('/arrivals').then(() => true, () => false); attempt += 1) {
    if (attempt === ATTEMPTS || child.exitCode !== null) throw new Error('The model stand-in did not start.');
    await delay(POLL_MS);
  }
  return {
    url,
    /**
     * Sets the form of all later answers; what is left out has its default.
     * @param {{ chunks?: number, interval_ms?: number, embeddings_ms?: number | null }} settings `embeddings_ms` null: vectors never come
     */
    set: (settings) => call('/settings', settings),
    /** Arrivals of completion requests since the last call, in microseconds since 1970. @returns {Promise<number[]>} */
    arrivals: () => call('/arrivals'),
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
