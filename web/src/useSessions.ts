import { useCallback, useEffect, useRef, useState } from 'react';
import type { Api, Session } from './api.ts';
import { sleep } from './sleep.ts';

/** Milliseconds before each refresh after a turn: the server stores it a moment after the answer has ended. */
const REFRESH_DELAYS = [300, 700, 1500, 3000, 6000];

export interface Sessions {
  /** Newest first; undefined until loaded. */
  list: Session[] | undefined;
  error: unknown;
  hasOlder: boolean;
  refresh: () => void;
  loadOlder: () => void;
  /** Refreshes until the list has the turn that just ended in this session. */
  refreshWhenSaved: (session: string) => void;
}

export function useSessions(api: Api): Sessions {
  const [list, setList] = useState<Session[]>();
  const [error, setError] = useState<unknown>();
  const [olderCursor, setOlderCursor] = useState<string>();
  const latest = useRef<Session[]>([]);

  const load = useCallback(async (before?: string) => {
    try {
      const { data: page, next } = await api.sessions(before);
      latest.current = before ? [...latest.current, ...page] : mergeFirstPage(page, next ? latest.current : []);
      // A refreshed first page has no cursor for the end of a list with further pages.
      if (before || latest.current.length === page.length) setOlderCursor(next ?? undefined);
      setList(latest.current);
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [api]);

  const refreshWhenSaved = useCallback(async (session: string) => {
    const messageCount = () => latest.current.find(({ id }) => id === session)?.message_count ?? 0;
    const before = messageCount();
    for (const delay of REFRESH_DELAYS) {
      await sleep(delay);
      await load();
      if (messageCount() > before) return;
    }
  }, [load]);

  useEffect(() => void load(), [load]);

  return {
    list, error,
    hasOlder: olderCursor !== undefined,
    refresh: useCallback(() => void load(), [load]),
    loadOlder: useCallback(() => void load(olderCursor), [load, olderCursor]),
    refreshWhenSaved: useCallback((session) => void refreshWhenSaved(session), [refreshWhenSaved]),
  };
}

/** Puts a fresh first page before the older sessions that were already loaded. */
function mergeFirstPage(page: Session[], known: Session[]): Session[] {
  const fresh = new Set(page.map(({ id }) => id));
  const oldest = page.at(-1)?.last_message_at ?? '';
  return [...page, ...known.filter(({ id, last_message_at }) => !fresh.has(id) && last_message_at <= oldest)];
}
