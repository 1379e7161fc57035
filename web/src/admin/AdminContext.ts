import { createContext, useContext } from 'react';
import type { AdminApi } from './adminApi.ts';

export const AdminContext = createContext<AdminApi | undefined>(undefined);

/** The client of the routes of admins. */
export function useAdminApi(): AdminApi {
  const api = useContext(AdminContext);
  if (!api) throw new Error('useAdminApi is for components within AdminShell.');
  return api;
}
