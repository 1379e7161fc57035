// The local project's keys: made on first use and kept, so that tokens and the anon key outlive a restart.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/**
 * @typedef {object} Keys
 * @property {import('jose').JWK} es256PrivateJwk signs access tokens
 * @property {import('jose').JWK} es256PublicJwk the key in the JWKS
 * @property {string} kid
 * @property {string} hs256Secret the legacy secret, which signs the two keys below
 * @property {string} anonKey
 * @property {string} serviceRoleKey
 * @property {string} piiMasterKey 32 bytes in base64
 */

/** Ten years, as in the legacy keys of a hosted project. */
const KEY_LIFETIME = 10 * 365 * 24 * 3600;

/**
 * @param {string} stateDir
 * @returns {Promise<Keys>}
 */
export async function loadKeys(stateDir) {
  const file = join(stateDir, 'keys.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${file} is not valid JSON: delete it, and new keys are made.`);
    if (error.code !== 'ENOENT') throw error;
  }
  const keys = await generateKeys();
  await mkdir(stateDir, { recursive: true });
  // Renamed, so that an interrupted start leaves no half-written file.
  await writeFile(`${file}.unfinished`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.unfinished`, file);
  return keys;
}

/** @returns {Promise<Keys>} */
async function generateKeys() {
  const kid = randomUUID();
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const use = { kid, alg: 'ES256', use: 'sig' };
  const hs256Secret = randomBytes(40).toString('base64url');
  return {
    es256PrivateJwk: { ...await exportJWK(privateKey), ...use },
    es256PublicJwk: { ...await exportJWK(publicKey), ...use },
    kid,
    hs256Secret,
    anonKey: await legacyKey('anon', hs256Secret),
    serviceRoleKey: await legacyKey('service_role', hs256Secret),
    piiMasterKey: randomBytes(32).toString('base64'),
  };
}

/**
 * @param {'anon' | 'service_role'} role
 * @param {string} secret
 */
function legacyKey(role, secret) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ role, ref: 'frontdesk-local' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('supabase')
    .setIssuedAt(now)
    .setExpirationTime(now + KEY_LIFETIME)
    .sign(Buffer.from(secret));
}
