// A local stand-in of the front of a hosted Supabase project: sign-in under /auth/v1, PostgREST under /rest/v1.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import pg from 'pg';
import { openLog } from './part.mjs';
import { accounts } from './supabase/accounts.mjs';
import { AuthError, authRoutes } from './supabase/auth.mjs';
import { proxyToPostgrest } from './supabase/rest-proxy.mjs';

export { DEMO_USERS } from './supabase/accounts.mjs';
export { loadKeys } from './supabase/keys.mjs';
export { mintAccessToken } from './supabase/tokens.mjs';

/** Open on a hosted project too: checking a token takes the first, a browser opens the last. */
const WITHOUT_KEY = new Set(['/auth/v1/.well-known/jwks.json', '/auth/v1/health', '/auth/v1/verify']);

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/**
 * Resolves when the demo users exist and requests are answered.
 *
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {string} [options.address] address for clients, if not that port
 * @param {string} options.postgrestUrl
 * @param {string} options.databaseUrl
 * @param {import('./supabase/keys.mjs').Keys} options.keys
 * @param {import('./part.mjs').Log} options.log
 * @returns {Promise<{ url: string, stop: () => Promise<void>, exited: Promise<string> }>}
 */
export async function startSupabase({ port, address, postgrestUrl, databaseUrl, keys, log }) {
  const url = address ?? `http://127.0.0.1:${port}`;
  const output = openLog(log);
  const database = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  // A connection lost while idle: the next query opens a new one.
  database.on('error', (error) => output.write(`${error.message}\n`));

  const users = accounts(database);
  await users.createDemoUsers();
  const mail = (/** @type {string} */ email, /** @type {string} */ link) => output.write(`Mail to ${email}: ${link}\n`);
  const auth = authRoutes({ accounts: users, keys, issuer: `${url}/auth/v1`, mail });
  const server = createServer((request, response) => {
    answer(request, response, { auth, keys, postgrestUrl }).catch((error) => {
      output.write(`${request.method} ${request.url}: ${error.stack}\n`);
      if (response.headersSent) response.destroy();
      else send(request, response, 500, { code: 'unexpected_failure', message: 'The local Supabase failed: see its log.' });
    });
  });
  await listen(server, port);

  return {
    url,
    exited: once(server, 'error').then(([error]) => `The local Supabase stopped serving: ${error.message}.`),
    async stop() {
      server.close();
      server.closeAllConnections();
      await database.end();
    },
  };
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {{ auth: ReturnType<typeof authRoutes>, keys: import('./supabase/keys.mjs').Keys, postgrestUrl: string }} project
 */
async function answer(request, response, { auth, keys, postgrestUrl }) {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'OPTIONS') return response.writeHead(204, corsHeaders(request)).end();

  const apikey = String(request.headers.apikey ?? '');
  if (!WITHOUT_KEY.has(url.pathname) && apikey !== keys.anonKey && apikey !== keys.serviceRoleKey) {
    const message = apikey ? 'Invalid API key' : 'No API key found in request';
    return send(request, response, 401, { message, hint: 'Send the anon or the service_role key in the header apikey.' });
  }
  const [, area, rest] = /^\/(auth|rest)\/v1(\/.*)?$/.exec(url.pathname) ?? [];
  if (area === 'auth') return answerAuth(request, response, auth[`${request.method} ${rest}`], url.searchParams);
  if (area === 'rest') {
    const target = new URL(`${rest ?? '/'}${url.search}`, postgrestUrl);
    return proxyToPostgrest(request, response, { target, apikey, headers: corsHeaders(request) });
  }
  return send(request, response, 404, { message: `Nothing is served at ${url.pathname}: use /auth/v1 or /rest/v1.` });
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {((request: import('./supabase/auth.mjs').AuthRequest) => Promise<object | undefined>) | undefined} route
 * @param {URLSearchParams} query
 */
async function answerAuth(request, response, route, query) {
  if (!route) return send(request, response, 404, { code: 'not_found', message: 'The local sign-in has no such route.' });
  const bearer = (request.headers.authorization ?? '').replace(/^Bearer /i, '');
  try {
    const body = request.method === 'POST' || request.method === 'PUT' ? await json(request).catch(() => undefined) : undefined;
    const result = await route({ query, bearer, body });
    if (result instanceof URL) return response.writeHead(303, { location: result.href }).end();
    return send(request, response, result ? 200 : 204, result);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return send(request, response, error.status, { code: error.code, message: error.message });
  }
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {number} status
 * @param {object} [body]
 */
function send(request, response, status, body) {
  response.writeHead(status, {
    ...corsHeaders(request),
    'content-type': 'application/json',
    // Tells auth-js that an error's code is in `code`.
    'x-supabase-api-version': '2024-01-01',
  });
  response.end(body && JSON.stringify(body));
}

/**
 * Admits every origin, as a hosted project does: the rights are in the token, not in a cookie.
 * @param {Request} request
 * @returns {Record<string, string>}
 */
function corsHeaders(request) {
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS',
    'access-control-allow-headers': String(request.headers['access-control-request-headers'] ?? '*'),
    'access-control-expose-headers': 'content-range, content-location, x-supabase-api-version',
    'access-control-max-age': '3600',
  };
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 */
async function listen(server, port) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} for Supabase is in use: stop the program that has it, or set FRONTDESK_SUPABASE_PORT to a free one.`,
    );
  });
}
