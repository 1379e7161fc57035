// Runs cargo and tells how far it is, as cargo's own progress bar says.
import { run } from '../command.mjs';

/** Columns of the bar: wide enough for the names of all that is compiled at once. */
const BAR_WIDTH = 400;

/** Seconds from which on the time of a crate is worth showing. */
const LONG_S = 5;

/** Output of cargo that is no help when it fails. */
const NOISE = /^\s*(?:Building|Compiling|Downloading|Downloaded|Updating|Locking|Adding|Blocking|Fresh)\b.*$/;

/**
 * @param {string} name begins the sentence of a failure
 * @param {string[]} options
 * @param {{ step: import('../progress.mjs').Step, cwd?: string, env?: NodeJS.ProcessEnv }} context
 */
export async function runCargo(name, options, { step, cwd, env = {} }) {
  const bar = readBar();
  const timer = setInterval(() => step.update(bar.detail()), 200);
  try {
    await run(name, 'cargo', options, {
      cwd,
      env: { CARGO_TERM_PROGRESS_WHEN: 'always', CARGO_TERM_PROGRESS_WIDTH: String(BAR_WIDTH), CARGO_TERM_COLOR: 'never', ...env },
      read: bar.read,
    });
  } finally {
    clearInterval(timer);
  }
}

/** Keeps the last state of cargo's progress bar. @param {() => number} [now] */
export function readBar(now = Date.now) {
  /** @type {Map<string, number>} compiled at the moment, since when in ms */
  let running = new Map();
  let count = '';
  let activity = '';
  let rest = '';

  const readLine = (/** @type {string} */ line) => {
    const bar = /^\s*Building\s.*?(\d+)\/(\d+)(?:: (.*))?$/.exec(line);
    if (bar) {
      count = `${bar[1]} of ${bar[2]} compiled`;
      activity = '';
      const names = (bar[3] ?? '').split(',').map((name) => name.trim()).filter((name) => name && name !== '...');
      running = new Map(names.map((name) => [name, running.get(name) ?? now()]));
    } else if (/^\s*Blocking\b/.test(line)) {
      activity = 'waits for another build';
    } else if (/^\s*(?:Updating|Downloading|Downloaded)\b/.test(line)) {
      activity = 'downloads crates';
    }
  };

  return {
    /** @param {string} text @returns {string} without what only tells progress */
    read(text) {
      const lines = (rest + text).split(/[\r\n]/);
      rest = lines.pop() ?? '';
      lines.forEach(readLine);
      return lines.filter((line) => line.trim() && !NOISE.test(line)).map((line) => `${line.trimEnd()}\n`).join('');
    },
    detail() {
      if (activity || !count) return activity;
      const [longest] = [...running].sort(([, one], [, other]) => one - other);
      if (!longest) return count;
      const seconds = Math.round((now() - longest[1]) / 1000);
      return `${count}, now ${longest[0]}${seconds >= LONG_S ? ` for ${seconds} s` : ''}`;
    },
  };
}
