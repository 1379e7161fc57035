// Child processes of the local stack: their output and their end.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

/** Milliseconds between a request to end and SIGKILL. */
const GRACE = 10_000;

/** @typedef {string | import('node:stream').Writable} Log a file to append to, or a stream */

/**
 * @param {Log} log
 * @returns {import('node:stream').Writable}
 */
export function openLog(log) {
  return typeof log === 'string' ? createWriteStream(log, { flags: 'a' }) : log;
}

/**
 * Watches a child whose stdout and stderr are pipes.
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} name begins the sentence that `exited` resolves with
 * @param {Log} log
 */
export function watchChild(child, name, log) {
  const output = openLog(log);
  child.stdout?.pipe(output, { end: false });
  child.stderr?.pipe(output, { end: false });

  let expected = false;
  const gone = once(child, 'exit').then(([code, signal]) => {
    if (typeof log === 'string') output.end();
    return `${name} ended ${signal ? `by ${signal}` : `with exit code ${code}`}: see its log.`;
  }, (error) => `${name} could not be started: ${error.message}.`);

  // A part that outlives this process would keep its port.
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  gone.then(() => process.off('exit', endWithUs));

  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    expected = true;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await gone;
    clearTimeout(timer);
  };
  return {
    /** Resolves with the reason when the child ends, expected or not. */
    gone,
    /** Resolves with the reason only when the child ends by itself. @type {Promise<string>} */
    exited: new Promise((resolve) => { gone.then((reason) => { if (!expected) resolve(reason); }); }),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
