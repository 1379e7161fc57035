// Checks of the Supabase project: address, keys, migrations; and the target of its command line.
import { missing, ok, warning } from './finding.mjs';

/** @typedef {import('./finding.mjs').Finding} Finding */

/** Milliseconds that the project may take to answer. */
const TIMEOUT_MS = 15_000;

/** PostgREST's code of a function that does not exist. */
const NO_SUCH_FUNCTION = 'PGRST202';

/** A function of the last migrations that only the service key may call. */
const PROBE = 'parked_turns';

/**
 * Options of `supabase db push` that name the database: the project of `SUPABASE_URL`, whatever the folder is linked to.
 * @param {import('./settings.mjs').Deployment} deployment
 * @returns {string[] | undefined} undefined if it cannot be told
 */
export function databaseTarget({ vars, databaseUrl }) {
  if (databaseUrl) return [`--remote=${databaseUrl}`];
  const host = hostOf(vars.SUPABASE_URL);
  const ref = host && /^([a-z]{20})\.supabase\.co$/.exec(host)?.[1];
  if (ref) return [`--remote=${ref}`];
  return host === '127.0.0.1' || host === 'localhost' ? [] : undefined;
}

/**
 * @param {import('./finding.mjs').Context} context
 * @returns {Promise<Finding[]>}
 */
export async function checkSupabase({ deployment, tools }) {
  const { SUPABASE_URL: url } = deployment.vars;
  if (!url) return [missing(`SUPABASE_URL is not set (${deployment.file} or the environment): it names the project to deploy to.`)];
  if (!hostOf(url)) return [missing('SUPABASE_URL is no address: it looks like https://your-project.supabase.co.')];
  const target = databaseTarget(deployment) ? [] : [missing('The database of SUPABASE_URL cannot be told from its name: set DATABASE_URL to its connection string.')];
  const remote = hostOf(url) === '127.0.0.1' || hostOf(url) === 'localhost'
    ? [warning('SUPABASE_URL is this machine: a Worker at Cloudflare cannot reach it.')] : [];
  const project = createProject(url.replace(/\/+$/, ''), tools.fetch);
  const keys = await Promise.all([
    checkAnonKey(project, deployment.secrets), checkServiceKey(project, deployment.secrets), checkSigningKeys(project, deployment.secrets),
  ]);
  return [...target, ...remote, ...keys.flat()];
}

/** @typedef {ReturnType<typeof createProject>} Project */

/**
 * @param {string} url
 * @param {typeof fetch} send
 */
function createProject(url, send) {
  /** @param {string} path @param {string} [key] @param {RequestInit} [init] */
  const request = async (path, key, init) => {
    // The newer keys are no JWTs: PostgREST would refuse them as a bearer.
    const bearer = key && !key.startsWith('sb_') && { authorization: `Bearer ${key}` };
    const headers = { ...(key && { apikey: key }), ...bearer, 'content-type': 'application/json' };
    try {
      const response = await send(url + path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      return { status: 0, body: String(error.cause?.code ?? error.message) };
    }
  };
  return {
    settings: (/** @type {string} */ key) => request('/auth/v1/settings', key),
    signingKeys: () => request('/auth/v1/.well-known/jwks.json'),
    probe: (/** @type {string} */ key) => request(`/rest/v1/rpc/${PROBE}`, key, { method: 'POST', body: '{}' }),
  };
}

/** @param {Project} project @param {Record<string, string>} secrets @returns {Promise<Finding[]>} */
async function checkAnonKey(project, { SUPABASE_ANON_KEY: key }) {
  if (!key) return [];
  const { status, body } = await project.settings(key);
  if (status === 0) return [missing(`SUPABASE_URL does not answer (${body}).`)];
  if (status !== 200) return [missing(`SUPABASE_ANON_KEY is refused by the project (${status}).`)];
  const probe = await project.probe(key);
  // The page shows this key to everybody.
  if (probe.status === 200) return [missing('SUPABASE_ANON_KEY has the rights of the service key: it would be public. Set the anon or publishable key.')];
  return [ok('SUPABASE_ANON_KEY works')];
}

/** @param {Project} project @param {Record<string, string>} secrets @returns {Promise<Finding[]>} */
async function checkServiceKey(project, { SUPABASE_SERVICE_ROLE_KEY: key }) {
  if (!key) return [];
  const { status, body } = await project.probe(key);
  if (status === 200) return [ok('SUPABASE_SERVICE_ROLE_KEY works')];
  if (status === 404 && body.includes(NO_SUCH_FUNCTION)) return [ok('The migrations are not applied yet; SUPABASE_SERVICE_ROLE_KEY is tested after them')];
  if (status === 0) return [missing(`SUPABASE_URL does not answer (${body}).`)];
  return [missing(`SUPABASE_SERVICE_ROLE_KEY is refused by the project (${status}).`)];
}

/** @param {Project} project @param {Record<string, string>} secrets @returns {Promise<Finding[]>} */
async function checkSigningKeys(project, { SUPABASE_JWT_SECRET: secret }) {
  if (secret) return [];
  const { status, body } = await project.signingKeys();
  // Told by the check of the keys.
  if (status === 0) return [];
  if (status === 200 && countKeys(body) > 0) return [ok('The project signs access tokens with keys that can be fetched')];
  return [warning('The project has no public signing keys: set SUPABASE_JWT_SECRET, or move it to signing keys. Else every access token is refused.')];
}

/** @param {string} body */
function countKeys(body) {
  try {
    return JSON.parse(body).keys.length;
  } catch {
    return 0;
  }
}

/** @param {string | undefined} url */
function hostOf(url) {
  return url && URL.canParse(url) && /^https?:/.test(url) ? new URL(url).hostname : undefined;
}
