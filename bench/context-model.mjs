// A model for `npm run bench:context`: answers at once, keeps what it was asked, and embeds texts by hashing their words. Such
// vectors know nothing of meaning: texts are near to each other that have words, or parts of words, in common.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';

const STOP = new Set(`
  a about all also am an and any are as at be been but by can could did do does for from had has have he her his how i if in into is it its
  me more my no not of on or our she so some than that the their them there they this to was we were what when where which who will with
  would you your`.trim().split(/\s+/));

/** Trigrams weigh less than words: they are for words in another form. */
const TRIGRAM_WEIGHT = 0.25;

/** @param {string} text @returns {string[]} its words without their most frequent endings, and without the most frequent words */
export function stems(text) {
  const words = text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
  return words.filter((word) => !STOP.has(word)).map((word) => (word.length > 4 ? word.replace(/(ing|ed|es|s|ly)$/, '') : word));
}

/** @param {string} text @param {number} dimensions @returns {number[]} a vector of length one */
export function embed(text, dimensions) {
  const vector = Array(dimensions).fill(0);
  const add = (feature, weight) => {
    const number = hash(feature);
    vector[(number >>> 1) % dimensions] += number & 1 ? weight : -weight;
  };
  for (const stem of stems(text)) {
    add(stem, 1);
    const framed = `<${stem}>`;
    for (let at = 0; at + 3 <= framed.length; at += 1) add(`3${framed.slice(at, at + 3)}`, TRIGRAM_WEIGHT);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => Number((value / length).toFixed(6)));
}

/** FNV-1a, mixed once more: its lowest bits alone are poor. */
function hash(text) {
  let hashed = 0x811c9dc5;
  for (const unit of text) hashed = Math.imul(hashed ^ unit.codePointAt(0), 0x01000193);
  hashed = Math.imul(hashed ^ (hashed >>> 15), 0x2c1b3c6d);
  return (hashed ^ (hashed >>> 12)) >>> 0;
}

/**
 * @param {(message: string) => string} answer what is said to a user's message
 * @returns {Promise<{ url: string, asked: import('./context-score.mjs').Message[][], stop: () => void }>} `asked`: the
 *   chat requests so far
 */
export async function startContextModel(answer) {
  /** @type {import('./context-score.mjs').Message[][]} */
  const asked = [];
  const server = createServer(async (request, response) => {
    const body = /** @type {any} */ (await json(request));
    if (request.url?.endsWith('/embeddings')) {
      const data = body.input.map((text, index) => ({ index, embedding: embed(text, body.dimensions) }));
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    }
    asked.push(body.messages);
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    send({ choices: [{ delta: { content: answer(body.messages.at(-1).content) } }] });
    send({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    return response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`, asked, stop };
}
