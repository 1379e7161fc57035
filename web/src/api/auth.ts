import { AuthClient, isAuthRetryableFetchError, type AuthError } from '@supabase/supabase-js';
import { texts } from '../language/language.ts';
import type { Config } from './config.ts';

export type Auth = InstanceType<typeof AuthClient>;

const STORAGE_KEY = 'frontdesk-session';

/**
 * Creates the auth client of supabase-js alone: data goes through the Worker, and the full client would double the page's size.
 * It keeps the session in local storage and refreshes the access token.
 */
export function createAuth(config: Config): Auth {
  return new AuthClient({
    url: `${config.supabase_url}/auth/v1`,
    headers: { apikey: config.supabase_anon_key },
    storageKey: STORAGE_KEY,
    // A link or a provider returns with a code in the query, good in the browser that began alone. A session in the fragment, which
    // anybody could put into a link, is refused.
    flowType: 'pkce',
    detectSessionInUrl: true,
  });
}

/** True if somebody is signed in on this device, or was until the session expired. */
export function hasStoredSession(): boolean {
  return localStorage.getItem(STORAGE_KEY) !== null;
}

/** Ends the session on this device. If Auth is unreachable, removes the stored session instead. */
export async function signOut(auth: Auth): Promise<void> {
  const { error } = await auth.signOut({ scope: 'local' });
  if (!error) return;
  localStorage.removeItem(STORAGE_KEY);
  location.reload();
}

/** Demo accounts exist only if both the page and Supabase run on this computer. */
export function hasDemoAccounts(config: Config): boolean {
  return isLocal(location.hostname) && isLocal(new URL(config.supabase_url).hostname);
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1';
}

/** Describes a failed sign-in in one sentence for the user. */
export function describeSignInError(error: AuthError): string {
  const { signIn } = texts();
  if (isAuthRetryableFetchError(error)) return signIn.unreachable;
  const known: Record<string, string> = {
    invalid_credentials: signIn.wrong, email_not_confirmed: signIn.unconfirmed, user_already_exists: signIn.taken, email_exists: signIn.taken,
    weak_password: signIn.weak, over_email_send_rate_limit: signIn.tooOften, over_request_rate_limit: signIn.tooOften,
    otp_expired: signIn.linkSpent, flow_state_not_found: signIn.linkSpent, flow_state_expired: signIn.linkSpent,
  };
  return known[error.code ?? detailCode(error) ?? ''] ?? error.message;
}

/** Code of an error that came back in the address of a link. */
function detailCode(error: AuthError): string | undefined {
  return 'details' in error ? (error.details as { code?: string } | null)?.code : undefined;
}

/** The page that a link or a provider leads back to. */
export function returnAddress(): string {
  return `${location.origin}${location.pathname}`;
}

/**
 * Ends a sign-in that began elsewhere: by a mailed link, or at a provider. Returns its error, if it has one, and takes what is left
 * of it out of the address.
 */
export async function finishRedirect(auth: Auth): Promise<string | undefined> {
  const { searchParams } = new URL(location.href);
  if (!searchParams.has('code') && !searchParams.has('error')) return undefined;
  const { error } = await auth.initialize();
  history.replaceState(null, '', location.pathname);
  if (error) return describeSignInError(error);
  const { data } = await auth.getSession();
  return data.session ? undefined : texts().signIn.otherBrowser;
}

/** Ways to sign in that a project offers. */
export interface AuthSettings {
  /** Names of providers, such as `google`. */
  providers: string[];
  hasSignUp: boolean;
}

/** Entries of `external` that are not providers with a page of their own. */
const NOT_PROVIDERS = new Set(['email', 'phone', 'anonymous_users', 'web3_solana', 'web3_ethereum', 'saml']);

/** Reads what the project offers. https://supabase.com/docs/reference/api has no entry for it; supabase-js reads the same route. */
export async function loadAuthSettings(config: Config): Promise<AuthSettings> {
  const response = await fetch(`${config.supabase_url}/auth/v1/settings`, { headers: { apikey: config.supabase_anon_key } });
  if (!response.ok) throw new Error(texts().signIn.unreachable);
  const { external = {}, disable_signup: isClosed } = await response.json() as { external?: Record<string, boolean>; disable_signup?: boolean };
  const providers = Object.keys(external).filter((name) => external[name] && !NOT_PROVIDERS.has(name));
  return { providers, hasSignUp: isClosed !== true && external['email'] !== false };
}
