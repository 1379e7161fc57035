// A mock model for `npm run bench:context`: it answers at once, records the prompts, and embeds texts by hashing their words. Such
// vectors have no meaning: texts are close if they share words or parts of words.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';

const STOP_WORDS = new Set(`
  a about all also am an and any are as at be been but by can could did do does for from had has have he her his how i if in into is it its
  me more my no not of on or our she so some than that the their them there they this to was we were what when where which who will with
  would you your`.trim().split(/\s+/));

/** Trigrams weigh less than words: they only match other forms of a word. */
const TRIGRAM_WEIGHT = 0.25;

/** Lower-case words without common endings and without stop words. @param {string} text @returns {string[]} */
export function stems(text) {
  const words = text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map((word) => (word.length > 4 ? word.replace(/(ing|ed|es|s|ly)$/, '') : word));
}

/** Embeds a text as a unit vector. @param {string} text @param {number} dimensions @returns {number[]} */
export function embed(text, dimensions) {
  const vector = Array(dimensions).fill(0);
  const add = (feature, weight) => {
    const hashed = hash(feature);
    vector[(hashed >>> 1) % dimensions] += hashed & 1 ? weight : -weight;
  };
  for (const stem of stems(text)) {
    add(stem, 1);
    const framed = `<${stem}>`;
    for (let start = 0; start + 3 <= framed.length; start += 1) add(`3${framed.slice(start, start + 3)}`, TRIGRAM_WEIGHT);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => Number((value / length).toFixed(6)));
}

/** FNV-1a with a final mix, because its lowest bits are not random enough. */
function hash(text) {
  let hashed = 0x811c9dc5;
  for (const unit of text) hashed = Math.imul(hashed ^ unit.codePointAt(0), 0x01000193);
  hashed = Math.imul(hashed ^ (hashed >>> 15), 0x2c1b3c6d);
  return (hashed ^ (hashed >>> 12)) >>> 0;
}

/**
 * @param {(message: string) => string} answer
 * @returns {Promise<{ url: string, prompts: import('./context-score.mjs').PromptMessage[][], stop: () => void }>} `prompts`: messages of all
 *   chat requests so far
 */
export async function startContextModel(answer) {
  /** @type {import('./context-score.mjs').PromptMessage[][]} */
  const prompts = [];
  const server = createServer(async (request, response) => {
    const body = /** @type {any} */ (await json(request));
    if (request.url?.endsWith('/embeddings')) {
      const data = body.input.map((text, index) => ({ index, embedding: embed(text, body.dimensions) }));
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    }
    prompts.push(body.messages);
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
  return { url: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`, prompts, stop };
}
