// Runs a tool: quiet while all is well, with progress while it takes long, with its output when it fails.
import { spawn } from 'node:child_process';
import { ROOT } from './bootstrap.mjs';

/** Milliseconds between two lines of progress. */
const REPORT_EVERY = 10_000;

/** Characters of output shown of a tool that failed. */
const SHOWN = 8000;

/**
 * @param {string} name what progress and failure are reported of
 * @param {string} command
 * @param {string[]} options
 * @param {object} context
 * @param {(line: string) => void} context.say
 * @param {string} [context.cwd]
 * @param {NodeJS.ProcessEnv} [context.env] beside this process's own
 */
export async function run(name, command, options, { say, cwd = ROOT, env = {} }) {
  const child = spawn(command, options, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let compiled = 0;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      compiled += text.match(/^\s+Compiling /gm)?.length ?? 0;
      output = (output + text).slice(-SHOWN);
    });
  }
  const started = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`  ${name}: ${compiled > 0 ? `${compiled} crates compiled, ` : ''}${seconds} s`);
  }, REPORT_EVERY);
  const code = await new Promise((resolve) => { child.once('close', resolve).once('error', resolve); });
  clearInterval(timer);
  if (code !== 0) throw new Error(`${name} failed:\n${output || code}`);
}
