import { createFetch, FrontdeskError, type Api as Rows } from '../../../client/src/index.ts';
import { signOut, type Auth } from '../api/auth.ts';

export type AdminEmployee = Rows.AdminEmployee;

export type EmployeeChanges = Rows.EmployeeChanges;

export type EmployeeVersion = Rows.EmployeeVersion;

/** What a version of an employee keeps. */
export type Profile = EmployeeVersion['profile'];

export type Overview = Rows.Overview;

/** Sums and times of requests. */
export type Figures = Omit<Overview['total'], 'up' | 'down'>;

export type TimeFigures = Overview['by_time'][number];

export type Target = Overview['targets'][number];

export type AdminHealth = Rows.AdminHealth;

export type AdminUser = Rows.AdminUser;

export type UserLimits = Rows.UserLimits;

export type Price = Rows.PriceList['data'][number];

export type AdminChange = Rows.AuditList['data'][number];

/** Changes of a page of the audit log. */
export const AUDIT_PAGE = 50;

/** Part of an overview. */
export interface OverviewQuery {
  hours: number;
  employee?: string;
  model?: string;
}

export type AdminApi = ReturnType<typeof createAdminApi>;

/** Creates the client of the routes of admins. */
export function createAdminApi(auth: Auth) {
  const send = createFetch({
    token: async () => (await auth.getSession()).data.session?.access_token,
  });

  async function call<Result>(method: string, path: string, json?: unknown): Promise<Result> {
    try {
      const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } };
      const response = await send(`/api/admin/${path}`, { method, ...body });
      return await response.json() as Result;
    } catch (error) {
      // A retry cannot help when the server rejects the access token: signing out leads to the sign-in form.
      if (error instanceof FrontdeskError && error.status === 401) await signOut(auth);
      throw error;
    }
  }

  const query = (fields: Record<string, string | number | null | undefined>) => new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined || value === null || value === '' ? [] : [[name, String(value)]])),
  ).toString();
  const employee = (slug: string) => `employees/${encodeURIComponent(slug)}`;
  return {
    employees: () => call<Rows.AdminEmployeeList>('GET', 'employees'),
    createEmployee: (created: EmployeeChanges & { slug: string }) => call<AdminEmployee>('POST', 'employees', created),
    updateEmployee: (slug: string, changes: EmployeeChanges) => call<AdminEmployee>('PATCH', employee(slug), changes),
    versions: async (slug: string) => (await call<Rows.EmployeeVersionList>('GET', `${employee(slug)}/versions?limit=100`)).data,
    overview: (of: OverviewQuery) => call<Overview>('GET', `overview?${query({ ...of })}`),
    users: (q: string, before?: string | null) => call<Rows.AdminUserPage>('GET', `users?${query({ q, before })}`),
    limits: (id: string) => call<UserLimits>('GET', `users/${id}/limits`),
    saveLimits: (id: string, limits: Rows.UserLimitsChanges) => call<UserLimits>('PATCH', `users/${id}/limits`, limits),
    eraseUser: (id: string) => call<unknown>('DELETE', `users/${id}`),
    prices: async () => (await call<Rows.PriceList>('GET', 'prices')).data,
    savePrice: (price: Rows.NewPrice) => call<Rows.Price>('PUT', 'prices', price),
    audit: async (before?: number) => (await call<Rows.AuditList>('GET', `audit?${query({ before, limit: AUDIT_PAGE })}`)).data,
    health: () => call<AdminHealth>('GET', 'health'),
    rollBack: (slug: string, version: number) => call<AdminEmployee>('POST', `${employee(slug)}/rollback`, { version }),
  };
}
