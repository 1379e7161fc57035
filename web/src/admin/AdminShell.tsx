import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, type ReactNode } from 'react';
import { FrontdeskError } from '../../../client/src/index.ts';
import { signOut } from '../api/auth.ts';
import type { SignedIn } from '../sign-in/AuthGate.tsx';
import { Brand } from '../ui/Brand.tsx';
import { keepFocus } from '../ui/keepFocus.ts';
import { AdminContext } from './AdminContext.ts';
import { createAdminApi } from './adminApi.ts';
import { AuditPage } from './AuditPage.tsx';
import { EmployeePage } from './EmployeePage.tsx';
import { EmployeesPage } from './EmployeesPage.tsx';
import { OverviewPage } from './OverviewPage.tsx';
import { AdminPage, QueryNote } from './parts.tsx';
import { PricesPage } from './PricesPage.tsx';
import { useEmployees } from './useEmployees.ts';
import { addressOf, useAddress } from './useAddress.ts';
import { UserPage } from './UserPage.tsx';
import { UsersPage } from './UsersPage.tsx';

const PAGES: { name: string; title: string; render: (rest: string[]) => ReactNode }[] = [
  { name: 'overview', title: 'Overview', render: () => <OverviewPage /> },
  {
    name: 'employees', title: 'Employees',
    render: ([slug]) => (slug === undefined ? <EmployeesPage /> : <EmployeePage key={slug} slug={slug} />),
  },
  { name: 'users', title: 'Users', render: ([id]) => (id === undefined ? <UsersPage /> : <UserPage key={id} id={id} />) },
  { name: 'prices', title: 'Prices', render: () => <PricesPage /> },
  { name: 'audit', title: 'Audit log', render: () => <AuditPage /> },
];

/** Pages of an admin beside their navigation. */
export function AdminShell({ auth, email, onLeave }: SignedIn) {
  const api = useMemo(() => createAdminApi(auth), [auth]);
  const queries = useQueryClient();
  const [name, ...rest] = useAddress();
  const page = PAGES.find((one) => one.name === name) ?? PAGES[0];

  useEffect(() => keepFocus(() => document.querySelector<HTMLElement>('#main h1')), []);

  function leave() {
    onLeave();
    queries.clear();
    void signOut(auth);
  }

  return (
    <AdminContext value={api}>
      <div className="admin">
        <a className="skip-link" href="#main" onClick={skipToMain}>Skip to the page</a>
        <header className="admin-header">
          <Brand />
          <nav aria-label="Administration">
            {PAGES.map(({ name: own, title }) => (
              <a key={own} href={addressOf(own)} aria-current={page?.name === own ? 'page' : undefined}>{title}</a>
            ))}
          </nav>
          <span className="admin-account">
            <span className="muted">{email}</span>
            <a className="button small" href="/">Chat</a>
            <button type="button" className="button small" onClick={leave}>Sign out</button>
          </span>
        </header>
        <AdminGate>{page?.render(rest)}</AdminGate>
      </div>
    </AdminContext>
  );
}

/** Shows a page to admins. The server decides who is one: it is asked for what all of the pages need. */
function AdminGate({ children }: { children: ReactNode }) {
  const employees = useEmployees();
  if (employees.error instanceof FrontdeskError && employees.error.code === 'admin_only') {
    return (
      <AdminPage title="For admins">
        <p>Your account is not one of an admin, so there is nothing to see here.</p>
        <p className="muted">An operator can make you one, as <code>docs/operations.md</code> says under Roles. Sign in again afterwards.</p>
        <p><a className="button" href="/">To the chat</a></p>
      </AdminPage>
    );
  }
  if (!employees.data) return <main className="admin-main" id="main"><QueryNote query={employees} /></main>;
  return children;
}

function skipToMain(event: React.MouseEvent) {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main h1')?.focus();
}
