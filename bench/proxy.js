// The peer of bench:stream: the least that a Worker can do with a stream, passing it through untouched.
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/healthz') return new Response('ok');
    return fetch(env.MODEL_URL, { method: 'POST', body: await request.text() });
  },
};
