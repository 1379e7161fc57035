import { useCallback, useEffect, useRef, useState } from 'react';
import type { Api, Session, SessionChange } from '../api/api.ts';
import { texts as currentTexts, useTexts } from '../language/language.ts';
import { sleep } from '../ui/sleep.ts';
import { useDelayedRemoval } from '../ui/useDelayedRemoval.ts';

/** Milliseconds before each refresh after a turn: the server stores it a moment after the answer has ended. */
const REFRESH_DELAYS = [300, 700, 1500, 3000, 6000];

/** An action on a session that can be undone. */
export interface Undoable {
  text: string;
  undo: () => void;
}

export interface Sessions {
  /** Pinned ones first, then newest first; undefined until loaded. */
  list: Session[] | undefined;
  error: unknown;
  hasOlder: boolean;
  refresh: () => void;
  loadOlder: () => void;
  /** Refreshes until the list has the turn that just ended in this session. */
  refreshWhenSaved: (session: string) => void;
  change: (session: Session, change: SessionChange) => void;
  remove: (session: Session) => void;
  /** The last action, as long as it can be undone. */
  undoable: Undoable | undefined;
  dismiss: () => void;
}

/** Loads the sessions that are archived, or those that are not. */
export function useSessions(api: Api, isArchive: boolean): Sessions {
  const { sidebar: texts } = useTexts();
  const [list, setList] = useState<Session[]>();
  const [error, setError] = useState<unknown>();
  const [olderCursor, setOlderCursor] = useState<string>();
  const latest = useRef<Session[]>([]);
  /** The session that was archived or taken out of the archive last. */
  const [moved, setMoved] = useState<Session>();

  const show = useCallback((sessions: Session[]) => {
    latest.current = sessions.toSorted((one, other) => Number(other.pinned) - Number(one.pinned));
    setList(latest.current);
  }, []);

  const load = useCallback(async (before?: string) => {
    try {
      const pinned = before ? [] : (await api.sessions({ archived: isArchive, pinned: true })).data;
      const { data: page, next } = await api.sessions({ before, archived: isArchive });
      const merged = before ? [...latest.current, ...page] : mergeFirstPage(page, next ? latest.current : []);
      // A refreshed first page has no cursor for the end of a list with further pages.
      if (before || merged.length === page.length) setOlderCursor(next ?? undefined);
      show([...merged, ...pinned.filter(({ id }) => !merged.some((session) => session.id === id))]);
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [api, isArchive, show]);

  const refreshWhenSaved = useCallback(async (session: string) => {
    const messageCount = () => latest.current.find(({ id }) => id === session)?.message_count ?? 0;
    const before = messageCount();
    for (const delay of REFRESH_DELAYS) {
      await sleep(delay);
      await load();
      // A new session gets its title in the background, a while after its first answer.
      if (before > 0 && messageCount() > before) return;
    }
  }, [load]);

  const change = useCallback(async (session: Session, wanted: SessionChange) => {
    try {
      const changed = await api.changeSession(session.id, wanted);
      const others = latest.current.filter(({ id }) => id !== session.id);
      show(changed.archived === isArchive ? [...others, changed].sort(byTime) : others);
      if (wanted.archived !== undefined) setMoved(changed.archived === isArchive ? undefined : changed);
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [api, isArchive, show]);

  const carryOut = useCallback((session: Session, isLeaving: boolean) => {
    show(latest.current.filter(({ id }) => id !== session.id));
    api.deleteSession(session.id, isLeaving).catch((failure: unknown) => {
      setError(failure);
      void load();
    });
  }, [api, load, show]);
  const { removed, remove, undo } = useDelayedRemoval(carryOut);

  useEffect(() => {
    latest.current = [];
    setList(undefined);
    setMoved(undefined);
    void load();
  }, [load]);

  return {
    list: list?.filter(({ id }) => id !== removed?.id), error,
    hasOlder: olderCursor !== undefined,
    refresh: useCallback(() => void load(), [load]),
    loadOlder: useCallback(() => void load(olderCursor), [load, olderCursor]),
    refreshWhenSaved: useCallback((session) => void refreshWhenSaved(session), [refreshWhenSaved]),
    change: useCallback((session, wanted) => void change(session, wanted), [change]),
    remove,
    undoable: removed ? { text: texts.deletedNote(titleOf(removed)), undo }
      : moved && {
        text: isArchive ? texts.unarchivedNote(titleOf(moved)) : texts.archivedNote(titleOf(moved)),
        undo: () => void change(moved, { archived: isArchive }),
      },
    dismiss: useCallback(() => setMoved(undefined), []),
  };
}

export function titleOf({ title }: Session): string {
  return title ?? currentTexts().sidebar.untitled;
}

function byTime(one: Session, other: Session): number {
  return other.last_message_at.localeCompare(one.last_message_at);
}

/** Puts a fresh first page before the older sessions that were already loaded. */
function mergeFirstPage(page: Session[], known: Session[]): Session[] {
  const fresh = new Set(page.map(({ id }) => id));
  const oldest = page.at(-1)?.last_message_at ?? '';
  return [...page, ...known.filter(({ id, last_message_at }) => !fresh.has(id) && last_message_at <= oldest)];
}
