import { createFrontdesk, FrontdeskError, type Api as Rows, type PassageRange, type SessionQuery } from '../../../client/src/index.ts';
import { texts } from '../language/language.ts';
import { signOut, type Auth } from './auth.ts';
import type { Rating, StoredMessage } from './rows.ts';

export type { Employee, Fact, Session, Usage } from '../../../client/src/schemas.ts';

/** Fields of a session that its user may change. */
export type SessionChange = Rows.SessionChanges;

/** A row of `/api/documents`. */
export type StoredDocument = Rows.Document;

export type { PassageRange };

export type PassagePage = Rows.PassagePage;

export type Passage = PassagePage['data'][number];

/** Limit of a day, with what is used and left of it; null where there is no limit. */
export type Budget = Rows.Budget | null;

export type UsageSpan = Rows.Usage['today'];

/** One page of a list, with the cursor of the next page. */
interface Page<Row> {
  data: Row[];
  next: string | null;
}

export type Api = ReturnType<typeof createApi>;

/** Creates the client of the Worker's API. */
export function createApi(auth: Auth) {
  /** Reads the access token for each call: it lives for an hour, and `getSession` refreshes an expired one. */
  async function token(): Promise<string> {
    const { data } = await auth.getSession();
    if (!data.session) throw new FrontdeskError(texts().signIn.ended, { status: 401 });
    return data.session.access_token;
  }

  const client = createFrontdesk({ token });

  /** Waits for a list. */
  async function list<Result>(loaded: Promise<Result>): Promise<Result> {
    try {
      return await loaded;
    } catch (error) {
      // A retry cannot help when the server rejects the access token: signing out leads to the sign-in form.
      if (error instanceof FrontdeskError && error.status === 401) await signOut(auth);
      throw error;
    }
  }

  /** Waits for a deletion. 404: another tab deleted it already. */
  async function deletion(deleted: Promise<void>): Promise<void> {
    await deleted.catch((error: unknown) => {
      if (!(error instanceof FrontdeskError) || error.status !== 404) throw error;
    });
  }

  return {
    headers: async (): Promise<Record<string, string>> => ({ authorization: `Bearer ${await token()}` }),
    employees: () => list(client.employees.list()),
    facts: () => list(client.facts.list()),
    correctFact: client.facts.correct,
    forgetFact: async (id: string): Promise<void> => { await client.facts.forget(id); },
    stop: client.chat.stop,
    uploadFile: (file: File) => client.files.upload(file.name, file),
    fileLink: async (id: string): Promise<string> => {
      const link = new URL((await client.files.link(id)).url, location.href);
      if (!/^https?:$/.test(link.protocol)) throw new FrontdeskError(texts().answer.noFileAddress);
      return link.href;
    },
    documents: () => list(client.documents.list()),
    uploadDocument: (file: File) => client.documents.upload(file.name, file),
    passages: client.documents.passages,
    deleteDocument: (id: string) => deletion(client.documents.delete(id)),
    messages: (session: string, before?: string) =>
      list(client.sessions.messages(session, { limit: 500, before })) as Promise<Page<StoredMessage>>,
    sessions: (wanted: SessionQuery = {}) => list(client.sessions.list(wanted)),
    changeSession: client.sessions.update,
    /** `keepalive` lets the request outlive the page. */
    deleteSession: (session: string, keepalive = false) => deletion(client.sessions.delete(session, { keepalive })),
    rate: async (message: string, rating: Rating): Promise<void> => { await client.feedback.save(message, rating); },
    unrate: client.feedback.delete,
    usage: client.usage.get,
    /** Everything that is stored of the user, as NDJSON. */
    exportAll: client.me.download,
    /** Erases everything that is stored of the user. */
    eraseAll: async (): Promise<void> => { await client.me.erase(); },
  };
}
