// The checks of `npm run deploy` against the real PostgREST and sign-in, and the settings of `supabase start`.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseEnv } from 'node:util';
import { checkModel } from '../../dev/deploy/model.mjs';
import { checkSupabase } from '../../dev/deploy/supabase.mjs';
import { readDeployment } from '../../dev/deploy/settings.mjs';
import { envFile } from '../../dev/worker.mjs';
import { stack } from './test-stack.mjs';

const KEYS = { SUPABASE_URL: stack.supabaseUrl, SUPABASE_ANON_KEY: stack.anonKey, SUPABASE_SERVICE_ROLE_KEY: stack.serviceRoleKey };
const MODEL = { OPENAI_BASE_URL: stack.modelUrl, OPENAI_API_KEY: 'local' };

const contextOf = (env) => ({ deployment: readDeployment('production', { folder: '/nowhere', env }), tools: { fetch } });
const missing = (findings) => findings.filter(({ state }) => state === 'missing').map(({ text }) => text);

test('the keys of a project that works are found to work', async () => {
  const findings = await checkSupabase(contextOf(KEYS));
  assert.deepEqual(missing(findings), []);
  const texts = findings.map(({ text }) => text).join('\n');
  for (const name of ['SUPABASE_ANON_KEY works', 'SUPABASE_SERVICE_ROLE_KEY works', 'keys that can be fetched']) assert.ok(texts.includes(name), texts);
});

test('wrong keys, and keys in each other\'s place, are missing', async () => {
  const wrong = missing(await checkSupabase(contextOf({ ...KEYS, SUPABASE_ANON_KEY: 'wrong', SUPABASE_SERVICE_ROLE_KEY: 'wrong' })));
  assert.equal(wrong.length, 2, wrong.join('\n'));
  const swapped = missing(await checkSupabase(contextOf({ ...KEYS, SUPABASE_ANON_KEY: stack.serviceRoleKey, SUPABASE_SERVICE_ROLE_KEY: stack.anonKey })));
  assert.equal(swapped.length, 2, swapped.join('\n'));
  assert.match(swapped.join(), /would be public/);
});

test('the key of the model is asked for nothing that costs', async () => {
  const before = stack.model.mock.getRequests().length;
  assert.deepEqual(missing(await checkModel(contextOf(MODEL))), []);
  const bought = stack.model.mock.getRequests().slice(before).filter(({ path }) => /completions|embeddings/.test(path ?? ''));
  assert.deepEqual(bought, []);
});

test('what `supabase status -o env` writes is read as settings', async () => {
  // As its `--override-name` names them; the rest is not read.
  const lines = envFile({ ...KEYS, SUPABASE_JWT_SECRET: stack.keys.hs256Secret }).replaceAll("'", '"');
  const { secrets, vars } = readDeployment('production', { folder: '/nowhere', env: parseEnv(`${lines}DB_URL="postgresql://postgres:postgres@127.0.0.1:54322/postgres"\n`) });
  assert.deepEqual({ ...vars, ...secrets }, { ...KEYS, SUPABASE_JWT_SECRET: stack.keys.hs256Secret });
});
