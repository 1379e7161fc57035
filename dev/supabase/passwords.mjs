// Passwords as salted scrypt hashes, in one string: scrypt:<salt>:<hash>. Challenges of code verifiers.
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const deriveKey = /** @type {(password: string, salt: Buffer, length: number) => Promise<Buffer>} */ (promisify(scrypt));
const KEY_BYTES = 32;

/** @param {string} password */
export async function hashPassword(password) {
  const salt = randomBytes(16);
  const hash = await deriveKey(password, salt, KEY_BYTES);
  return `scrypt:${salt.toString('base64')}:${hash.toString('base64')}`;
}

/**
 * @param {string} password
 * @param {string | null} stored
 */
export async function passwordMatches(password, stored) {
  const [scheme, salt, hash] = (stored ?? '').split(':');
  if (scheme !== 'scrypt') return false;
  return timingSafeEqual(await deriveKey(password, Buffer.from(salt, 'base64'), KEY_BYTES), Buffer.from(hash, 'base64'));
}

/** The S256 challenge of RFC 7636. @param {string} verifier */
export function hashChallenge(verifier) {
  return createHash('sha256').update(verifier).digest('base64url');
}
