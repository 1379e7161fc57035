// Documentation comments that begin with a clause where a noun or a verb is expected, or are too short to say anything.
import { read } from './rust.mjs';

/** Openings that begin a clause without a head. */
const CLAUSE = /^(?:What|Whether|Who|Whose|Why|How|Where|Which|When)\b/;

/** A shorter comment repeats the name that it stands above. */
const MIN_WORDS = 3;

/** @typedef {{ file: string, line: number, problem: 'clause' | 'short', text: string }} CommentProblem `text` is the first line */

/**
 * @param {Map<string, string>} sources by path
 * @returns {{ problems: CommentProblem[], total: number }} `total` counts all doc comments
 */
export function checkComments(sources) {
  /** @type {CommentProblem[]} */
  const problems = [];
  let total = 0;
  for (const [file, source] of sources) {
    for (const { text, line } of read(source).docs) {
      total += 1;
      const problem = CLAUSE.test(text) ? 'clause' : countWords(text) < MIN_WORDS ? 'short' : undefined;
      if (problem) problems.push({ file, line, problem, text: text.split('\n')[0] });
    }
  }
  return { problems, total };
}

/** @param {string} text */
function countWords(text) {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
