import { AuthClient, isAuthRetryableFetchError, type AuthError } from '@supabase/supabase-js';
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
    // The URL fragment names the conversation, so it cannot carry a session.
    detectSessionInUrl: false,
  });
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
  if (error.code === 'invalid_credentials') return 'The e-mail or the password is not right. Check both and try again.';
  if (error.code === 'email_not_confirmed') return 'This e-mail is not confirmed yet: open the link we sent to it first.';
  if (isAuthRetryableFetchError(error)) return 'Sign-in is out of reach. Check your connection and try again.';
  return error.message;
}
