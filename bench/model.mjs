// A mock model for benchmarks: 200 chunks, 10 ms apart, each with the time at which it was sent.
import { createServer } from 'node:http';
import { once } from 'node:events';

export const CHUNKS = 200;
/** Milliseconds between two chunks. */
const INTERVAL_MS = 10;

/** @returns {Promise<{ url: string, stop: () => void }>} */
export async function startBenchModel() {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const startedAt = performance.now();
    const send = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    for (let n = 0; n < CHUNKS; n += 1) {
      send({ choices: [{ delta: { content: `${n}@${Date.now()} ` } }] });
      const wait = startedAt + (n + 1) * INTERVAL_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
    send({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    send({ choices: [], usage: { prompt_tokens: 100, completion_tokens: CHUNKS } });
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.closeAllConnections() || server.close() };
}
