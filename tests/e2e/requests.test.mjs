import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ALLOWED_ORIGIN, ask, call, grace, requestsWith, stack, storedMessages } from './test-stack.mjs';

/** @param {Response} response */
async function problem(response) {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  const body = await response.json();
  assert.equal(body.status, response.status);
  return { status: response.status, code: body.code, field: body.field, detail: body.detail };
}

test('an invalid body is rejected with the name of the field', async () => {
  for (const [body, status, code, field] of [
    ['', 400, 'invalid_json'],
    ['{"message":', 400, 'invalid_json'],
    ['[]', 400, 'invalid_json'],
    ['{}', 422, 'invalid_field', 'message'],
    ['{"message":""}', 422, 'invalid_field', 'message'],
    ['{"message":"  \\n "}', 422, 'invalid_field', 'message'],
    ['{"message":7}', 422, 'invalid_field', 'message'],
    ['{"message":"a","session_id":"x"}', 422, 'invalid_field', 'session_id'],
    ['{"message":"a","stream":"yes"}', 422, 'invalid_field', 'stream'],
    ['{"message":"a","employee":1}', 422, 'invalid_field', 'employee'],
    ['{"message":"a","employee":"nobody-here"}', 404, 'unknown_employee', 'employee'],
    ['{"id":"c","messages":[{"role":"assistant","parts":[]}]}', 422, 'invalid_field', 'messages'],
  ]) {
    const got = await problem(await call('/api/chat', { method: 'POST', body }));
    assert.deepEqual([got.status, got.code, got.field], [status, code, field], body);
  }
});

test('a body may have up to 256 KiB', async () => {
  const body = (size) => {
    const frame = JSON.stringify({ message: '', stream: false }).length;
    return JSON.stringify({ message: 'x'.repeat(size - frame), stream: false });
  };
  const largest = await problem(await call('/api/chat', { method: 'POST', body: body(256 * 1024) }));
  assert.deepEqual([largest.status, largest.code], [413, 'message_too_long'], 'the body is read, but has more tokens than the budget');
  const got = await problem(await call('/api/chat', { method: 'POST', body: body(256 * 1024 + 1) }));
  assert.deepEqual([got.status, got.code], [413, 'body_too_large']);
  assert.match(got.detail, /262144/);
});

test('a session of another user is not found', async () => {
  const { session } = await ask('mine alone');
  // Once the session is committed, its id belongs to one user.
  await storedMessages(session);
  const theirs = await ask('let me in', { user: grace, session });
  assert.deepEqual([theirs.status, theirs.body.code, theirs.body.field], [404, 'session_not_found', 'session_id']);
  assert.equal(requestsWith('let me in').length, 0);
  const got = await problem(await call(`/api/sessions/${session}/messages`, { user: grace }));
  assert.deepEqual([got.status, got.code, got.field], [404, 'session_not_found', 'session_id']);
});

test('unknown routes, wrong methods and invalid parameters are rejected', async () => {
  for (const [path, init, status, code] of [
    ['/api/nothing', {}, 404, 'not_found'],
    ['/v2/chat', {}, 404, 'not_found'],
    ['/api/chat', {}, 405, 'method_not_allowed'],
    ['/api/sessions', { method: 'DELETE' }, 405, 'method_not_allowed'],
    ['/api/sessions?limit=0', {}, 422, 'invalid_field'],
    ['/api/sessions?before=yesterday', {}, 422, 'invalid_field'],
    ['/api/sessions/me/messages', {}, 422, 'invalid_field'],
  ]) {
    const got = await problem(await call(path, init));
    assert.deepEqual([got.status, got.code], [status, code], path);
  }
});

test('only pages of allowed origins may call', async () => {
  const from = (origin, init = {}) => call('/api/employees', { ...init, headers: { origin } });
  const allowed = await from(ALLOWED_ORIGIN);
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get('access-control-allow-origin'), ALLOWED_ORIGIN);
  assert.match(allowed.headers.get('access-control-expose-headers'), /x-vercel-ai-ui-message-stream/);
  assert.equal((await from(stack.api)).status, 200);

  const preflight = await from(ALLOWED_ORIGIN, { method: 'OPTIONS', user: null });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers'), /authorization/);

  // A page whose origin is refused can read the reason, and nothing else, whatever it sends.
  assert.equal((await from('https://evil.example', { method: 'OPTIONS', user: null })).status, 204);
  for (const init of [{}, { user: null }, { method: 'DELETE' }]) {
    const foreign = await from('https://evil.example', init);
    assert.equal(foreign.status, 403);
    assert.equal(foreign.headers.get('access-control-allow-origin'), 'https://evil.example');
    assert.equal((await foreign.json()).code, 'origin_not_allowed');
  }
});

test('health, readiness and configuration need no token', async () => {
  const health = await call('/healthz', { user: null });
  assert.deepEqual(await health.json(), { status: 'ok' });
  const ready = await call('/readyz', { user: null });
  assert.deepEqual(await ready.json(), { status: 'ready', parked_turns: 0, stalled_work: {} });
  const config = await (await call('/config.json', { user: null })).json();
  assert.deepEqual(config, {
    supabase_url: stack.supabaseUrl, supabase_anon_key: stack.anonKey, default_employee: 'prime-boss',
  });
});
