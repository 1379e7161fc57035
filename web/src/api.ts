import { signOut, type Auth } from './auth.ts';
import { ApiError, readApiError } from './errors.ts';
import type { StoredMessage } from './messages.ts';

export interface Employee {
  slug: string;
  title: string;
  description: string;
  /** Pictures and scans may be attached to a message for this employee. */
  reads_pictures?: boolean;
}

export interface Session {
  id: string;
  title: string | null;
  employee_slug: string;
  archived: boolean;
  pinned: boolean;
  message_count: number;
  last_message_at: string;
  /** Newest messages with the words that were searched for. */
  matches?: { message_id: string; snippet: string }[];
}

/** Fields of a session that its user may change. */
export type SessionChange = Partial<Pick<Session, 'archived' | 'pinned'>> & { title?: string };

interface SessionQuery {
  before?: string | undefined;
  archived?: boolean;
  pinned?: boolean;
  q?: string;
}

export interface Rating {
  rating: 'up' | 'down';
  comment?: string | null;
}

/** Limit of a day, with what is used and left of it; null where there is no limit. */
export type Budget = { limit: number; used: number; left: number } | null;

/** Response of `/api/usage`. */
export interface Usage {
  today: UsageSpan;
  month: UsageSpan;
  limits: {
    resets_at: string;
    user: { daily_tokens: Budget; daily_usd: Budget };
    employees: { employee: string; daily_tokens: Budget; daily_usd: Budget }[];
  };
}

export interface UsageSpan {
  requests: number;
  total_tokens: number;
  cost_usd: number | null;
}

/** A row of `/api/documents`. */
export interface StoredDocument {
  id: string;
  name: string;
  status: 'pending' | 'processing' | 'ready' | 'failed';
  chunks: number;
  embedded: number;
}

/** A picture that was uploaded ahead of its message. */
interface UploadedFile {
  id: string;
}

/** A remembered fact about the user. */
export interface Fact {
  id: string;
  fact: string;
  valid_from: string;
}

/** One page of a list, with the cursor of the next page. */
export interface Page<Row> {
  data: Row[];
  next?: string | null;
}

export type Api = ReturnType<typeof createApi>;

/** Encodes parameters; those without a value are left out. */
function query(parameters: Record<string, string | number | boolean | undefined>): URLSearchParams {
  return new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

/** Creates the client of the Worker's API. */
export function createApi(auth: Auth) {
  /** Reads the access token for each call: it lives for an hour, and `getSession` refreshes an expired one. */
  async function headers(): Promise<Record<string, string>> {
    const { data } = await auth.getSession();
    if (!data.session) throw new ApiError(401, 'Your sign-in has ended. Sign in again.');
    return { authorization: `Bearer ${data.session.access_token}` };
  }

  async function getList<Row>(path: string): Promise<Page<Row>> {
    const response = await fetch(path, { headers: await headers() });
    if (!response.ok) {
      const error = await readApiError(response);
      // A retry cannot help when the server rejects the access token: signing out leads to the sign-in form.
      if (error.status === 401) await signOut(auth);
      throw error;
    }
    return (await response.json()) as Page<Row>;
  }

  async function sendJson(method: string, path: string, json?: unknown): Promise<Response> {
    const response = await fetch(path, { method, headers: await headers(), body: json === undefined ? null : JSON.stringify(json) });
    if (!response.ok) throw await readApiError(response);
    return response;
  }

  return {
    headers,
    employees: async () => (await getList<Employee>('/api/employees')).data,
    facts: async () => (await getList<Fact>('/api/facts')).data,
    correctFact: async (id: string, fact: string) => (await sendJson('PATCH', `/api/facts/${id}`, { fact })).json() as Promise<Fact>,
    forgetFact: async (id: string): Promise<void> => { await sendJson('DELETE', `/api/facts/${id}`); },
    stop: async (session: string): Promise<void> => { await sendJson('POST', `/api/chat/${session}/stop`); },
    uploadFile: async (file: File): Promise<UploadedFile> => {
      const path = `/api/files?${new URLSearchParams({ name: file.name })}`;
      const response = await fetch(path, { method: 'POST', headers: await headers(), body: file });
      if (!response.ok) throw await readApiError(response);
      return (await response.json()) as UploadedFile;
    },
    fileLink: async (id: string): Promise<string> => {
      const response = await fetch(`/api/files/${id}`, { headers: await headers() });
      if (!response.ok) throw await readApiError(response);
      const { url } = (await response.json()) as { url: string };
      const link = new URL(url, location.href);
      if (!/^https?:$/.test(link.protocol)) throw new ApiError(502, 'The server gave no address for this file. Try again in a moment.');
      return link.href;
    },
    documents: async () => (await getList<StoredDocument>('/api/documents')).data,
    uploadDocument: async (file: File): Promise<void> => {
      const path = `/api/documents?${new URLSearchParams({ name: file.name })}`;
      const response = await fetch(path, { method: 'POST', headers: await headers(), body: file });
      if (!response.ok) throw await readApiError(response);
    },
    deleteDocument: async (id: string): Promise<void> => {
      const response = await fetch(`/api/documents/${id}`, { method: 'DELETE', headers: await headers() });
      // 404: another tab deleted it already.
      if (!response.ok && response.status !== 404) throw await readApiError(response);
    },
    messages: (session: string, before?: string) =>
      getList<StoredMessage>(`/api/sessions/${session}/messages?${query({ limit: 500, before })}`),
    sessions: (wanted: SessionQuery = {}) => getList<Session>(`/api/sessions?${query({ ...wanted })}`),
    changeSession: async (session: string, change: SessionChange) =>
      (await sendJson('PATCH', `/api/sessions/${session}`, change)).json() as Promise<Session>,
    /** `keepalive` lets the request outlive the page. */
    deleteSession: async (session: string, keepalive = false): Promise<void> => {
      const response = await fetch(`/api/sessions/${session}`, { method: 'DELETE', headers: await headers(), keepalive });
      // 404: another tab deleted it already.
      if (!response.ok && response.status !== 404) throw await readApiError(response);
    },
    rate: async (message: string, rating: Rating): Promise<void> => { await sendJson('PUT', `/api/messages/${message}/feedback`, rating); },
    unrate: async (message: string): Promise<void> => { await sendJson('DELETE', `/api/messages/${message}/feedback`); },
    usage: async () => (await sendJson('GET', '/api/usage')).json() as Promise<Usage>,
    /** Everything that is stored of the user, as NDJSON. */
    exportAll: async () => (await sendJson('GET', '/api/me/export')).blob(),
    /** Erases everything that is stored of the user. */
    eraseAll: async (): Promise<void> => { await sendJson('DELETE', '/api/me'); },
  };
}
