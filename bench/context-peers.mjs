// Peers for `npm run bench:context`: common ways to choose the messages of a prompt, with the same messages, format and budgets.
import { embed, stems } from './context-model.mjs';

const DIMENSIONS = 1536;
const K1 = 1.2;
const B = 0.75;

/** @typedef {import('./context-data.mjs').Message} Message */
/** @typedef {(question: string) => Message[]} Ranking best first */

/** @param {Message[]} messages oldest first @returns {Record<string, Ranking>} */
export function peers(messages) {
  const newestFirst = messages.toReversed();
  return { 'last messages': () => newestFirst, BM25: bm25(messages), 'vectors only': vectorRanking(messages) };
}

/** Ranks messages by common words. @param {Message[]} messages @returns {Ranking} */
function bm25(messages) {
  const texts = messages.map(({ content }) => stems(content));
  const mean = texts.reduce((sum, words) => sum + words.length, 0) / texts.length;
  const frequency = new Map();
  for (const words of texts) for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return (question) => ranked(messages, (n) => {
    const words = texts[n];
    return [...new Set(stems(question))].reduce((score, word) => {
      const times = words.filter((other) => other === word).length;
      const rarity = Math.log(1 + (texts.length - (frequency.get(word) ?? 0) + 0.5) / ((frequency.get(word) ?? 0) + 0.5));
      return score + rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * words.length / mean));
    }, 0);
  });
}

/** Ranks messages by vector similarity. @param {Message[]} messages @returns {Ranking} */
function vectorRanking(messages) {
  const vectors = messages.map(({ content }) => embed(content, DIMENSIONS));
  return (question) => {
    const wanted = embed(question, DIMENSIONS);
    return ranked(messages, (n) => vectors[n].reduce((sum, value, dimension) => sum + value * wanted[dimension], 0));
  };
}

/** Sorts messages by score; newer ones first among equals. @param {Message[]} messages @param {(n: number) => number} score */
function ranked(messages, score) {
  const scored = messages.map((message, n) => ({ message, n, score: score(n) }));
  return scored.sort((a, b) => b.score - a.score || b.n - a.n).map(({ message }) => message);
}
