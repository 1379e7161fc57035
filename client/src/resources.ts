import { splitBody } from './lines.ts';
import type { Call, Query, Send } from './http.ts';
import type {
  Document, DocumentList, Employee, EmployeeList, Erased, Erasure, Fact, FactList, Feedback, FileLink, FileList, Forgotten, MessagePage,
  PageConfig, PassagePage, Pending, Picture, Session, SessionChanges, SessionPage, Usage,
} from './schemas.ts';

type Body = NonNullable<Call['body']>;

/** Position in a list: `before` is the `next` of the page before. */
export interface Paging {
  limit?: number;
  before?: string | null | undefined;
}

export interface SessionQuery extends Paging {
  archived?: boolean;
  pinned?: boolean;
  /** Words of messages and titles. */
  q?: string;
}

/** Part of a document. */
export interface PassageRange {
  /** Place of the first passage, from 0. */
  from?: number;
  /** Id of a passage that is in it. */
  around?: string;
  limit?: number;
}

/** Progress of an import: numbers so far. */
export interface ImportProgress {
  imported: number;
  known: number;
  skipped: number;
  done: boolean;
  error?: { code: string; detail: string };
}

/** A line of an export. */
export type ExportLine = { kind: string } & Record<string, unknown>;

/** Bodies that are kept for the next request, in number. */
const KNOWN_BODIES = 8;

/** Every resource of the API but the chat. */
export function resourcesOf(send: Send) {
  const known = new Map<string, { tag: string; text: string }>();
  /** Gets a body; one that is known already is not sent again. */
  const get = async <T>(path: string, query: Query = {}): Promise<T> => {
    const key = path + JSON.stringify(query);
    const before = known.get(key);
    const response = await send('GET', path, { query, ...(before && { headers: { 'if-none-match': before.tag } }) });
    if (before && response.status === 304) return JSON.parse(before.text);
    const [tag, text] = [response.headers.get('etag'), await response.text()];
    known.delete(key);
    if (tag) known.set(key, { tag, text });
    // The oldest one goes.
    if (known.size > KNOWN_BODIES) known.delete(known.keys().next().value!);
    return JSON.parse(text);
  };
  const json = async <T>(method: 'PUT' | 'PATCH', path: string, body: unknown): Promise<T> =>
    (await send(method, path, { json: body })).json();
  const remove = async (path: string, keepalive = false): Promise<void> => { await send('DELETE', path, { keepalive }); };
  const upload = async <T>(path: string, name: string, body: Body, type?: string): Promise<T> =>
    (await send('POST', path, { headers: { 'x-file-name': encodeURIComponent(name) }, body, ...(type && { type }) })).json();

  return {
    employees: { list: async (): Promise<Employee[]> => (await get<EmployeeList>('/api/employees')).data },
    sessions: {
      list: (query: SessionQuery = {}) => get<SessionPage>('/api/sessions', { ...query }),
      get: (id: string) => get<Session>(`/api/sessions/${id}`),
      update: (id: string, changes: SessionChanges) => json<Session>('PATCH', `/api/sessions/${id}`, changes),
      /** `keepalive` lets the request outlive the page. */
      delete: (id: string, { keepalive = false }: { keepalive?: boolean } = {}) => remove(`/api/sessions/${id}`, keepalive),
      messages: (id: string, paging: Paging = {}) => get<MessagePage>(`/api/sessions/${id}/messages`, { ...paging }),
    },
    feedback: {
      save: (message: string, feedback: Feedback) => json<Feedback>('PUT', `/api/messages/${message}/feedback`, feedback),
      delete: (message: string) => remove(`/api/messages/${message}/feedback`),
    },
    facts: {
      list: async (): Promise<Fact[]> => (await get<FactList>('/api/facts')).data,
      correct: (id: string, fact: string) => json<Fact>('PATCH', `/api/facts/${id}`, { fact }),
      /** Returns the number of rows that were forgotten with it. */
      forget: async (id: string): Promise<number> =>
        ((await (await send('DELETE', `/api/facts/${id}`)).json()) as Forgotten).forgotten,
    },
    documents: {
      list: async (): Promise<Document[]> => (await get<DocumentList>('/api/documents')).data,
      get: (id: string) => get<Document>(`/api/documents/${id}`),
      /** The text of a document, from a passage on: by its place, or around one with that id. */
      passages: (id: string, range: PassageRange = {}) => get<PassagePage>(`/api/documents/${id}/passages`, { ...range }),
      upload: (name: string, body: Body, type?: string) => upload<Document>('/api/documents', name, body, type),
      delete: (id: string) => remove(`/api/documents/${id}`),
    },
    files: {
      list: async (): Promise<FileList['data']> => (await get<FileList>('/api/files')).data,
      upload: (name: string, body: Body, type?: string) => upload<Picture>('/api/files', name, body, type),
      /** A link that downloads an exported table without a token. */
      link: (id: string) => get<FileLink>(`/api/files/${id}`),
      delete: (id: string) => remove(`/api/files/${id}`),
    },
    imports: {
      /** Number of memories that have no vector yet. */
      pending: async (): Promise<number> => (await get<Pending>('/api/import')).pending,
      /** Imports NDJSON, and yields the progress after each batch. */
      run: async function* (body: Body): AsyncGenerator<ImportProgress> {
        const lines = splitBody(await send('POST', '/api/import', { body, type: 'application/x-ndjson' }), '\n');
        for await (const line of lines) yield JSON.parse(line) as ImportProgress;
      },
    },
    usage: { get: () => get<Usage>('/api/usage') },
    me: {
      /** Everything that is stored of the user; the last line has the kind `end`. */
      export: async function* (): AsyncGenerator<ExportLine> {
        for await (const line of splitBody(await send('GET', '/api/me/export'), '\n')) yield JSON.parse(line) as ExportLine;
      },
      /** The same as a file. */
      download: async (): Promise<Blob> => (await send('GET', '/api/me/export')).blob(),
      /** Erases everything that is stored of the user, and returns the numbers of deleted rows. */
      erase: async (): Promise<Erased['data']> => ((await (await send('DELETE', '/api/me')).json()) as Erased).data,
      erasure: async (): Promise<Erasure['data']> => (await get<Erasure>('/api/me/erasure')).data,
    },
    /** For users whose `app_metadata.role` is `admin`. */
    admin: {
      eraseUser: async (id: string): Promise<Erased['data']> =>
        ((await (await send('DELETE', `/api/admin/users/${id}`)).json()) as Erased).data,
      userErasure: async (id: string): Promise<Erasure['data']> => (await get<Erasure>(`/api/admin/users/${id}/erasure`)).data,
    },
    /** Settings that a page needs to sign its user in. */
    config: () => get<PageConfig>('/config.json'),
  };
}
