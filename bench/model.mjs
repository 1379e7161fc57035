// A model for benchmarks: 200 chunks, 10 ms apart, each stamped with its time of sending. A benchmark may ask for fewer. Vectors come at
// once.
import { createServer } from 'node:http';
import { once } from 'node:events';

export const CHUNKS = 200;
/** Milliseconds between two chunks. */
const INTERVAL_MS = 10;
/** Numbers of a vector. */
const DIMENSIONS = 1536;

/** `prompt` is the body of the newest request for an answer. @returns {Promise<{ url: string, chunks: number, prompt: string, stop: () => void }>} */
export async function startBenchModel() {
  const model = { url: '', chunks: CHUNKS, prompt: '', stop: () => server.closeAllConnections() || server.close() };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    if (request.url?.endsWith('/embeddings')) return sendVectors(response, JSON.parse(body).input);
    model.prompt = body;
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const startedAt = performance.now();
    const send = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    const { chunks } = model;
    for (let n = 0; n < chunks; n += 1) {
      send({ choices: [{ delta: { content: `${n}@${Date.now()} ` } }] });
      const wait = startedAt + (n + 1) * INTERVAL_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
    send({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    send({ choices: [], usage: { prompt_tokens: 100, completion_tokens: chunks } });
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  model.url = `http://127.0.0.1:${server.address().port}`;
  return model;
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {string | string[]} input
 */
function sendVectors(response, input) {
  const data = [input].flat().map((text, index) => ({ index, embedding: vectorOf(text) }));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
}

/** Numbers that depend on the text, with no meaning in them. @param {string} text */
function vectorOf(text) {
  let state = [...text].reduce((sum, char) => (Math.imul(sum, 31) + (char.codePointAt(0) ?? 0)) | 0, 7);
  return Array.from({ length: DIMENSIONS }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return (state >> 16) / 32_768;
  });
}
