import { queryOptions, useQuery } from '@tanstack/react-query';
import { useAdminApi } from './AdminContext.ts';
import type { AdminApi, OverviewQuery } from './adminApi.ts';

/** Milliseconds after which figures are asked for again. */
const REFRESH_EVERY = 60_000;

export function overviewOptions(api: AdminApi, query: OverviewQuery) {
  return queryOptions({ queryKey: ['overview', query], queryFn: () => api.overview(query), refetchInterval: REFRESH_EVERY, staleTime: REFRESH_EVERY });
}

/** Figures of the last hours. */
export function useOverview(query: OverviewQuery) {
  return useQuery(overviewOptions(useAdminApi(), query));
}
