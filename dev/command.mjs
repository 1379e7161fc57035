// Runs a tool: quiet while all is well, with its output when it fails.
import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

/** Characters of output that are shown of a tool that failed. */
const SHOWN = 8000;

/**
 * @param {string} name begins the sentence of a failure
 * @param {string} command
 * @param {string[]} options
 * @param {object} [context]
 * @param {string} [context.cwd]
 * @param {NodeJS.ProcessEnv} [context.env] beside this process's own
 * @param {boolean} [context.shell] as Windows needs it to run npm
 * @param {(text: string) => string} [context.read] sees all output and returns the part to show of a failure
 */
export async function run(name, command, options, { cwd = ROOT, env = {}, shell = false, read = (text) => text } = {}) {
  const child = spawn(command, options, { cwd, env: { ...process.env, ...env }, shell, stdio: ['ignore', 'pipe', 'pipe'] });
  // Not left behind when this process is interrupted.
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => { output = (output + read(text)).slice(-SHOWN); });
  }
  const code = await new Promise((resolve) => { child.once('close', resolve).once('error', resolve); });
  process.off('exit', end);
  if (code !== 0) throw new Error(`${name} failed:\n${output || code}`);
}
