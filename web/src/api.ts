import { signOut, type Auth } from './auth.ts';
import type { StoredMessage } from './conversation.ts';
import { Problem, readProblem } from './problem.ts';

export interface Employee {
  slug: string;
  title: string;
  description: string;
  /** Pictures and scans may go with a message. */
  reads_pictures?: boolean;
}

export interface Session {
  id: string;
  title: string | null;
  employee_slug: string;
  message_count: number;
  last_message_at: string;
}

/** A row of `/api/documents`. */
export interface StoredDocument {
  id: string;
  name: string;
  status: 'pending' | 'processing' | 'ready' | 'failed';
  chunks: number;
  embedded: number;
}

/** A picture that was sent ahead of its message. */
interface UploadedFile {
  id: string;
}

/** What is known of the user. */
export interface Fact {
  id: string;
  fact: string;
  valid_from: string;
}

/** Part of a list, and where the next part begins. */
export interface Page<Row> {
  data: Row[];
  next?: string | null;
}

export type Api = ReturnType<typeof createApi>;

/** The Worker's reads, and the headers that every call needs. */
export function createApi(auth: Auth) {
  /** Asked for each call: the access token lives an hour, and `getSession` refreshes it when it has run out. */
  async function headers(): Promise<Record<string, string>> {
    const { data } = await auth.getSession();
    if (!data.session) throw new Problem(401, 'Your sign-in has ended. Sign in again.');
    return { authorization: `Bearer ${data.session.access_token}` };
  }

  async function list<Row>(path: string): Promise<Page<Row>> {
    const response = await fetch(path, { headers: await headers() });
    if (!response.ok) {
      const problem = await readProblem(response);
      // A token that the server does not take will not be taken later either; the sign-in form is the way on.
      if (problem.status === 401) await signOut(auth);
      throw problem;
    }
    return (await response.json()) as Page<Row>;
  }

  async function change(method: string, path: string, json?: unknown): Promise<Response> {
    const response = await fetch(path, { method, headers: await headers(), body: json === undefined ? null : JSON.stringify(json) });
    if (!response.ok) throw await readProblem(response);
    return response;
  }

  return {
    headers,
    employees: async () => (await list<Employee>('/api/employees')).data,
    facts: async () => (await list<Fact>('/api/facts')).data,
    correctFact: async (id: string, fact: string) => (await change('PATCH', `/api/facts/${id}`, { fact })).json() as Promise<Fact>,
    forgetFact: async (id: string): Promise<void> => { await change('DELETE', `/api/facts/${id}`); },
    stop: async (session: string): Promise<void> => { await change('POST', `/api/chat/${session}/stop`); },
    addFile: async (file: File): Promise<UploadedFile> => {
      const path = `/api/files?${new URLSearchParams({ name: file.name })}`;
      const response = await fetch(path, { method: 'POST', headers: await headers(), body: file });
      if (!response.ok) throw await readProblem(response);
      return (await response.json()) as UploadedFile;
    },
    fileLink: async (id: string): Promise<string> => {
      const response = await fetch(`/api/files/${id}`, { headers: await headers() });
      if (!response.ok) throw await readProblem(response);
      const { url } = (await response.json()) as { url: string };
      const link = new URL(url, location.href);
      if (!/^https?:$/.test(link.protocol)) throw new Problem(502, 'The server gave no address for this file. Try again in a moment.');
      return link.href;
    },
    documents: async () => (await list<StoredDocument>('/api/documents')).data,
    addDocument: async (file: File): Promise<void> => {
      const path = `/api/documents?${new URLSearchParams({ name: file.name })}`;
      const response = await fetch(path, { method: 'POST', headers: await headers(), body: file });
      if (!response.ok) throw await readProblem(response);
    },
    removeDocument: async (id: string): Promise<void> => {
      const response = await fetch(`/api/documents/${id}`, { method: 'DELETE', headers: await headers() });
      // One that is gone is deleted.
      if (!response.ok && response.status !== 404) throw await readProblem(response);
    },
    messages: async (session: string) => (await list<StoredMessage>(`/api/sessions/${session}/messages?limit=500`)).data,
    sessions: (before?: string) => list<Session>(`/api/sessions?${new URLSearchParams(before && { before })}`),
  };
}
