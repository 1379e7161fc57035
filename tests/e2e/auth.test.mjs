import { test } from 'node:test';
import assert from 'node:assert/strict';
import { exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { accessToken, ada, call, stack } from './test-stack.mjs';

const issuer = `${stack.supabaseUrl}/auth/v1`;
const claims = { iss: issuer, aud: 'authenticated', sub: ada.id, role: 'authenticated' };

/** Code of the error that a token gets, or 200. @param {string} access_token */
async function errorCode(access_token) {
  const response = await call('/api/employees', { user: { access_token } });
  const body = await response.json();
  if (response.status === 200) return 200;
  assert.equal(response.status, 401);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.equal(response.headers.get('www-authenticate'), 'Bearer');
  assert.equal(body.status, 401);
  assert.ok(body.detail.length > 10 && !body.detail.includes(access_token));
  return body.code;
}

const sign = (key, header, extra = {}) =>
  new SignJWT({ ...claims, ...extra }).setProtectedHeader(header).setExpirationTime('1h').sign(key);

test('a user token of the project is accepted', async () => {
  assert.equal(await errorCode(ada.access_token), 200);
  assert.equal(await errorCode(await accessToken({ aud: ['authenticated', 'other'] })), 200);
});

test('a token signed with the legacy secret is accepted if the secret is configured', async () => {
  assert.equal(await errorCode(await sign(Buffer.from(stack.keys.hs256Secret), { alg: 'HS256' })), 200);
  assert.equal(await errorCode(await sign(Buffer.from('another-secret-of-thirty-two-bytes'), { alg: 'HS256' })), 'invalid_token');
});

test('a request without a token is rejected', async () => {
  const response = await call('/api/chat', { user: null, json: { message: 'Hello' } });
  assert.equal(response.status, 401);
  assert.equal((await response.json()).code, 'missing_token');
});

test('each kind of invalid token is rejected with its own code', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const projectKey = await importJWK({ ...stack.keys.es256PublicJwk }, 'ES256', { extractable: true });
  const publicPem = Buffer.from(await exportSPKI(projectKey));
  const kid = stack.keys.kid;
  for (const [name, bad, code] of [
    ['expired', await accessToken({ exp: Math.floor(Date.now() / 1000) - 60 }), 'token_expired'],
    ['not yet valid', await accessToken({ nbf: Math.floor(Date.now() / 1000) + 600 }), 'token_expired'],
    ['wrong audience', await accessToken({ aud: 'anon' }), 'wrong_audience'],
    ['wrong issuer', await accessToken({ iss: 'https://other.supabase.co/auth/v1' }), 'wrong_issuer'],
    ['no expiry', await accessToken({ exp: undefined }), 'invalid_token'],
    ['role in user metadata only', await accessToken({ role: 'anon', user_metadata: { role: 'authenticated' } }), 'not_a_user'],
    ['subject is no id', await accessToken({ sub: 'ada' }), 'not_a_user'],
    ['alg none', new UnsecuredJWT(claims).setExpirationTime('1h').encode(), 'unsupported_algorithm'],
    ['HS256 with the public key', await sign(publicPem, { alg: 'HS256', kid }), 'unsupported_algorithm'],
    ['HS256 with the public key, no kid', await sign(publicPem, { alg: 'HS256' }), 'invalid_token'],
    ['unknown kid', await sign(privateKey, { alg: 'ES256', kid: 'another' }), 'unknown_key'],
    ['another key under a known kid', await sign(privateKey, { alg: 'ES256', kid }), 'invalid_token'],
    ['the anon key', stack.anonKey, 'not_a_user'],
    ['the service key', stack.serviceRoleKey, 'not_a_user'],
    ['no JWT at all', 'abc', 'invalid_token'],
  ]) {
    assert.equal(await errorCode(bad), code, name);
  }
  assert.ok(publicKey);
});
