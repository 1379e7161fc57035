import { lazy } from 'react';
import { hasStoredSession } from './api/auth.ts';
import { AuthGate, loadSignIn } from './sign-in/AuthGate.tsx';

const loadShell = () => import('./AppShell.tsx');
const AppShell = lazy(async () => ({ default: (await loadShell()).AppShell }));

// What will most likely be shown arrives beside the settings of the deployment, not after them.
void (hasStoredSession() ? loadShell() : loadSignIn()).catch(() => undefined);

export function App() {
  return <AuthGate>{(user) => <AppShell {...user} />}</AuthGate>;
}
