import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT, packagedNode } from '../bootstrap.mjs';
import { READERS_CONFIG } from '../build/worker.mjs';
import { checkReaders, readWranglerConfig } from './cloudflare.mjs';
import { deploy } from './run.mjs';
import { readDeployment, readOptions } from './settings.mjs';
import { databaseTarget } from './supabase.mjs';

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-deploy-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const SETTINGS = {
  SUPABASE_URL: 'https://abcdefghijklmnopqrst.supabase.co', SUPABASE_ANON_KEY: 'sb_publishable_1', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_1',
  OPENAI_API_KEY: 'sk-1', PII_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'), OPENAI_MODEL: 'gpt-4o-mini', USER_LIMITS: '{"default":{"daily_tokens":1}}',
};

const ended = (/** @type {number} */ code, stdout = '', stderr = '') => ({ code, stdout, stderr });

/**
 * Runs a deployment whose command lines and network are scripted.
 * @param {object} [world]
 * @param {Record<string, string>} [world.settings]
 * @param {import('./settings.mjs').Environment} [world.environment]
 * @param {boolean} [world.isDryRun]
 * @param {Record<string, import('./tools.mjs').Ended>} [world.wrangler] by the first words of the command
 * @param {number} [world.push] exit code of `supabase db push`
 * @param {Record<string, [number, unknown]>} [world.answers] by the end of the path and the key
 */
async function play({ settings = SETTINGS, environment = 'production', isDryRun = false, wrangler = {}, push = 0, answers = {} } = {}) {
  /** @type {string[]} */
  const said = [];
  /** @type {{ tool: string, options: string[], env: NodeJS.ProcessEnv, secrets?: Record<string, string> }[]} */
  const ran = [];
  const scripted = { 'whoami': ended(0, '{"loggedIn":true}'), 'r2': ended(0, '{}'), 'secret': ended(0, '[]'), 'deploy': ended(0), 'readers': ended(0), ...wrangler };
  /** @type {Record<string, [number, unknown]>} */
  const served = {
    'settings sb_publishable_1': [200, {}], 'jwks.json ': [200, { keys: [{}] }], 'parked_turns sb_publishable_1': [401, {}],
    'parked_turns sb_secret_1': [200, 0], 'models sk-1': [200, { data: [{ id: 'gpt-4o-mini' }, { id: 'text-embedding-3-small' }] }],
    'readyz ': [200, { status: 'ready' }], ...answers,
  };
  const tools = {
    wrangler: async (/** @type {string[]} */ options, /** @type {import('./tools.mjs').RunOptions} */ { env = {} } = {}) => {
      const path = options[options.indexOf('--secrets-file') + 1];
      const secrets = options.includes('--secrets-file') ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
      ran.push({ tool: 'wrangler', options, env, secrets });
      if (options[0] === 'deploy' && env.WRANGLER_OUTPUT_FILE_PATH) writeFileSync(String(env.WRANGLER_OUTPUT_FILE_PATH), `{"type":"deploy","targets":["https://desk.example.dev"]}\n`);
      const isOfReaders = options[0] === 'deploy' && options.includes(READERS_CONFIG);
      return isOfReaders ? scripted.readers : scripted[/** @type {keyof typeof scripted} */ (options[0])];
    },
    supabase: async (/** @type {string[]} */ options) => {
      ran.push({ tool: 'supabase', options, env: {} });
      return ended(push);
    },
    fetch: async (/** @type {string} */ url, /** @type {{ headers?: Record<string, string> }} */ { headers = {} } = {}) => {
      const key = headers.apikey ?? headers.authorization?.replace('Bearer ', '') ?? '';
      const [status, body] = served[`${url.split('/').at(-1)} ${key}`] ?? [404, {}];
      if (status === 0) throw new TypeError('fetch failed');
      return new Response(JSON.stringify(body), { status });
    },
  };
  const isDone = await deploy({
    deployment: readDeployment(environment, { folder, env: settings }), isDryRun, tools: /** @type {any} */ (tools), say: (line) => said.push(line), patience: 1,
  });
  return { isDone, ran, missing: said.filter((line) => line.startsWith('  ✗')).join('\n'), text: said.join('\n'), changes: ran.filter(({ options }) => ['deploy', 'db'].includes(options[0])) };
}

test('migrations go before the readers, these before the Worker, and all to the environment that is named', async () => {
  const { isDone, changes, text } = await play({ environment: 'staging' });
  assert.equal(isDone, true, text);
  const [push, readers, upload] = changes;
  assert.deepEqual(push.options, ['db', 'push', '--remote=abcdefghijklmnopqrst', '--yes']);
  assert.deepEqual(readers.options, ['deploy', '--config', READERS_CONFIG, '--env', 'staging']);
  assert.deepEqual(upload.options.slice(0, 4), ['deploy', '--env', 'staging', '--keep-vars']);
  assert.match(text, /https:\/\/desk\.example\.dev is ready/);
});

test('variables go as variables, and secrets in a file that is gone afterwards', async () => {
  const { changes: [, readers, { options, secrets }] } = await play();
  assert.equal(readers.secrets, undefined, 'the readers have no secret');
  assert.ok(!readers.options.includes('--var'));
  assert.ok(options.includes('OPENAI_MODEL:gpt-4o-mini') && options.includes(`SUPABASE_URL:${SETTINGS.SUPABASE_URL}`));
  assert.deepEqual(Object.keys(secrets ?? {}).sort(), ['OPENAI_API_KEY', 'PII_MASTER_KEY', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY']);
  for (const value of Object.values(secrets ?? {})) assert.ok(!options.join(' ').includes(value), 'a command line is seen by other programs');
  assert.equal(existsSync(options[options.indexOf('--secrets-file') + 1]), false);
});

test('all that is missing is told at once, and nothing is changed', async () => {
  const { isDone, changes, missing } = await play({
    settings: { SUPABASE_URL: SETTINGS.SUPABASE_URL, PII_MASTER_KEY: 'c2hvcnQ=', USER_LIMITS: '[' },
    wrangler: { whoami: ended(1, '{"loggedIn":false}') },
  });
  assert.equal(isDone, false);
  assert.deepEqual(changes, []);
  for (const name of ['wrangler has no account', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'OPENAI_API_KEY', 'PII_MASTER_KEY is not 32 bytes', 'USER_LIMITS']) {
    assert.ok(missing.includes(name), `${name} is not in:\n${missing}`);
  }
  assert.ok(!missing.includes('c2hvcnQ='), 'values are not shown');
});

test('keys that do not work are missing', async () => {
  const { isDone, missing } = await play({
    answers: { 'settings sb_publishable_1': [401, {}], 'parked_turns sb_secret_1': [401, {}], 'models sk-1': [401, {}] },
  });
  assert.equal(isDone, false);
  for (const name of ['SUPABASE_ANON_KEY is refused', 'SUPABASE_SERVICE_ROLE_KEY is refused', 'OPENAI_API_KEY is refused']) assert.ok(missing.includes(name), missing);
});

test('a service key in the place of the public one is found', async () => {
  const { missing } = await play({ answers: { 'parked_turns sb_publishable_1': [200, 0] } });
  assert.match(missing, /SUPABASE_ANON_KEY has the rights of the service key/);
});

test('a database without its migrations is no fault: they come next', async () => {
  const { isDone, text } = await play({ answers: { 'parked_turns sb_secret_1': [404, { code: 'PGRST202' }] } });
  assert.equal(isDone, true);
  assert.match(text, /not applied yet/);
});

test('what cannot be reached or listed is missing, and not taken for absent', async () => {
  const away = await play({ answers: { 'settings sb_publishable_1': [0, {}], 'models sk-1': [0, {}] } });
  assert.match(away.missing, /SUPABASE_URL does not answer/);
  assert.match(away.missing, /OPENAI_API_KEY is for does not answer/);
  const unlisted = await play({ wrangler: { secret: ended(1, '', 'Authentication error [code: 10000]') } });
  assert.match(unlisted.missing, /cannot be listed: Authentication error/);
  const unread = await play({ wrangler: { r2: ended(1, '', 'Authentication error [code: 10000]') } });
  assert.match(unread.missing, /bucket frontdesk-files cannot be read/);
});

test('a first deployment has no Worker yet, and its bucket must exist', async () => {
  const { isDone } = await play({ wrangler: { secret: ended(1, '', 'This Worker does not exist on your account. [code: 10007]') } });
  assert.equal(isDone, true);
  const { missing } = await play({ wrangler: { r2: ended(1, '', 'The specified bucket does not exist. [code: 10006]') } });
  assert.match(missing, /r2 bucket create frontdesk-files`/);
});

test('secrets of the Worker need not be set again, and its master key is not replaced', async () => {
  const names = ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'OPENAI_API_KEY', 'PII_MASTER_KEY'];
  const wrangler = { secret: ended(0, JSON.stringify(names.map((name) => ({ name, type: 'secret_text' })))) };
  const kept = await play({ settings: { SUPABASE_URL: SETTINGS.SUPABASE_URL }, wrangler });
  assert.equal(kept.isDone, true, kept.text);
  assert.deepEqual(kept.changes[2].secrets, {});
  const other = await play({ wrangler });
  assert.equal(other.changes[2].secrets?.PII_MASTER_KEY, undefined);
  const rotation = `2:${Buffer.alloc(32, 2).toString('base64')},1:${SETTINGS.PII_MASTER_KEY}`;
  const rotated = await play({ settings: { ...SETTINGS, PII_MASTER_KEY: rotation }, wrangler });
  assert.equal(rotated.changes[2].secrets?.PII_MASTER_KEY, rotation);
});

test('a dry run tells everything and changes nothing', async () => {
  const { isDone, changes, text } = await play({ isDryRun: true });
  assert.equal(isDone, true, text);
  assert.ok(changes.every(({ options }) => options.includes('--dry-run')));
  assert.ok(!changes.some(({ options }) => options.includes('--secrets-file')));
  const incomplete = await play({ isDryRun: true, settings: {} });
  assert.equal(incomplete.isDone, false);
  assert.match(incomplete.text, /[1-9] missing\. Nothing was changed/);
});

test('the Worker stays as it is where the migrations fail', async () => {
  const { isDone, changes } = await play({ push: 1 });
  assert.equal(isDone, false);
  assert.equal(changes.length, 1);
});

test('the Worker stays as it is where the readers are not deployed', async () => {
  const { isDone, changes, text } = await play({ wrangler: { readers: ended(1) } });
  assert.equal(isDone, false);
  assert.equal(changes.length, 2);
  assert.match(text, /The readers were not deployed, nor the Worker/);
});

test('READERS must be the readers of the environment', () => {
  const readers = { name: 'frontdesk-readers' };
  const bound = (/** @type {string} */ service) => /** @type {any} */ ({ services: [{ binding: 'READERS', service }] });
  assert.equal(checkReaders(bound('frontdesk-readers'), /** @type {any} */ (readers)).state, 'ok');
  assert.match(checkReaders(bound('frontdesk-readers-staging'), /** @type {any} */ (readers)).text, /It binds frontdesk-readers-staging/);
  assert.match(checkReaders(/** @type {any} */ ({ services: [] }), /** @type {any} */ (readers)).text, /Without it no file is taken/);
});

test('a Worker that is not ready is told, with the way back', async () => {
  const { isDone, text } = await play({ answers: { 'readyz ': [503, { code: 'misconfigured' }] } });
  assert.equal(isDone, false);
  assert.match(text, /misconfigured/);
  assert.match(text, /wrangler rollback/);
});

test('limits that bound nobody are a warning', async () => {
  const { isDone, text } = await play({ settings: { ...SETTINGS, USER_LIMITS: '{}' } });
  assert.equal(isDone, true);
  assert.match(text, /! USER_LIMITS bounds no user/);
});

test('settings come from the file of the environment, and the environment goes before', () => {
  writeFileSync(join(folder, '.deploy.staging.vars'), 'SUPABASE_URL=https://file.example\nOPENAI_MODEL=of-the-file\nFRAME_ANCESTORS=https://app.example.com\n');
  const { vars, secrets, frameAncestors } = readDeployment('staging', { folder, env: { OPENAI_MODEL: 'of-the-shell', OPENAI_API_KEY: 'sk-2' } });
  assert.deepEqual(vars, { SUPABASE_URL: 'https://file.example', OPENAI_MODEL: 'of-the-shell' });
  assert.deepEqual(secrets, { OPENAI_API_KEY: 'sk-2' });
  assert.equal(frameAncestors, 'https://app.example.com');
  assert.throws(() => readOptions(['--env', 'test']), /production or staging/);
});

test('the database is the one of SUPABASE_URL', () => {
  const target = (/** @type {string} */ url, databaseUrl = '') => databaseTarget(readDeployment('production', { folder, env: { SUPABASE_URL: url, DATABASE_URL: databaseUrl } }));
  assert.deepEqual(target('https://abcdefghijklmnopqrst.supabase.co'), ['--remote=abcdefghijklmnopqrst']);
  assert.deepEqual(target('http://127.0.0.1:54321'), [], 'of `supabase start`');
  assert.equal(target('https://db.example.com'), undefined);
  assert.deepEqual(target('https://db.example.com', 'postgres://db.example.com/postgres'), ['--remote=postgres://db.example.com/postgres']);
});

test('both environments bind the same, and share no files and no counters', () => {
  const [production, staging] = [readWranglerConfig('production'), readWranglerConfig('staging')];
  const bindings = (/** @type {typeof production} */ config) => [
    config.durable_objects.bindings.map(({ name, class_name: className }) => `${name} ${className}`),
    config.r2_buckets.map(({ binding }) => binding), config.services.map(({ binding }) => binding), config.ratelimits.map(({ name, simple }) => [name, simple]), Object.keys(config.vars), config.migrations,
    config.assets, config.keep_vars, config.observability,
  ];
  assert.deepEqual(bindings(staging), bindings(production));
  assert.notEqual(staging.name, production.name);
  assert.notEqual(staging.r2_buckets[0].bucket_name, production.r2_buckets[0].bucket_name);
  assert.notEqual(staging.services[0].service, production.services[0].service);
  assert.notEqual(staging.ratelimits[0].namespace_id, production.ratelimits[0].namespace_id);
});

test('the readers have no address, no secret, no storage, and a limit on CPU', () => {
  for (const environment of /** @type {const} */ (['production', 'staging'])) {
    const [chat, readers] = [readWranglerConfig(environment), readWranglerConfig(environment, READERS_CONFIG)];
    assert.equal(checkReaders(chat, readers).state, 'ok', environment);
    assert.equal(readers.workers_dev, false);
    assert.ok(readers.limits?.cpu_ms && readers.limits.cpu_ms <= 5000);
    const bindings = [readers.durable_objects.bindings, readers.r2_buckets, readers.ratelimits, readers.services, Object.keys(readers.vars)];
    assert.deepEqual(bindings.flat(), []);
  }
});

test('wrangler.toml sets no variable of the Worker, which each deployment would set back', () => {
  for (const environment of /** @type {const} */ (['production', 'staging'])) {
    const config = readWranglerConfig(environment);
    assert.deepEqual(Object.keys(config.vars), ['FRAME_ANCESTORS']);
    assert.equal(config.keep_vars, true);
  }
});

test('wrangler itself takes the configuration of each environment', () => {
  const stub = join(folder, 'worker.js');
  writeFileSync(stub, 'export class User {}\nexport default { fetch: () => new Response("") };\n');
  const config = join(folder, 'wrangler.toml');
  // The Worker is built elsewhere: this is about the bindings.
  const text = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8').replace(/\[build\]\n(?:.+\n)+/, '').replace('directory = "web/dist"', 'directory = "assets"');
  writeFileSync(config, text.replace('build/index.js', 'worker.js'));
  const readers = join(folder, 'wrangler.readers.toml');
  writeFileSync(readers, readFileSync(READERS_CONFIG, 'utf8').replace(/\[build\]\n(?:.+\n)+/, '').replace('../../build/readers/index.js', 'worker.js'));
  mkdirSync(join(folder, 'assets'));
  const dryRun = (/** @type {string} */ path, /** @type {string} */ environment) => {
    const { status, stdout, stderr } = spawnSync(packagedNode(), [
      join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--env', environment, '--config', path, '--keep-vars', '--outdir', join(folder, 'out'),
    ], { encoding: 'utf8', env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: folder, NO_COLOR: '1' } });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr + stdout, /WARNING/);
    return stdout;
  };
  for (const environment of ['', 'staging']) {
    const stdout = dryRun(config, environment);
    for (const binding of ['env.USER', 'env.FILES', 'env.IP_GATE', 'env.READERS']) assert.ok(stdout.includes(binding), stdout);
    assert.match(dryRun(readers, environment), /No bindings found/);
  }
});
