import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { useAdminApi } from './AdminContext.ts';
import { count, dollars } from './figures.ts';
import { AdminPage, QueryNote, TableScroller, Time } from './parts.tsx';
import { addressOf } from './useAddress.ts';

/** Accounts, with what they used. */
export function UsersPage() {
  const api = useAdminApi();
  const [typed, setTyped] = useState('');
  const query = useDeferredValue(typed.trim());
  const users = useInfiniteQuery({
    queryKey: ['users', query], queryFn: ({ pageParam }) => api.users(query, pageParam), initialPageParam: undefined as Cursor,
    getNextPageParam: ({ next }) => next, placeholderData: (before) => before,
  });
  const rows = users.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <AdminPage title="Users">
      <label className="field search-users">
        <span>Beginning of an e-mail address, or an id</span>
        <input type="search" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
      <QueryNote query={users} />
      {users.data && rows.length === 0 && <p role="status">No user is found.</p>}
      {rows.length > 0 && (
        <TableScroller label="Users">
          <table data-testid="users">
            <thead>
              <tr>
                <th scope="col">User</th><th scope="col" className="number">Cost today</th><th scope="col" className="number">Cost this month</th>
                <th scope="col" className="number">Requests</th><th scope="col" className="number">Tokens</th><th scope="col">Limits</th><th scope="col">Active</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((user) => (
                <tr key={user.id}>
                  <th scope="row"><a href={addressOf('users', user.id)}>{user.email ?? user.id}</a>{user.plan !== null && <span className="tag">{user.plan}</span>}</th>
                  <td className="number">{dollars(user.today.cost_usd)}</td>
                  <td className="number">{dollars(user.month.cost_usd)}</td>
                  <td className="number">{count(user.month.requests)}</td>
                  <td className="number">{count(user.month.total_tokens)}</td>
                  <td>{user.limits ? 'own' : <span className="muted">plan</span>}</td>
                  <td>{user.last_active_at ? <Time at={user.last_active_at} /> : <span className="muted">never</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroller>
      )}
      {users.hasNextPage && (
        <p><button type="button" className="button small" disabled={users.isFetching} onClick={() => void users.fetchNextPage()}>Show more</button></p>
      )}
    </AdminPage>
  );
}

type Cursor = Parameters<ReturnType<typeof useAdminApi>['users']>[1];
