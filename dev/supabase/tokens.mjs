// Access tokens with the claims that Supabase Auth gives them.
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';

/** Lifetime of an access token from sign-in, in seconds. */
export const ACCESS_TOKEN_LIFETIME = 3600;

/**
 * @param {import('./keys.mjs').Keys} keys
 * @param {{ sub: string, email: string, issuer: string } & Record<string, unknown>} claims beside the first three, any
 *   claim to set; `undefined` leaves one out
 */
export async function mintAccessToken(keys, { sub, email, issuer, ...overrides }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    sub,
    aud: 'authenticated',
    exp: now + ACCESS_TOKEN_LIFETIME,
    iat: now,
    email,
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: {},
    role: 'authenticated',
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: now }],
    session_id: randomUUID(),
    is_anonymous: false,
    ...overrides,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: keys.kid, typ: 'JWT' })
    .sign(await importJWK(keys.es256PrivateJwk));
}

/**
 * @param {import('./keys.mjs').Keys} keys
 * @param {string} token
 * @param {string} issuer
 * @returns {Promise<import('jose').JWTPayload | undefined>} undefined when the token is not a valid one of a user
 */
export async function verifyAccessToken(keys, token, issuer) {
  const keySet = createLocalJWKSet({ keys: [keys.es256PublicJwk] });
  const options = { issuer, audience: 'authenticated', algorithms: ['ES256'] };
  return jwtVerify(token, keySet, options).then(({ payload }) => payload, () => undefined);
}
