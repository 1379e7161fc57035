/** Returns the access token of the signed-in user; none while nobody is. `refused` is a token that the server has refused. */
export type TokenCallback = (refused?: string) => string | null | undefined | Promise<string | null | undefined>;

/** The part of a Supabase client that the widget uses. */
export interface SupabaseClient {
  auth: {
    getSession: () => Promise<{ data: { session: { access_token: string } | null } }>;
    refreshSession?: () => Promise<{ data: { session: { access_token: string } | null } }>;
    onAuthStateChange?: (listen: (event: string) => void) => { data: { subscription: { unsubscribe: () => void } } };
  };
}

export function tokenOf(client: SupabaseClient): TokenCallback {
  return async (refused) => {
    const read = refused && client.auth.refreshSession ? client.auth.refreshSession : client.auth.getSession;
    return (await read.call(client.auth)).data.session?.access_token;
  };
}

/** Id of the user of a token, which the server verifies; undefined for what is no token. */
export function userOf(token: string): string | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return (JSON.parse(atob(payload)) as { sub?: string }).sub;
  } catch {
    return undefined;
  }
}
