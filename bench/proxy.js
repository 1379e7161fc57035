// The peer of bench:stream: a Worker that passes a stream through unchanged.
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/healthz') return new Response('ok');
    return fetch(env.MODEL_URL, { method: 'POST', body: await request.text() });
  },
};
