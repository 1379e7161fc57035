import { AuthClient, isAuthRetryableFetchError, type AuthError } from '@supabase/supabase-js';
import type { Config } from './config.ts';

export type Auth = InstanceType<typeof AuthClient>;

const STORAGE_KEY = 'frontdesk-session';

/**
 * Only the auth part of supabase-js: data goes through the Worker, and the rest of the client would double the page.
 * It keeps the session in local storage and refreshes the access token.
 */
export function createAuth(config: Config): Auth {
  return new AuthClient({
    url: `${config.supabase_url}/auth/v1`,
    headers: { apikey: config.supabase_anon_key },
    storageKey: STORAGE_KEY,
    // The fragment of the address names the conversation.
    detectSessionInUrl: false,
  });
}

/** Ends the session on this device. When Auth is out of reach it cannot, but the browser can still forget it. */
export async function signOut(auth: Auth): Promise<void> {
  const { error } = await auth.signOut({ scope: 'local' });
  if (!error) return;
  localStorage.removeItem(STORAGE_KEY);
  location.reload();
}

/** The demo accounts exist only where both the page and the accounts are on this computer. */
export function hasDemoAccounts(config: Config): boolean {
  return isLocal(location.hostname) && isLocal(new URL(config.supabase_url).hostname);
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1';
}

/** One clear sentence about a refused sign-in. */
export function explainSignIn(error: AuthError): string {
  if (error.code === 'invalid_credentials') return 'The e-mail or the password is not right. Check both and try again.';
  if (error.code === 'email_not_confirmed') return 'This e-mail is not confirmed yet: open the link we sent to it first.';
  if (isAuthRetryableFetchError(error)) return 'Sign-in is out of reach. Check your connection and try again.';
  return error.message;
}
