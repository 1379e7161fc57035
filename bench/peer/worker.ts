// The peer of `npm run bench`: the main job of Frontdesk in TypeScript, as a team would write it on Cloudflare. Hono routes, jose
// checks the access token, and each user has a Durable Object.
import { Hono } from 'hono';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Env } from './user';

export { User } from './user';

const app = new Hono<{ Bindings: Env; Variables: { user: string } }>();
let keySet: ReturnType<typeof createRemoteJWKSet> | undefined;

app.get('/healthz', (c) => c.text('ok'));

app.use('/api/*', async (c, next) => {
  const token = c.req.header('authorization')?.replace(/^Bearer /i, '');
  if (!token) return c.json({ code: 'missing_token' }, 401);
  const auth = `${c.env.SUPABASE_URL}/auth/v1`;
  keySet ??= createRemoteJWKSet(new URL(`${auth}/.well-known/jwks.json`));
  try {
    const { payload } = await jwtVerify(token, keySet, { issuer: auth, audience: 'authenticated', algorithms: ['ES256'] });
    if (payload.role !== 'authenticated' || !payload.sub) return c.json({ code: 'not_a_user' }, 401);
    c.set('user', payload.sub);
  } catch {
    return c.json({ code: 'invalid_token' }, 401);
  }
  return next();
});

app.post('/api/chat', (c) => c.env.USER.getByName(c.get('user')).fetch(c.req.raw));
app.get('/api/chat/:session/stream', (c) => c.env.USER.getByName(c.get('user')).fetch(c.req.raw));

export default app;
