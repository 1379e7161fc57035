// What prompts hold and weigh, for `npm run bench:context`.
import { countChatCompletionTokens, countTokens } from 'gpt-tokenizer/model/gpt-4o';

/** @typedef {{ role: string, content: string }} Message */

const DATE = /\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}\b/g;

/** @param {Message[]} messages @returns {number} tokens of a prompt, framed as OpenAI counts them */
export const tokensOf = (messages) => /** @type {any} */ (countChatCompletionTokens)({ messages });

/** @type {Map<string, number>} */
const counted = new Map();

/** Tokens of a line. The same lines are in very many prompts. */
function lineTokens(/** @type {string} */ line) {
  const known = counted.get(line) ?? countTokens(line);
  counted.set(line, known);
  return known;
}

const dayOf = (at) => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

/**
 * The share of what answers a question that a prompt has, word for word; whether it has all of it; and whether the nearest date
 * before each is its day.
 * @param {Message[]} messages the last of them is the question
 * @param {import('./context-data.mjs').Said[]} evidence
 */
export function score(messages, evidence) {
  const text = messages.slice(0, -1).map(({ content }) => content).join('\n');
  const places = evidence.map(({ content, created_at }) => ({ at: text.indexOf(content), day: dayOf(created_at) }));
  const found = places.filter(({ at }) => at >= 0);
  const dated = found.filter(({ at, day }) => text.slice(0, at).match(DATE)?.at(-1) === day);
  return {
    recall: found.length / evidence.length,
    all: Number(found.length === evidence.length),
    dated: Number(dated.length === evidence.length),
  };
}

/**
 * A prompt of the best of a ranking that fit, oldest first, each day under its date.
 * @param {import('./context-data.mjs').Said[]} ranking
 * @param {string} persona
 * @param {string} question
 * @param {number} budget
 * @returns {Message[]}
 */
export function promptOf(ranking, persona, question, budget) {
  const prompt = (text) => [{ role: 'system', content: persona }, { role: 'system', content: text }, { role: 'user', content: question }];
  const header = 'From earlier conversations, each day under its date:\n';
  let left = budget - tokensOf(prompt(header));
  /** @type {Map<string, string>} */
  const days = new Map();
  for (const { role, content, created_at } of ranking) {
    const line = `${role === 'user' ? 'User' : 'You'}: ${content}\n`;
    const under = days.get(created_at) ?? `[${dayOf(created_at)}]\n`;
    const cost = lineTokens(line) + (days.has(created_at) ? 0 : lineTokens(under));
    if (cost > left) continue;
    left -= cost;
    days.set(created_at, under + line);
  }
  return prompt(header + [...days.keys()].sort().map((day) => days.get(day)).join(''));
}

/**
 * Tokens of the messages that two prompts begin with.
 * @param {Message[]} before
 * @param {Message[]} now
 */
export function sharedTokens(before, now) {
  const differs = now.findIndex(({ role, content }, at) => role !== before[at]?.role || content !== before[at].content);
  return differs === 0 ? 0 : tokensOf(now.slice(0, differs));
}
