import type { Session } from '@supabase/supabase-js';
import { useEffect, useMemo, useState } from 'react';
import { createAuth } from './auth.ts';
import { loadConfig, type Config } from './config.ts';
import { Desk } from './Desk.tsx';
import { ErrorNote } from './ErrorNote.tsx';
import { explain } from './problem.ts';
import { SignIn } from './SignIn.tsx';
import { useResource } from './useResource.ts';

export function App() {
  const config = useResource('config', loadConfig);
  if (config.state === 'loading') return <Splash />;
  if (config.state === 'failed') {
    return (
      <main className="splash">
        <ErrorNote text={explain(config.error)} actions={[{ label: 'Try again', run: config.retry }]} />
      </main>
    );
  }
  return <Gate config={config.value} />;
}

/** The sign-in form, or behind it the desk. */
function Gate({ config }: { config: Config }) {
  const auth = useMemo(() => createAuth(config), [config]);
  const [session, setSession] = useState<Session | null>();

  useEffect(() => {
    // Also told once at the start, when the stored session has been read.
    const { data } = auth.onAuthStateChange((_event, current) => setSession(current));
    return () => data.subscription.unsubscribe();
  }, [auth]);

  if (session === undefined) return <Splash />;
  if (session === null) return <SignIn auth={auth} config={config} />;
  // The key: nothing of one user's desk may stay for the next.
  return <Desk key={session.user.id} auth={auth} config={config} email={session.user.email ?? ''} />;
}

function Splash() {
  return <main className="splash loading" aria-busy="true" aria-label="Loading Frontdesk" />;
}
