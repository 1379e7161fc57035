import { useInfiniteQuery } from '@tanstack/react-query';
import { useAdminApi } from './AdminContext.ts';
import { AUDIT_PAGE, type AdminChange } from './adminApi.ts';
import { AdminPage, QueryNote, TableScroller, Time } from './parts.tsx';
import { spell } from './profileFields.ts';

/** What admins do, as the log names it. */
const ACTIONS: Record<AdminChange['action'], string> = {
  employee_created: 'Created an employee', employee_updated: 'Changed an employee', employee_rolled_back: 'Rolled an employee back',
  limits_updated: 'Changed limits', price_saved: 'Saved a price', user_erased: 'Erased a user',
};

/** Every change that an admin made, newest first. */
export function AuditPage() {
  const api = useAdminApi();
  const changes = useInfiniteQuery({
    queryKey: ['audit'], queryFn: ({ pageParam }) => api.audit(pageParam), initialPageParam: undefined as number | undefined,
    // A page that is not full is the last one.
    getNextPageParam: (page) => (page.length < AUDIT_PAGE ? undefined : page.at(-1)?.id),
  });
  const rows = changes.data?.pages.flat() ?? [];
  return (
    <AdminPage title="Audit log">
      <p className="muted">Changes that admins made here or through the API. Nothing deletes from this log.</p>
      <QueryNote query={changes} />
      {changes.data && rows.length === 0 && <p>No change yet.</p>}
      {rows.length > 0 && (
        <TableScroller label="Changes">
          <table data-testid="audit">
            <thead><tr><th scope="col">Time</th><th scope="col">Admin</th><th scope="col">What</th><th scope="col">Of</th><th scope="col">Fields</th></tr></thead>
            <tbody>{rows.map((change) => <ChangeRow key={change.id} change={change} />)}</tbody>
          </table>
        </TableScroller>
      )}
      {changes.hasNextPage && (
        <p><button type="button" className="button small" disabled={changes.isFetching} onClick={() => void changes.fetchNextPage()}>Show older</button></p>
      )}
    </AdminPage>
  );
}

function ChangeRow({ change: { at, admin_email: by, admin_id: id, action, target, was, became } }: { change: AdminChange }) {
  const fields = Object.keys({ ...was, ...became });
  return (
    <tr>
      <td><Time at={at} /></td>
      <td>{by ?? id}</td>
      <td>{ACTIONS[action]}</td>
      <td>{target}</td>
      <td>
        {fields.length > 0 && (
          <details>
            <summary>{fields.join(', ')}</summary>
            <dl className="change-fields">
              {fields.map((field) => (
                <div key={field}>
                  <dt>{field}</dt>
                  <dd><del>{spell(was[field]) || '–'}</del> <ins>{spell(became[field]) || '–'}</ins></dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </td>
    </tr>
  );
}
