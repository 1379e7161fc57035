// What `npm run bench:context` compares with: prompts as most examples make them, of the same messages, in the same form, within
// the same budgets.
import { embed, stems } from './context-model.mjs';

const DIMENSIONS = 1536;
const K1 = 1.2;
const B = 0.75;

/** @typedef {import('./context-data.mjs').Said} Said */
/** @typedef {(question: string) => Said[]} Ranking the best first */

/** @param {Said[]} said oldest first @returns {Record<string, Ranking>} */
export function peers(said) {
  const newest = said.toReversed();
  return { 'last messages': () => newest, BM25: bm25(said), 'vectors only': dense(said) };
}

/** By the words that question and message have in common. @param {Said[]} said @returns {Ranking} */
function bm25(said) {
  const texts = said.map(({ content }) => stems(content));
  const mean = texts.reduce((sum, words) => sum + words.length, 0) / texts.length;
  const frequency = new Map();
  for (const words of texts) for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return (question) => ranked(said, (_, at) => {
    const words = texts[at];
    return [...new Set(stems(question))].reduce((score, word) => {
      const times = words.filter((other) => other === word).length;
      const rarity = Math.log(1 + (texts.length - (frequency.get(word) ?? 0) + 0.5) / ((frequency.get(word) ?? 0) + 0.5));
      return score + rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * words.length / mean));
    }, 0);
  });
}

/** By the vectors of messages, each by itself. @param {Said[]} said @returns {Ranking} */
function dense(said) {
  const vectors = said.map(({ content }) => embed(content, DIMENSIONS));
  return (question) => {
    const wanted = embed(question, DIMENSIONS);
    return ranked(said, (_, at) => vectors[at].reduce((sum, value, n) => sum + value * wanted[n], 0));
  };
}

/** @param {Said[]} said @param {(one: Said, at: number) => number} score of equals, the newer first */
function ranked(said, score) {
  const scored = said.map((one, at) => ({ one, at, score: score(one, at) }));
  return scored.sort((a, b) => b.score - a.score || b.at - a.at).map(({ one }) => one);
}
