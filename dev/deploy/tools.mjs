// The command lines of Cloudflare and Supabase, and the network, as the checks use them. Tests put others in their place.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, packagedNode } from '../bootstrap.mjs';

/**
 * @typedef {object} Ended
 * @property {number} code
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env] beside this process's own
 * @property {boolean} [isShown] true: its output goes to this terminal and is not returned
 */

/** @typedef {(options: string[], context?: RunOptions) => Promise<Ended>} Command */

/** @typedef {{ wrangler: Command, supabase: Command, fetch: typeof fetch }} Tools */

/** @returns {Tools} */
export function createTools() {
  const script = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
  return {
    wrangler: (options, context) => run(packagedNode(), [script('wrangler/bin/wrangler.js'), ...options], {
      ...context, env: { WRANGLER_SEND_METRICS: 'false', ...context?.env },
    }),
    supabase: (options, context) => run(script('.bin/supabase'), options, context),
    fetch,
  };
}

/**
 * @param {string} command
 * @param {string[]} options
 * @param {RunOptions} [context]
 * @returns {Promise<Ended>}
 */
function run(command, options, { env = {}, isShown = false } = {}) {
  const output = isShown ? 'inherit' : 'pipe';
  const child = spawn(command, options, {
    cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', output, output], shell: process.platform === 'win32' && command.endsWith('supabase'),
  });
  const ended = { code: 1, stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => { ended.stdout += text; });
  child.stderr?.setEncoding('utf8').on('data', (text) => { ended.stderr += text; });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ...ended, stderr: error.message }));
    child.once('close', (code) => resolve({ ...ended, code: code ?? 1 }));
  });
}
