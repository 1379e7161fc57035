// Settings from the environment or .dev.vars: the Worker's variables and the local ports.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './bootstrap.mjs';

/** The Worker's variables, as docs/configuration.md lists them: those that are set are passed on to it. */
export const VARIABLES = [
  'SUPABASE_URL', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_JWT_SECRET',
  'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'OPENAI_EMBEDDING_MODEL', 'OPENAI_MEMORY_MODEL',
  'OPENAI_FALLBACK_BASE_URL', 'OPENAI_FALLBACK_API_KEY', 'OPENAI_DIALECTS', 'OPENAI_FALLBACK_DIALECTS',
  'DEFAULT_EMPLOYEE_SLUG', 'DEFAULT_TOKEN_BUDGET', 'DEFAULT_TOP_K', 'RECALL_DEADLINE_MS', 'USER_LIMITS',
  'DEPLOYMENT_DAILY_TOKENS', 'DEPLOYMENT_DAILY_USD', 'STORAGE_LIMITS',
  'BACKGROUND_REST_SECONDS', 'USER_DELETED_SECRET', 'ALLOWED_ORIGINS', 'PII_MASTER_KEY', 'PII_PATTERNS', 'PII_IGNORED_KINDS', 'MCP_TOKENS',
  'PII_MODEL_URL', 'PII_MODEL_KEY', 'PII_MODEL_OPTIONS',
];

/** @typedef {{ api: number, supabase: number, database: number, postgrest: number, model: number }} Ports */

/** @type {Record<keyof Ports, [string, number]>} the variable and its default */
const PORTS = {
  api: ['FRONTDESK_PORT', 8787],
  supabase: ['FRONTDESK_SUPABASE_PORT', 54321],
  database: ['FRONTDESK_DB_PORT', 54322],
  postgrest: ['FRONTDESK_POSTGREST_PORT', 54323],
  model: ['FRONTDESK_MODEL_PORT', 54324],
};

/** The variable of the folder of local data. */
const STATE = 'FRONTDESK_STATE';

/** The variables of `npm start` itself and of the build, which the Worker does not see. */
export const LOCAL_VARIABLES = [...Object.values(PORTS).map(([name]) => name), STATE, 'FRAME_ANCESTORS'];

/**
 * @returns {{ ports: Ports, stateDir: string, vars: Record<string, string> }} `vars` has only what was set
 */
export function readSettings() {
  const file = join(ROOT, '.dev.vars');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const get = (/** @type {string} */ name) => process.env[name] ?? fromFile[name];

  /** @type {Record<string, string>} */
  const vars = {};
  for (const name of VARIABLES) {
    const value = get(name);
    if (value) vars[name] = value;
  }
  if (vars.SUPABASE_URL) {
    for (const key of ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY']) {
      if (!vars[key]) throw new Error(`SUPABASE_URL is set but ${key} is not: set both keys of that project, or neither.`);
    }
  }
  const ports = /** @type {Ports} */ (Object.fromEntries(
    Object.entries(PORTS).map(([part, [name, fallback]]) => [part, readPort(name, get(name), fallback)]),
  ));
  return { ports, stateDir: get(STATE) ?? join(ROOT, '.dev'), vars };
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} fallback
 */
function readPort(name, value, fallback) {
  const port = value === undefined ? fallback : Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${name} must be a port from 1 to 65535.`);
  return port;
}
