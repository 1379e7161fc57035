import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { Employee, Session } from '../api/api.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { Icon } from '../ui/Icon.tsx';
import { Menu } from '../ui/Menu.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { relativeTime } from '../ui/relativeTime.ts';
import type { Resource } from '../api/useResource.ts';
import { sessionAddress, type Route } from '../ui/useRoute.ts';
import type { Search } from './useSearch.ts';
import { titleOf, type Sessions } from './useSessions.ts';

interface Props {
  sessions: Sessions;
  search: Search;
  isArchive: boolean;
  current: Route;
  employees: Resource<Employee[]>;
}

/** The sessions of the user, or those that were found. */
export function SessionList({ sessions, search, isArchive, current, employees }: Props) {
  const { error, hasOlder, refresh, loadOlder, change, remove } = sessions;
  const isSearch = search.query.trim() !== '';
  const list = isSearch ? search.found : sessions.list;
  const failure = isSearch ? search.error : error;
  const employeeTitle = (slug: string) =>
    (employees.state === 'ready' && employees.value.find((employee) => employee.slug === slug)?.title) || slug;
  const nothing = isSearch ? 'No conversation has these words.'
    : isArchive ? 'The archive is empty.' : 'Your conversations will be listed here.';

  return (
    <>
      {failure !== undefined && <ErrorNote text={describeError(failure)} actions={isSearch ? [] : [{ label: 'Retry', run: refresh }]} />}
      {!list && failure === undefined && <Skeleton />}
      {list?.length === 0 && <p className="muted sessions-empty" role="status">{nothing}</p>}
      {list && list.length > 0 && (
        <ul className="session-list">
          {list.map((session) => (
            <SessionItem key={session.id} session={session} employee={employeeTitle(session.employee_slug)} isSearch={isSearch}
              isCurrent={session.id === current.session} onChange={change} onRemove={remove} />
          ))}
        </ul>
      )}
      {hasOlder && !isSearch && <button type="button" className="button small" onClick={loadOlder}>Show older</button>}
    </>
  );
}

interface ItemProps extends Record<'isCurrent' | 'isSearch', boolean> {
  session: Session;
  employee: string;
  onChange: Sessions['change'];
  onRemove: Sessions['remove'];
}

function SessionItem({ session, employee, isCurrent, isSearch, onChange, onRemove }: ItemProps) {
  const [isRenaming, setIsRenaming] = useState(false);
  const wasRenaming = useRef(false);
  const link = useRef<HTMLAnchorElement>(null);
  const title = titleOf(session);

  useEffect(() => {
    if (wasRenaming.current) link.current?.focus();
    wasRenaming.current = isRenaming;
  }, [isRenaming]);

  if (isRenaming) {
    const end = (changed: string) => {
      setIsRenaming(false);
      if (changed !== title) onChange(session, { title: changed });
    };
    return <li><TitleForm title={title} onEnd={end} /></li>;
  }
  return (
    <li className="session">
      <a ref={link} className="session-item" href={sessionAddress(session.id)} data-testid="session-item"
        aria-current={isCurrent ? 'page' : undefined}>
        <span className="session-title" dir="auto">{title}</span>
        {isSearch && session.matches?.[0] && <span className="session-snippet" dir="auto">{session.matches[0].snippet}</span>}
        <span className="session-info">
          <span>{session.pinned ? `Pinned · ${employee}` : employee}</span>
          <time dateTime={session.last_message_at}>{relativeTime(session.last_message_at)}</time>
        </span>
      </a>
      {!isSearch && (
        <Menu label={`Options for “${title}”`} items={[
          { label: 'Rename', run: () => setIsRenaming(true) },
          { label: session.pinned ? 'Unpin' : 'Pin', run: () => onChange(session, { pinned: !session.pinned }) },
          { label: session.archived ? 'Take out of the archive' : 'Archive', run: () => onChange(session, { archived: !session.archived }) },
          { label: 'Delete', isDangerous: true, run: () => onRemove(session) },
        ]}>
          <Icon name="more" />
        </Menu>
      )}
    </li>
  );
}

/** A field for another title. It ends with the old one on Escape, or where no text is left. */
function TitleForm({ title, onEnd }: { title: string; onEnd: (title: string) => void }) {
  const [text, setText] = useState(title);
  const hasEnded = useRef(false);

  function end(changed: string) {
    // A field that disappears may lose the focus once more.
    if (!hasEnded.current) onEnd(changed);
    hasEnded.current = true;
  }

  function save(event?: FormEvent) {
    event?.preventDefault();
    end(text.trim() || title);
  }

  return (
    <form className="title-form" onSubmit={save}>
      <input aria-label="Title" value={text} maxLength={200} autoFocus dir="auto" onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)} onKeyDown={onEscape(() => end(title))} onBlur={() => save()} />
    </form>
  );
}

function Skeleton() {
  return (
    <div className="loading" aria-busy="true" aria-label="Loading your conversations">
      {[70, 90, 55].map((width) => <div key={width} className={`skeleton-line width-${width}`} />)}
    </div>
  );
}
