import { signOut, type Auth } from './auth.ts';
import type { StoredMessage } from './conversation.ts';
import { Problem, readProblem } from './problem.ts';

export interface Employee {
  slug: string;
  title: string;
  description: string;
}

export interface Session {
  id: string;
  title: string | null;
  employee_slug: string;
  message_count: number;
  last_message_at: string;
}

/** Sessions of one page of the list. */
export const SESSIONS_PER_PAGE = 50;

export type Api = ReturnType<typeof createApi>;

/** The Worker's reads, and the headers that every call needs. */
export function createApi(auth: Auth) {
  /** Asked for each call: the access token lives an hour, and `getSession` refreshes it when it has run out. */
  async function headers(): Promise<Record<string, string>> {
    const { data } = await auth.getSession();
    if (!data.session) throw new Problem(401, 'Your sign-in has ended. Sign in again.');
    return { authorization: `Bearer ${data.session.access_token}` };
  }

  async function list<Row>(path: string): Promise<Row[]> {
    const response = await fetch(path, { headers: await headers() });
    if (!response.ok) {
      const problem = await readProblem(response);
      // A token that the server does not take will not be taken later either; the sign-in form is the way on.
      if (problem.status === 401) await signOut(auth);
      throw problem;
    }
    return ((await response.json()) as { data: Row[] }).data;
  }

  return {
    headers,
    employees: () => list<Employee>('/api/employees'),
    messages: (session: string) => list<StoredMessage>(`/api/sessions/${session}/messages?limit=500`),
    sessions: (before?: string) => {
      const query = new URLSearchParams({ limit: String(SESSIONS_PER_PAGE), ...(before && { before }) });
      return list<Session>(`/api/sessions?${query}`);
    },
  };
}
