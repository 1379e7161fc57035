// Checks of the Cloudflare account: sign-in, bindings, secrets.
import { unstable_readConfig as readConfig } from 'wrangler';
import { join } from 'node:path';
import { READERS_CONFIG } from '../build/worker.mjs';
import { ROOT } from '../root.mjs';
import { missing, ok, warning } from './finding.mjs';
import { REQUIRED_SECRETS, WRANGLER_ENVIRONMENTS } from './settings.mjs';

/** @typedef {import('./finding.mjs').Finding} Finding */

/** Cloudflare's code of a Worker that was never deployed. */
const NO_SUCH_WORKER = 'code: 10007';

/** Cloudflare's code of a bucket that does not exist. */
const NO_SUCH_BUCKET = 'code: 10006';

/** Options that name the environment. @param {import('./settings.mjs').Environment} environment */
export const environmentOptions = (environment) => ['--env', WRANGLER_ENVIRONMENTS[environment]];

/**
 * The part of wrangler's configuration that is read here; its own types have none of it.
 * @typedef {object} WranglerConfig
 * @property {string} name
 * @property {boolean} keep_vars
 * @property {Record<string, string>} vars
 * @property {{ bindings: { name: string, class_name: string }[] }} durable_objects
 * @property {{ binding: string, bucket_name: string }[]} r2_buckets
 * @property {{ name: string, namespace_id: string, simple: object }[]} ratelimits
 * @property {{ binding: string, service: string }[]} services
 * @property {{ cpu_ms?: number }} [limits]
 * @property {boolean} [workers_dev]
 * @property {object[]} migrations
 * @property {object} assets
 * @property {object} observability
 */

/**
 * A configuration as it holds for an environment.
 * @param {import('./settings.mjs').Environment} environment
 * @param {string} [config] path
 * @returns {WranglerConfig}
 */
export function readWranglerConfig(environment, config = join(ROOT, 'wrangler.toml')) {
  return readConfig({ config, env: WRANGLER_ENVIRONMENTS[environment] }, { hideWarnings: true });
}

/**
 * @param {import('./finding.mjs').Context} context
 * @returns {Promise<{ findings: Finding[], known: Set<string> }>}
 */
export async function checkCloudflare({ deployment, tools }) {
  const { environment, secrets, file } = deployment;
  const account = await tools.wrangler(['whoami', '--json']);
  if (!isLoggedIn(account.stdout)) {
    const advice = 'wrangler has no account: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.';
    return { findings: [missing(advice), ...checkSecrets({ here: secrets, known: new Set(), file })], known: new Set() };
  }
  const config = readWranglerConfig(environment);
  const [bindings, listed] = await Promise.all([
    checkBindings(environment, tools), tools.wrangler(['secret', 'list', '--format', 'json', ...environmentOptions(environment)]),
  ]);
  const known = secretsOf(listed);
  if (!known) {
    return { findings: [ok('wrangler is signed in'), ...bindings, missing(`The secrets of ${config.name} cannot be listed: ${lastLine(listed)}`)], known: new Set() };
  }
  return { findings: [ok('wrangler is signed in'), ...bindings, ...checkSecrets({ here: secrets, known, file })], known };
}

/** @param {string} output */
function isLoggedIn(output) {
  try {
    return JSON.parse(output).loggedIn === true;
  } catch {
    return false;
  }
}

/**
 * @param {import('./settings.mjs').Environment} environment
 * @param {import('./tools.mjs').Tools} tools
 * @returns {Promise<Finding[]>}
 */
async function checkBindings(environment, tools) {
  const config = readWranglerConfig(environment);
  const declared = [
    checkReaders(config, readWranglerConfig(environment, READERS_CONFIG)),
    config.durable_objects.bindings.some(({ name }) => name === 'USER') ? ok('Binding USER') : missing('wrangler.toml binds no Durable Object USER.'),
    config.ratelimits.some(({ name }) => name === 'IP_GATE') ? ok('Binding IP_GATE') : warning('wrangler.toml has no IP_GATE: requests from one address are not limited.'),
  ];
  const bucket = config.r2_buckets.find(({ binding }) => binding === 'FILES')?.bucket_name;
  if (!bucket) return [...declared, warning('wrangler.toml has no FILES: exported tables and pictures answer files_unavailable.')];
  const found = await tools.wrangler(['r2', 'bucket', 'info', bucket, '--json']);
  if (found.code === 0) return [...declared, ok(`Binding FILES: the bucket ${bucket}`)];
  const isAbsent = `${found.stdout}${found.stderr}`.includes(NO_SUCH_BUCKET);
  // Cloudflare refuses a Worker that is bound to a bucket which does not exist.
  const advice = isAbsent
    ? `The bucket ${bucket} does not exist: run \`npx wrangler r2 bucket create ${bucket}\`, or remove FILES from wrangler.toml.`
    : `The bucket ${bucket} cannot be read: ${lastLine(found)}`;
  return [...declared, missing(advice)];
}

/**
 * @param {WranglerConfig} config
 * @param {WranglerConfig} readers
 * @returns {Finding}
 */
export function checkReaders({ services }, { name }) {
  const bound = services.find(({ binding }) => binding === 'READERS')?.service;
  if (bound === name) return ok(`Binding READERS: the Worker ${name}`);
  const advice = `wrangler.toml must bind READERS to ${name}, the Worker that reads files.`;
  return missing(bound ? `${advice} It binds ${bound}.` : `${advice} Without it no file is taken.`);
}

/**
 * Names of the Worker's secrets; none of a Worker that was never deployed. Undefined if it is not known.
 * @param {import('./tools.mjs').Ended} listed
 * @returns {Set<string> | undefined}
 */
function secretsOf(listed) {
  if (listed.code !== 0) return `${listed.stdout}${listed.stderr}`.includes(NO_SUCH_WORKER) ? new Set() : undefined;
  try {
    return new Set(JSON.parse(listed.stdout).map((/** @type {{ name: string }} */ { name }) => name));
  } catch {
    return undefined;
  }
}

/**
 * @param {{ here: Record<string, string>, known: Set<string>, file: string }} secrets
 * @returns {Finding[]}
 */
function checkSecrets({ here, known, file }) {
  return REQUIRED_SECRETS.map((name) => {
    if (here[name]) return ok(`${name} is set here`);
    if (known.has(name)) return ok(`${name} is a secret of the Worker (not tested: it cannot be read)`);
    return missing(`${name} is neither set here (${file} or the environment) nor a secret of the Worker.`);
  });
}

/** The end of a tool's complaint. @param {import('./tools.mjs').Ended} ended */
function lastLine({ stdout, stderr }) {
  const lines = `${stdout}\n${stderr}`.replace(/\u001b\[[0-9;]*m/g, '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line && !line.includes('Logs were written')).slice(0, 2).join(' ');
}
