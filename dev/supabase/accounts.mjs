// Users, their sign-in sessions and refresh tokens: the data of the local sign-in in the schema auth.
import { randomBytes, randomUUID } from 'node:crypto';
import { hashPassword, passwordMatches } from './passwords.mjs';

/**
 * Demo users, made at the first start. Their ids are fixed, so that their data stays theirs. The last one is an admin.
 * @type {{ id: string, email: string, password: string, appMetadata?: object }[]}
 */
export const DEMO_USERS = [
  { id: 'ada00000-0000-4000-8000-000000000001', email: 'ada@example.com', password: 'frontdesk' },
  { id: '97ace000-0000-4000-8000-000000000002', email: 'grace@example.com', password: 'frontdesk' },
  { id: 'ad314000-0000-4000-8000-000000000003', email: 'admin@example.com', password: 'frontdesk', appMetadata: { role: 'admin' } },
];

const APP_METADATA = { provider: 'email', providers: ['email'] };

/**
 * @typedef {object} UserRow
 * @property {string} id
 * @property {string} aud
 * @property {string} role
 * @property {string} email
 * @property {string | null} encrypted_password
 * @property {Date | null} email_confirmed_at
 * @property {Date | null} last_sign_in_at
 * @property {Record<string, unknown>} raw_app_meta_data
 * @property {Record<string, unknown>} raw_user_meta_data
 * @property {Date} created_at
 * @property {Date} updated_at
 */

/** @typedef {ReturnType<typeof accounts>} Accounts */

/** @param {import('pg').Pool} database */
export function accounts(database) {
  /**
   * @param {string} sql
   * @param {unknown[]} values
   * @returns {Promise<any>} the first row
   */
  const first = async (sql, values) => (await database.query(sql, values)).rows[0];

  return {
    async createDemoUsers() {
      for (const user of DEMO_USERS) {
        if (!await this.findUser(user.id)) await this.createUser(user);
      }
    },

    /**
     * @param {{ id?: string, email: string, password: string, appMetadata?: object, userMetadata?: object }} account
     * @returns {Promise<UserRow | undefined>} undefined when the address is taken
     */
    async createUser({ id = randomUUID(), email, password, appMetadata = {}, userMetadata = {} }) {
      return first(
        `insert into auth.users (id, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
         values ($1, lower($2), $3, now(), $4, $5) on conflict (email) do nothing returning *`,
        [id, email, await hashPassword(password), { ...APP_METADATA, ...appMetadata }, userMetadata],
      );
    },

    /**
     * @param {string} id
     * @returns {Promise<UserRow | undefined>}
     */
    findUser: (id) => first('select * from auth.users where id = $1', [id]),

    /**
     * @param {string} email
     * @returns {Promise<UserRow | undefined>}
     */
    findByEmail: (email) => first('select * from auth.users where email = lower($1)', [email]),

    /**
     * @param {string} id
     * @param {string} password
     * @returns {Promise<UserRow | undefined>}
     */
    async setPassword(id, password) {
      return first('update auth.users set encrypted_password = $2 where id = $1 returning *', [id, await hashPassword(password)]);
    },

    /**
     * @param {string} email
     * @param {string} password
     * @returns {Promise<UserRow | undefined>}
     */
    async checkPassword(email, password) {
      const user = await first('select id, encrypted_password from auth.users where email = lower($1)', [email]);
      if (!user || !await passwordMatches(password, user.encrypted_password)) return undefined;
      return first('update auth.users set last_sign_in_at = now() where id = $1 returning *', [user.id]);
    },

    /**
     * @param {string} userId
     * @returns {Promise<string>} the session's id
     */
    async openSession(userId) {
      return (await first('insert into auth.sessions (user_id) values ($1) returning id', [userId])).id;
    },

    /** @param {string} sessionId */
    async issueRefreshToken(sessionId) {
      const token = randomBytes(16).toString('base64url');
      await database.query('insert into auth.refresh_tokens (token, session_id) values ($1, $2)', [token, sessionId]);
      return token;
    },

    /**
     * Uses up a refresh token. Ten seconds of grace, as Supabase has, let two tabs refresh at the same moment.
     * @param {string} token
     * @returns {Promise<{ session_id: string, user_id: string } | undefined>}
     */
    useRefreshToken: (token) => first(
      `update auth.refresh_tokens t set revoked_at = coalesce(revoked_at, now()) from auth.sessions s
       where s.id = t.session_id and token = $1 and (revoked_at is null or revoked_at > now() - interval '10 seconds')
       returning s.id as session_id, s.user_id`,
      [token],
    ),

    /**
     * @param {string} userId
     * @param {string} sessionId
     * @param {'global' | 'local' | 'others'} scope
     */
    async closeSessions(userId, sessionId, scope) {
      const condition = { global: '', local: 'and id = $2', others: 'and id <> $2' }[scope];
      await database.query(
        `delete from auth.sessions where user_id = $1 ${condition}`, scope === 'global' ? [userId] : [userId, sessionId]);
    },
  };
}
