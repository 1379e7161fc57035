// Checks of the model's API: its key, and the models that are named. No completion is bought.
import { missing, ok, warning } from './finding.mjs';

/** @typedef {import('./finding.mjs').Finding} Finding */

/** Milliseconds that the API may take to answer. */
const TIMEOUT_MS = 15_000;

/** As src/config.rs has them. */
const DEFAULTS = { url: 'https://api.openai.com/v1', model: 'gpt-4o-mini', embedding: 'text-embedding-3-small' };

/**
 * @param {import('./finding.mjs').Context} context
 * @returns {Promise<Finding[]>}
 */
export async function checkModel({ deployment: { secrets, vars }, tools }) {
  const named = [vars.OPENAI_MODEL ?? DEFAULTS.model, vars.OPENAI_EMBEDDING_MODEL ?? DEFAULTS.embedding, ...(vars.OPENAI_MEMORY_MODEL ? [vars.OPENAI_MEMORY_MODEL] : [])];
  const first = secrets.OPENAI_API_KEY
    ? checkProvider({ name: 'OPENAI_API_KEY', url: vars.OPENAI_BASE_URL ?? DEFAULTS.url, key: secrets.OPENAI_API_KEY, named }, tools.fetch) : [];
  const second = vars.OPENAI_FALLBACK_BASE_URL && secrets.OPENAI_FALLBACK_API_KEY
    ? checkProvider({ name: 'OPENAI_FALLBACK_API_KEY', url: vars.OPENAI_FALLBACK_BASE_URL, key: secrets.OPENAI_FALLBACK_API_KEY, named: [] }, tools.fetch) : [];
  return (await Promise.all([first, second])).flat();
}

/**
 * @param {{ name: string, url: string, key: string, named: string[] }} provider
 * @param {typeof fetch} send
 * @returns {Promise<Finding[]>}
 */
async function checkProvider({ name, url, key, named }, send) {
  const headers = { authorization: `Bearer ${key}` };
  const response = await send(`${url.replace(/\/+$/, '')}/models`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (!response) return [missing(`The address that ${name} is for does not answer: is OPENAI_BASE_URL or OPENAI_FALLBACK_BASE_URL right?`)];
  if (response.status === 401 || response.status === 403) return [missing(`${name} is refused by its API (${response.status}).`)];
  const body = await response.json().catch(() => undefined);
  if (!response.ok || !Array.isArray(body?.data)) return [warning(`${name} is not tested: its API lists no models (${response.status}).`)];
  const known = new Set(body.data.map((/** @type {{ id: string }} */ { id }) => id));
  return [ok(`${name} works`), ...named.filter((model) => !known.has(model)).map((model) => warning(`The API lists no model ${model}.`))];
}
