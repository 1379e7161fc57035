import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AdminEmployee, EmployeeChanges } from './adminApi.ts';
import { EmployeeForm } from './EmployeeForm.tsx';
import { AdminPage } from './parts.tsx';
import { useAdminApi } from './AdminContext.ts';
import { addressOf } from './useAddress.ts';
import { EMPLOYEES, useEmployees } from './useEmployees.ts';
import { Versions } from './Versions.tsx';

/** Name in the address of an employee that is not there yet. A slug has no such sign. */
export const NEW_EMPLOYEE = '+';

const EMPTY: AdminEmployee = {
  slug: '', title: '', description: '', system_prompt: '', model: null, fallback_models: [], temperature: null, max_output_tokens: null,
  reasoning_effort: null, verbosity: null, token_budget: null, top_k: null, tools: [], mcp_servers: [], unmask_policy: {}, unmasked_kinds: [],
  messages_per_minute: null, daily_tokens: null, daily_usd: null, learns: true, is_active: true, reads_pictures: false, version: 0, created_at: '', updated_at: '',
};

/** One employee: its profile, and the versions of it. */
export function EmployeePage({ slug }: { slug: string }) {
  const api = useAdminApi();
  const queries = useQueryClient();
  const { data } = useEmployees();
  /** Counts what replaces the form's contents: a roll-back, or another admin's version. */
  const [edition, setEdition] = useState(0);
  const employee = data?.data.find((one) => one.slug === slug);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: EMPLOYEES });
    await queries.invalidateQueries({ queryKey: ['versions', slug] });
  };

  if (slug === NEW_EMPLOYEE) {
    const create = async (changes: EmployeeChanges, chosen: string) => {
      const created = await api.createEmployee({ ...changes, slug: chosen });
      await refresh();
      location.hash = addressOf('employees', created.slug);
    };
    return <AdminPage title="New employee"><EmployeeForm employee={EMPTY} tools={data?.tools ?? []} onSave={create} /></AdminPage>;
  }
  if (!employee) {
    return <AdminPage title="No such employee"><p><a href={addressOf('employees')}>All employees</a></p></AdminPage>;
  }
  const save = async (changes: EmployeeChanges) => {
    await api.updateEmployee(slug, { ...changes, version: employee.version });
    await refresh();
    setEdition((count) => count + 1);
  };
  const reload = async () => {
    await refresh();
    setEdition((count) => count + 1);
  };
  return (
    <AdminPage title={employee.title} actions={<span className="muted">{employee.slug} · version {employee.version}</span>}>
      <EmployeeForm key={edition} employee={employee} tools={data?.tools ?? []} onSave={save} onReload={() => void reload()} />
      <Versions employee={employee} onRolledBack={() => void reload()} />
    </AdminPage>
  );
}
