import type { Api } from '@frontdesk/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useFrontdeskClient } from './FrontdeskProvider.tsx';

export interface SessionListState {
  /** Newest first; undefined until they are loaded. */
  sessions: Api.Session[] | undefined;
  error: unknown;
  hasOlder: boolean;
  refresh: () => void;
  loadOlder: () => void;
  /** Changes title, archive or pin. */
  update: (id: string, changes: Api.SessionChanges) => Promise<void>;
  remove: (id: string) => Promise<void>;
}

/** The sessions of the user, or those that have the words of `query`. */
export function useSessionList({ query = '', archived = false }: { query?: string; archived?: boolean } = {}): SessionListState {
  const client = useFrontdeskClient();
  const [page, setPage] = useState<{ sessions: Api.Session[]; next: string | null }>();
  const [error, setError] = useState<unknown>();
  /** Number of the newest request: answers to earlier ones are out of date. */
  const newest = useRef(0);

  const load = useCallback(async (before?: string | null) => {
    newest.current += 1;
    const request = newest.current;
    try {
      const words = query.trim();
      const { data, next } = await client.sessions.list({ archived, before, ...(words && { q: words }) });
      if (request !== newest.current) return;
      setPage((known) => ({ sessions: before ? [...known?.sessions ?? [], ...data] : data, next }));
      setError(undefined);
    } catch (failure) {
      if (request === newest.current) setError(failure);
    }
  }, [archived, client, query]);

  useEffect(() => {
    setPage(undefined);
    void load();
    return () => { newest.current += 1; };
  }, [load]);

  const change = useCallback(async (step: () => Promise<unknown>) => {
    try {
      await step();
      await load();
    } catch (failure) {
      setError(failure);
    }
  }, [load]);

  return {
    sessions: page?.sessions, error, hasOlder: typeof page?.next === 'string',
    refresh: useCallback(() => void load(), [load]),
    loadOlder: useCallback(() => void load(page?.next), [load, page?.next]),
    update: useCallback((id, changes) => change(() => client.sessions.update(id, changes)), [change, client]),
    remove: useCallback((id) => change(() => client.sessions.delete(id)), [change, client]),
  };
}
