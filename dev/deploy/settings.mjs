// Settings of a deployment: from the environment, else from the file of its environment.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { ROOT } from '../root.mjs';
import { VARIABLES } from '../settings.mjs';

/** @typedef {'production' | 'staging'} Environment */

/** `--env` of wrangler for each environment: production is the top level of wrangler.toml. @type {Record<Environment, string>} */
export const WRANGLER_ENVIRONMENTS = { production: '', staging: 'staging' };

/** Uploaded as secrets of the Worker: no one can read them there. */
const SECRETS = [
  'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_JWT_SECRET', 'OPENAI_API_KEY', 'OPENAI_FALLBACK_API_KEY',
  'PII_MASTER_KEY', 'PII_MODEL_KEY', 'MCP_TOKENS', 'USER_DELETED_SECRET',
];

/** Secrets without which the Worker answers `misconfigured`. */
export const REQUIRED_SECRETS = ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'OPENAI_API_KEY', 'PII_MASTER_KEY'];

/**
 * @typedef {object} Deployment
 * @property {Environment} environment
 * @property {string} file name of the file that its settings may come from
 * @property {Record<string, string>} secrets those that are set here
 * @property {Record<string, string>} vars variables that are set here and are no secrets
 * @property {string | undefined} frameAncestors for the build of the page
 * @property {string | undefined} databaseUrl in place of the hosted project's
 */

/** @param {string[]} args */
export function readOptions(args) {
  const { values } = parseArgs({
    args, options: { env: { type: 'string', default: 'production' }, 'dry-run': { type: 'boolean', default: false } },
  });
  const environment = Object.keys(WRANGLER_ENVIRONMENTS).find((name) => name === values.env);
  if (!environment) throw new Error(`--env is ${Object.keys(WRANGLER_ENVIRONMENTS).join(' or ')}, not ${values.env}.`);
  return { environment: /** @type {Environment} */ (environment), isDryRun: values['dry-run'] };
}

/**
 * @param {Environment} environment
 * @param {{ folder?: string, env?: NodeJS.ProcessEnv }} [source]
 * @returns {Deployment}
 */
export function readDeployment(environment, { folder = ROOT, env = process.env } = {}) {
  const file = `.deploy.${environment}.vars`;
  const path = join(folder, file);
  const fromFile = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
  const get = (/** @type {string} */ name) => env[name] || fromFile[name] || undefined;
  /** @param {(name: string) => boolean} isWanted @returns {Record<string, string>} */
  const pick = (isWanted) => Object.fromEntries(VARIABLES.filter(isWanted).flatMap((name) => {
    const value = get(name);
    return value ? [[name, value]] : [];
  }));
  return {
    environment,
    file,
    secrets: pick((name) => SECRETS.includes(name)),
    vars: pick((name) => !SECRETS.includes(name)),
    frameAncestors: get('FRAME_ANCESTORS'),
    databaseUrl: get('DATABASE_URL'),
  };
}
