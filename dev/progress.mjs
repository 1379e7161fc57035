// Progress of steps that run side by side: one line that is refreshed on a terminal, a line every ten seconds elsewhere.

/** Milliseconds between two states of the line on a terminal. */
const REFRESH_MS = 200;

/** Milliseconds between two lines where they stay. */
const REPORT_MS = 10_000;

/** Clears the line that the cursor is in. */
const CLEAR_LINE = '\r\u001b[2K';

/**
 * @typedef {object} Step
 * @property {(detail: string) => void} update says how far it is
 * @property {(sentence: string) => void} done says what it has made; the time is added
 * @property {() => void} end ends it without a word
 */

/** @typedef {ReturnType<typeof startProgress>} Progress */

/** @param {{ output?: NodeJS.WriteStream, now?: () => number }} [options] */
export function startProgress({ output = process.stdout, now = Date.now } = {}) {
  /** @type {Set<{ name: string, started: number, detail: string }>} */
  const steps = new Set();
  /** Times of the first of the steps that run, and of the last end of one. */
  let began = now();
  let ended = began;
  let isDrawn = false;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const seconds = (/** @type {number} */ since) => Math.round((now() - since) / 1000);
  const clear = () => {
    if (isDrawn) output.write(CLEAR_LINE);
    isDrawn = false;
  };
  const say = (/** @type {string} */ line) => {
    clear();
    output.write(`${/^[ \n✗]/.test(line) ? line : `• ${line}`}\n`);
  };
  const report = () => {
    const states = [...steps].map(({ name, started: since, detail }) => `${name}: ${detail || `${seconds(since)} s`}`);
    // Seconds of the whole build: of steps that follow each other at once.
    const line = `  ${seconds(began)} s  ${states.join(' | ')}`;
    if (!output.isTTY) {
      output.write(`${line}\n`);
      return;
    }
    clear();
    // A longer line would wrap, and stay.
    output.write(line.slice(0, (output.columns || 80) - 1));
    isDrawn = true;
  };
  const schedule = () => {
    if (steps.size > 0) timer ??= setInterval(report, output.isTTY ? REFRESH_MS : REPORT_MS);
    else {
      clearInterval(timer);
      timer = undefined;
      clear();
    }
  };

  return {
    /** Prints a line that stays. */
    say,
    /**
     * Begins a step, which is shown until it ends.
     * @param {string} name
     * @returns {Step}
     */
    step(name) {
      const step = { name, started: now(), detail: '' };
      if (steps.size === 0 && now() - ended > REPORT_MS) began = now();
      steps.add(step);
      schedule();
      const end = () => {
        steps.delete(step);
        ended = now();
        schedule();
      };
      return {
        update: (detail) => { step.detail = detail; },
        done(sentence) {
          end();
          say(`${sentence} (${seconds(step.started)} s)`);
        },
        end,
      };
    },
    /** Removes the line of steps that did not end. */
    stop() {
      steps.clear();
      schedule();
    },
  };
}
