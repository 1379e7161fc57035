import type { Employee, Session } from './api.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { explain } from './problem.ts';
import { relativeTime } from './relativeTime.ts';
import type { Resource } from './useResource.ts';
import { addressOf, type Route } from './useRoute.ts';
import type { Sessions } from './useSessions.ts';

interface Props {
  sessions: Sessions;
  current: Route;
  employees: Resource<Employee[]>;
}

export function SessionList({ sessions, current, employees }: Props) {
  const { list, error, hasOlder, refresh, loadOlder } = sessions;
  const titleOf = (slug: string) =>
    (employees.state === 'ready' && employees.value.find((employee) => employee.slug === slug)?.title) || slug;

  return (
    <>
      {error !== undefined && <ErrorNote text={explain(error)} actions={[{ label: 'Retry', run: refresh }]} />}
      {!list && error === undefined && <Placeholder />}
      {list?.length === 0 && <p className="quiet past-empty">Your conversations will be listed here.</p>}
      {list && list.length > 0 && (
        <ul className="session-list">
          {list.map((session) => (
            <Item key={session.id} session={session} employee={titleOf(session.employee_slug)}
              isCurrent={session.id === current.session} />
          ))}
        </ul>
      )}
      {hasOlder && <button type="button" className="button small" onClick={loadOlder}>Show older</button>}
    </>
  );
}

function Item({ session, employee, isCurrent }: { session: Session; employee: string; isCurrent: boolean }) {
  return (
    <li>
      <a className="session-item" href={addressOf(session.id)} data-testid="session-item"
        aria-current={isCurrent ? 'page' : undefined}>
        <span className="session-title">{session.title ?? 'Untitled'}</span>
        <span className="session-about">
          <span>{employee}</span>
          <time dateTime={session.last_message_at}>{relativeTime(session.last_message_at)}</time>
        </span>
      </a>
    </li>
  );
}

function Placeholder() {
  return (
    <div className="loading" aria-busy="true" aria-label="Loading your conversations">
      {[70, 90, 55].map((width) => <div key={width} className={`bone w${width}`} />)}
    </div>
  );
}
