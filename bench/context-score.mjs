// Scores prompts for `npm run bench:context`: their evidence and their tokens.
import { countChatCompletionTokens, countTokens } from 'gpt-tokenizer/model/gpt-4o';

/** @typedef {{ role: string, content: string }} PromptMessage */

const DATE = /\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}\b/g;

/** Tokens of a prompt, with OpenAI's overhead for each message. @param {PromptMessage[]} messages @returns {number} */
export const tokensOf = (messages) => /** @type {any} */ (countChatCompletionTokens)({ messages });

/** Token counts by line: prompts share most lines. @type {Map<string, number>} */
const counted = new Map();

function lineTokens(/** @type {string} */ line) {
  const known = counted.get(line) ?? countTokens(line);
  counted.set(line, known);
  return known;
}

const dayOf = (at) => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

/**
 * Scores a prompt by the evidence that it contains word for word. `recall` is the share of the evidence; `all` is 1 if it is complete;
 * `dated` is 1 if, in addition, the nearest date before each message is its day.
 * @param {PromptMessage[]} messages the question is the last one
 * @param {import('./context-data.mjs').Message[]} evidence
 */
export function score(messages, evidence) {
  const text = messages.slice(0, -1).map(({ content }) => content).join('\n');
  const positions = evidence.map(({ content, created_at }) => ({ start: text.indexOf(content), day: dayOf(created_at) }));
  const found = positions.filter(({ start }) => start >= 0);
  const dated = found.filter(({ start, day }) => text.slice(0, start).match(DATE)?.at(-1) === day);
  return {
    recall: found.length / evidence.length,
    all: Number(found.length === evidence.length),
    dated: Number(dated.length === evidence.length),
  };
}

/**
 * Builds a prompt of the best-ranked messages that fit the budget, oldest first, each day under its date.
 * @param {{ ranking: import('./context-data.mjs').Message[], persona: string, question: string, budget: number }} input
 * @returns {PromptMessage[]}
 */
export function buildPrompt({ ranking, persona, question, budget }) {
  const prompt = (text) => [{ role: 'system', content: persona }, { role: 'system', content: text }, { role: 'user', content: question }];
  const header = 'From earlier conversations, each day under its date:\n';
  let left = budget - tokensOf(prompt(header));
  /** @type {Map<string, string>} */
  const days = new Map();
  for (const { role, content, created_at } of ranking) {
    const line = `${role === 'user' ? 'User' : 'You'}: ${content}\n`;
    const section = days.get(created_at) ?? `[${dayOf(created_at)}]\n`;
    const cost = lineTokens(line) + (days.has(created_at) ? 0 : lineTokens(section));
    if (cost > left) continue;
    left -= cost;
    days.set(created_at, section + line);
  }
  return prompt(header + [...days.keys()].sort().map((day) => days.get(day)).join(''));
}

/**
 * Tokens of the common prefix of two prompts, in whole messages.
 * @param {PromptMessage[]} before
 * @param {PromptMessage[]} now
 */
export function sharedTokens(before, now) {
  const firstDifference = now.findIndex(({ role, content }, n) => role !== before[n]?.role || content !== before[n].content);
  return firstDifference === 0 ? 0 : tokensOf(now.slice(0, firstDifference));
}
