import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { FrontdeskError } from '../../../client/src/index.ts';
import { AuthGate } from '../sign-in/AuthGate.tsx';
import { startPage } from '../ui/startPage.tsx';
import '../ui/styles.css';
import { AdminShell } from './AdminShell.tsx';
import './admin.css';

/** Attempts after the first one, for what may pass by itself. */
const RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // An answer of the API is final but for a server that is down.
      retry: (failures, error) => failures < RETRIES && !(error instanceof FrontdeskError && error.status < 500),
    },
  },
});

await startPage(
  <QueryClientProvider client={queries}>
    <AuthGate>{(user) => <AdminShell {...user} />}</AuthGate>
  </QueryClientProvider>,
);
