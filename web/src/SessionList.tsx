import type { Employee, Session } from './api.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { describeError } from './errors.ts';
import { relativeTime } from './relativeTime.ts';
import type { Resource } from './useResource.ts';
import { sessionAddress, type Route } from './useRoute.ts';
import type { Sessions } from './useSessions.ts';

interface Props {
  sessions: Sessions;
  current: Route;
  employees: Resource<Employee[]>;
}

export function SessionList({ sessions, current, employees }: Props) {
  const { list, error, hasOlder, refresh, loadOlder } = sessions;
  const employeeTitle = (slug: string) =>
    (employees.state === 'ready' && employees.value.find((employee) => employee.slug === slug)?.title) || slug;

  return (
    <>
      {error !== undefined && <ErrorNote text={describeError(error)} actions={[{ label: 'Retry', run: refresh }]} />}
      {!list && error === undefined && <Skeleton />}
      {list?.length === 0 && <p className="muted sessions-empty">Your conversations will be listed here.</p>}
      {list && list.length > 0 && (
        <ul className="session-list">
          {list.map((session) => (
            <SessionItem key={session.id} session={session} employee={employeeTitle(session.employee_slug)}
              isCurrent={session.id === current.session} />
          ))}
        </ul>
      )}
      {hasOlder && <button type="button" className="button small" onClick={loadOlder}>Show older</button>}
    </>
  );
}

function SessionItem({ session, employee, isCurrent }: { session: Session; employee: string; isCurrent: boolean }) {
  return (
    <li>
      <a className="session-item" href={sessionAddress(session.id)} data-testid="session-item"
        aria-current={isCurrent ? 'page' : undefined}>
        <span className="session-title">{session.title ?? 'Untitled'}</span>
        <span className="session-info">
          <span>{employee}</span>
          <time dateTime={session.last_message_at}>{relativeTime(session.last_message_at)}</time>
        </span>
      </a>
    </li>
  );
}

function Skeleton() {
  return (
    <div className="loading" aria-busy="true" aria-label="Loading your conversations">
      {[70, 90, 55].map((width) => <div key={width} className={`skeleton-line width-${width}`} />)}
    </div>
  );
}
