import { useRef, useState, type FormEvent } from 'react';
import type { Employee, Session } from '../api/api.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { Icon } from '../ui/Icon.tsx';
import { Menu } from '../ui/Menu.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { useFocusReturn } from '../ui/useFocusReturn.ts';
import { relativeTime } from '../ui/relativeTime.ts';
import type { Resource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';
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
  const { sidebar: texts, common } = useTexts();
  const { error, hasOlder, refresh, loadOlder, change, remove } = sessions;
  const isSearch = search.query.trim() !== '';
  const list = isSearch ? search.found : sessions.list;
  const failure = isSearch ? search.error : error;
  const employeeTitle = (slug: string) =>
    (employees.state === 'ready' && employees.value.find((employee) => employee.slug === slug)?.title) || slug;
  const nothing = isSearch ? texts.notFound
    : isArchive ? texts.archiveEmpty : texts.empty;

  return (
    <>
      {failure !== undefined && <ErrorNote text={describeError(failure)} actions={isSearch ? [] : [{ label: common.retry, run: refresh }]} />}
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
      {hasOlder && !isSearch && <button type="button" className="button small" onClick={loadOlder}>{texts.showOlder}</button>}
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
  const { sidebar: texts, common } = useTexts();
  const [isRenaming, setIsRenaming] = useState(false);
  const link = useFocusReturn<HTMLAnchorElement>(isRenaming);
  const title = titleOf(session);

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
          <span>{session.pinned ? texts.pinned(employee) : employee}</span>
          <time dateTime={session.last_message_at}>{relativeTime(session.last_message_at)}</time>
        </span>
      </a>
      {!isSearch && (
        <Menu label={texts.options(title)} items={[
          { label: texts.rename, run: () => setIsRenaming(true) },
          { label: session.pinned ? texts.unpin : texts.pin, run: () => onChange(session, { pinned: !session.pinned }) },
          { label: session.archived ? texts.unarchive : texts.archive, run: () => onChange(session, { archived: !session.archived }) },
          { label: common.delete, isDangerous: true, run: () => onRemove(session) },
        ]}>
          <Icon name="more" />
        </Menu>
      )}
    </li>
  );
}

/** A field for another title. It ends with the old one on Escape, or where no text is left. */
function TitleForm({ title, onEnd }: { title: string; onEnd: (title: string) => void }) {
  const { sidebar: texts } = useTexts();
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
      <input aria-label={texts.title} value={text} maxLength={200} autoFocus dir="auto" onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)} onKeyDown={onEscape(() => end(title))} onBlur={() => save()} />
    </form>
  );
}

function Skeleton() {
  const { sidebar: texts } = useTexts();
  return (
    <div className="loading" role="status" aria-busy="true" aria-label={texts.loading}>
      {[70, 90, 55].map((width) => <div key={width} className={`skeleton-line width-${width}`} />)}
    </div>
  );
}
