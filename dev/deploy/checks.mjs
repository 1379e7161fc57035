// What a deployment needs. Each check returns its findings, so that all that is missing is told at once.
import { checkCloudflare } from './cloudflare.mjs';
import { missing, ok, warning } from './finding.mjs';
import { checkModel } from './model.mjs';
import { checkSupabase } from './supabase.mjs';

/** Bytes of `PII_MASTER_KEY`. */
const MASTER_KEY_BYTES = 32;

/**
 * @param {import('./finding.mjs').Context} context
 * @returns {Promise<{ findings: import('./finding.mjs').Finding[], known: Set<string> }>} `known` has the secrets that the Worker has already
 */
export async function checkAll(context) {
  const [cloudflare, supabase, model] = await Promise.all([checkCloudflare(context), checkSupabase(context), checkModel(context)]);
  const findings = [...cloudflare.findings, ...supabase, ...model, ...checkMasterKey(context.deployment), ...checkLimits(context.deployment)];
  return { findings, known: cloudflare.known };
}

/** @param {import('./settings.mjs').Deployment} deployment @returns {import('./finding.mjs').Finding[]} */
function checkMasterKey({ secrets: { PII_MASTER_KEY: value } }) {
  if (!value) return [];
  const keys = value.split(',').map((entry) => entry.trim().replace(/^\d+:/, ''));
  const isGood = keys.every((key) => /^[A-Za-z0-9+/]+={0,2}$/.test(key) && Buffer.from(key, 'base64').length === MASTER_KEY_BYTES);
  return isGood ? [] : [missing('PII_MASTER_KEY is not 32 bytes in base64: make one with `openssl rand -base64 32`, and keep a copy.')];
}

/** @param {import('./settings.mjs').Deployment} deployment @returns {import('./finding.mjs').Finding[]} */
function checkLimits({ vars: { USER_LIMITS: value } }) {
  if (value === undefined) return [ok('Limits: USER_LIMITS is not set here; the defaults hold unless the Worker has its own.')];
  /** @type {unknown} */
  let plans;
  try {
    plans = JSON.parse(value);
  } catch {
    return [missing('USER_LIMITS is no JSON: docs/configuration.md#limits has an example.')];
  }
  if (typeof plans !== 'object' || plans === null || Array.isArray(plans)) return [missing('USER_LIMITS must be a JSON object of plans.')];
  const isBounded = Object.keys(/** @type {{ default?: object }} */ (plans).default ?? {}).length > 0;
  return [isBounded ? ok('Limits: USER_LIMITS bounds the default plan.') : warning('USER_LIMITS bounds no user of the default plan: anybody may spend without end.')];
}
