import type { Api } from '@frontdesk/client';
import { useEffect, useRef } from 'react';
import { describeError } from '../../widget/src/errors.ts';
import { useSessionList } from './useSessionList.ts';

export interface SessionListProps {
  /** Id of the session that is open. */
  current?: string | undefined;
  /** Called with the id of a session, or with undefined for a new one. */
  onSelect: (session: string | undefined) => void;
  /** Words of messages and titles. */
  query?: string;
  /** Raise it after an answer: the list is loaded again. */
  version?: number;
  theme?: 'light' | 'dark';
}

/** The sessions of the user, newest first, with buttons to open and delete them. */
export function SessionList({ current, onSelect, query = '', version = 0, theme }: SessionListProps) {
  const { sessions, error, hasOlder, loadOlder, refresh, remove } = useSessionList({ query });
  const shownVersion = useRef(version);
  useEffect(() => {
    if (shownVersion.current !== version) refresh();
    shownVersion.current = version;
  }, [refresh, version]);
  const removeSession = async (id: string) => {
    await remove(id);
    if (id === current) onSelect(undefined);
  };
  return (
    <nav className="frontdesk sessions" data-theme={theme} aria-label="Conversations">
      <button type="button" onClick={() => onSelect(undefined)}>New chat</button>
      {error !== undefined && sessions === undefined && <p className="error" role="alert">{describeError(error)}</p>}
      <ul aria-busy={sessions === undefined && error === undefined}>
        {sessions?.map((session) => (
          <SessionItem key={session.id} session={session} isCurrent={session.id === current} onSelect={onSelect} onRemove={removeSession} />
        ))}
      </ul>
      {hasOlder && <button type="button" onClick={loadOlder}>Show older</button>}
    </nav>
  );
}

interface ItemProps extends Pick<SessionListProps, 'onSelect'> {
  session: Api.Session;
  isCurrent: boolean;
  onRemove: (id: string) => Promise<void>;
}

function SessionItem({ session: { id, title, matches }, isCurrent, onSelect, onRemove }: ItemProps) {
  const name = title ?? 'Untitled';
  return (
    <li className="row">
      <button type="button" className="plain session" aria-current={isCurrent ? 'page' : undefined} onClick={() => onSelect(id)}>
        <span dir="auto">{name}</span>
        {matches?.[0] && <span className="soft" dir="auto">{matches[0].snippet}</span>}
      </button>
      <button type="button" className="plain" aria-label={`Delete “${name}”`} onClick={() => void onRemove(id)}>×</button>
    </li>
  );
}
