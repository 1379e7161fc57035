// The part of Supabase Auth that supabase-js needs to sign up, sign in by password or by a mailed link, refresh, read and change the
// user, and sign out.
import { randomBytes, randomUUID } from 'node:crypto';
import { hashChallenge } from './passwords.mjs';
import { ACCESS_TOKEN_LIFETIME, mintAccessToken, verifyAccessToken } from './tokens.mjs';

/** A refusal in the shape that auth-js reads. */
export class AuthError extends Error {
  /**
   * @param {number} status
   * @param {string} code one of Supabase Auth's error codes
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @typedef {{ query: URLSearchParams, bearer: string, body: any }} AuthRequest */

/**
 * @typedef {object} MailedLink a sign-in that waits for its link to be opened, then for its code to be exchanged
 * @property {string} userId
 * @property {string} challenge what the code verifier must hash to
 */

/**
 * @param {object} project
 * @param {import('./accounts.mjs').Accounts} project.accounts
 * @param {import('./keys.mjs').Keys} project.keys
 * @param {string} project.issuer
 * @param {(email: string, link: string) => void} project.mail delivers a link
 * @returns {Record<string, (request: AuthRequest) => Promise<object | undefined>>} by method and path below /auth/v1; a `URL` redirects
 */
export function authRoutes({ accounts, keys, issuer, mail }) {
  /** Links that were mailed, by their token, and codes that they were exchanged for. @type {Map<string, MailedLink>} */
  const mailed = new Map();
  const keep = (/** @type {MailedLink} */ link) => {
    const token = randomBytes(24).toString('base64url');
    mailed.set(token, link);
    return token;
  };
  const use = (/** @type {string} */ token) => {
    const link = mailed.get(token);
    mailed.delete(token);
    return link;
  };

  /** Answers the same for an address that nobody has. @param {AuthRequest} request @param {'recovery' | 'magiclink'} type */
  const mailLink = async ({ query, body }, type) => {
    const email = text(body, 'email');
    const user = await accounts.findByEmail(email);
    if (user) {
      const link = new URL(`${issuer}/verify`);
      link.searchParams.set('token', keep({ userId: user.id, challenge: text(body, 'code_challenge') }));
      link.searchParams.set('type', type);
      link.searchParams.set('redirect_to', query.get('redirect_to') ?? '');
      mail(email, link.href);
    }
    return {};
  };

  /**
   * @param {import('./accounts.mjs').UserRow} user
   * @param {string} sessionId
   */
  const session = async (user, sessionId) => ({
    access_token: await mintAccessToken(keys, {
      sub: user.id, email: user.email, issuer, session_id: sessionId,
      app_metadata: user.raw_app_meta_data, user_metadata: user.raw_user_meta_data,
    }),
    token_type: 'bearer',
    expires_in: ACCESS_TOKEN_LIFETIME,
    expires_at: Math.floor(Date.now() / 1000) + ACCESS_TOKEN_LIFETIME,
    refresh_token: await accounts.issueRefreshToken(sessionId),
    user: publicUser(user),
  });

  /** @param {AuthRequest} request */
  const claimsOf = async ({ bearer }) => {
    const claims = await verifyAccessToken(keys, bearer, issuer);
    if (!claims?.sub) throw new AuthError(403, 'bad_jwt', 'The access token is missing, invalid or expired: sign in again.');
    return claims;
  };

  const grants = {
    /** @param {AuthRequest} request */
    async password({ body }) {
      const user = await accounts.checkPassword(text(body, 'email'), text(body, 'password'));
      if (!user) throw new AuthError(400, 'invalid_credentials', 'Invalid login credentials');
      return session(user, await accounts.openSession(user.id));
    },

    /** @param {AuthRequest} request */
    async refresh_token({ body }) {
      const used = await accounts.useRefreshToken(text(body, 'refresh_token'));
      const user = used && await accounts.findUser(used.user_id);
      if (!user) throw new AuthError(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found');
      return session(user, used.session_id);
    },

    /** @param {AuthRequest} request */
    async pkce({ body }) {
      const link = use(text(body, 'auth_code'));
      const user = link && link.challenge === hashChallenge(text(body, 'code_verifier')) && await accounts.findUser(link.userId);
      if (!user) throw new AuthError(403, 'flow_state_not_found', 'invalid flow state, no valid flow state found');
      return session(user, await accounts.openSession(user.id));
    },
  };

  return {
    'GET /.well-known/jwks.json': async () => ({ keys: [keys.es256PublicJwk] }),

    'GET /health': async () => ({ name: 'GoTrue', version: 'local', description: 'Local stand-in of Supabase Auth' }),

    'GET /settings': async () => ({
      external: { email: true }, disable_signup: false, mailer_autoconfirm: true, phone_autoconfirm: false,
    }),

    async 'POST /token'(request) {
      const grant = request.query.get('grant_type') ?? '';
      if (grant !== 'password' && grant !== 'refresh_token' && grant !== 'pkce') {
        throw new AuthError(400, 'validation_failed', 'unsupported_grant_type');
      }
      return grants[grant](request);
    },

    async 'POST /signup'({ body }) {
      const password = text(body, 'password');
      checkStrength(password);
      const user = await accounts.createUser({ email: text(body, 'email'), password, userMetadata: body.data });
      if (!user) throw new AuthError(422, 'user_already_exists', 'User already registered');
      return session(user, await accounts.openSession(user.id));
    },

    'POST /recover': (request) => mailLink(request, 'recovery'),

    'POST /otp': (request) => mailLink(request, 'magiclink'),

    async 'GET /verify'({ query }) {
      const link = use(query.get('token') ?? '');
      const target = localAddress(query.get('redirect_to') ?? '');
      if (link) target.searchParams.set('code', keep(link));
      else {
        const error = { error: 'access_denied', error_code: 'otp_expired', error_description: 'Email link is invalid or has expired' };
        for (const [name, value] of Object.entries(error)) target.searchParams.set(name, value);
      }
      return target;
    },

    async 'PUT /user'(request) {
      const { sub = '' } = await claimsOf(request);
      const password = text(request.body, 'password');
      checkStrength(password);
      const user = await accounts.setPassword(sub, password);
      if (!user) throw new AuthError(403, 'user_not_found', 'User from sub claim in JWT does not exist');
      return publicUser(user);
    },

    async 'GET /user'(request) {
      const user = await accounts.findUser((await claimsOf(request)).sub ?? '');
      if (!user) throw new AuthError(403, 'user_not_found', 'User from sub claim in JWT does not exist');
      return publicUser(user);
    },

    async 'POST /logout'(request) {
      const claims = await claimsOf(request);
      const scope = request.query.get('scope') ?? 'global';
      if (scope !== 'global' && scope !== 'local' && scope !== 'others') {
        throw new AuthError(400, 'validation_failed', 'scope must be global, local or others');
      }
      await accounts.closeSessions(claims.sub ?? '', String(claims.session_id ?? randomUUID()), scope);
      return undefined;
    },
  };
}

/** @param {string} password */
function checkStrength(password) {
  if (password.length < 6) throw new AuthError(422, 'weak_password', 'Password should be at least 6 characters.');
}

/** The page that a link leads to. Only one on this computer: the local sign-in has no list of allowed addresses. @param {string} address */
function localAddress(address) {
  const url = URL.parse(address);
  if (url && (url.hostname === 'localhost' || url.hostname === '127.0.0.1')) return url;
  throw new AuthError(400, 'validation_failed', 'redirect_to must be a page on this computer.');
}

/**
 * @param {any} body
 * @param {string} field
 * @returns {string}
 */
function text(body, field) {
  const value = body?.[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new AuthError(400, 'validation_failed', `The field ${field} is missing: send it as a non-empty string.`);
}

/** @param {import('./accounts.mjs').UserRow} user */
function publicUser(user) {
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email,
    phone: '',
    email_confirmed_at: user.email_confirmed_at,
    confirmed_at: user.email_confirmed_at,
    last_sign_in_at: user.last_sign_in_at,
    app_metadata: user.raw_app_meta_data,
    user_metadata: user.raw_user_meta_data,
    identities: [],
    is_anonymous: false,
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}
