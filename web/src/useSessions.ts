import { useCallback, useEffect, useRef, useState } from 'react';
import type { Api, Session } from './api.ts';
import { pause } from './pause.ts';

/** Pauses, in milliseconds, while the server saves a turn: it answers first and saves a moment later. */
const WHILE_SAVING = [300, 700, 1500, 3000, 6000];

export interface Sessions {
  /** Newest first; absent until loaded. */
  list: Session[] | undefined;
  error: unknown;
  hasOlder: boolean;
  refresh: () => void;
  loadOlder: () => void;
  /** Refreshes until a turn that just ended in this session is in the list. */
  refreshWhenSaved: (session: string) => void;
}

export function useSessions(api: Api): Sessions {
  const [list, setList] = useState<Session[]>();
  const [error, setError] = useState<unknown>();
  const [older, setOlder] = useState<string>();
  const latest = useRef<Session[]>([]);

  const load = useCallback(async (before?: string) => {
    try {
      const { data: page, next } = await api.sessions(before);
      latest.current = before ? [...latest.current, ...page] : withOlder(page, next ? latest.current : []);
      // A refresh of the first page says nothing about the end of a list that was opened further.
      if (before || latest.current.length === page.length) setOlder(next ?? undefined);
      setList(latest.current);
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [api]);

  const refreshWhenSaved = useCallback(async (session: string) => {
    const count = () => latest.current.find(({ id }) => id === session)?.message_count ?? 0;
    const before = count();
    for (const wait of WHILE_SAVING) {
      await pause(wait);
      await load();
      if (count() > before) return;
    }
  }, [load]);

  useEffect(() => void load(), [load]);

  return {
    list, error,
    hasOlder: older !== undefined,
    refresh: useCallback(() => void load(), [load]),
    loadOlder: useCallback(() => void load(older), [load, older]),
    refreshWhenSaved: useCallback((session) => void refreshWhenSaved(session), [refreshWhenSaved]),
  };
}

/** A fresh first page, followed by what was loaded below it before. */
function withOlder(page: Session[], known: Session[]): Session[] {
  const fresh = new Set(page.map(({ id }) => id));
  const oldest = page.at(-1)?.last_message_at ?? '';
  return [...page, ...known.filter(({ id, last_message_at }) => !fresh.has(id) && last_message_at <= oldest)];
}
