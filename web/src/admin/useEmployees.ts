import { useQuery } from '@tanstack/react-query';
import { useAdminApi } from './AdminContext.ts';

export const EMPLOYEES = ['employees'];

/** All employees, with the tools that they can have. */
export function useEmployees() {
  const api = useAdminApi();
  return useQuery({ queryKey: EMPLOYEES, queryFn: api.employees });
}
