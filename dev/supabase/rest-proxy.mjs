// Passes /rest/v1 on to PostgREST, streaming both ways.
import { request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream';

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {{ target: URL, apikey: string, headers: Record<string, string> }} options `headers` win over PostgREST's own
 */
export function proxyToPostgrest(request, response, { target, apikey, headers }) {
  const upstream = httpRequest(target, {
    method: request.method,
    headers: {
      ...request.headers,
      host: target.host,
      // As Supabase's gateway does it: without a user's token the key itself says the role.
      authorization: request.headers.authorization ?? `Bearer ${apikey}`,
    },
  });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...headers });
    pipeline(answer, response, () => {});
  });
  upstream.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { ...headers, 'content-type': 'application/json' })
      .end(JSON.stringify({ message: 'PostgREST does not answer: see whether it is running, and its log.' }));
  });
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}
