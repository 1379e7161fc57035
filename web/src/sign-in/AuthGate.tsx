import type { Session } from '@supabase/supabase-js';
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { createAuth, finishRedirect, type Auth } from '../api/auth.ts';
import { loadConfig, type Config } from '../api/config.ts';
import { describeError } from '../api/errors.ts';
import { useResource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';

export const loadSignIn = () => import('./SignIn.tsx');
const SignIn = lazy(async () => ({ default: (await loadSignIn()).SignIn }));
const NewPassword = lazy(async () => ({ default: (await import('./NewPassword.tsx')).NewPassword }));

/** A user who is signed in. */
export interface SignedIn {
  auth: Auth;
  config: Config;
  email: string;
  /** True if the project says so. The server decides what an admin may do. */
  isAdmin: boolean;
  /** To be called before the user is signed out as they wish. */
  onLeave: () => void;
}

interface Props {
  children: (user: SignedIn) => ReactNode;
}

/** Shows the sign-in form, or a page to a signed-in user. */
export function AuthGate({ children }: Props) {
  const { common } = useTexts();
  const config = useResource('config', loadConfig);
  if (config.state === 'loading') return <Splash />;
  if (config.state === 'failed') {
    return (
      <main className="splash">
        <ErrorNote text={describeError(config.error)} actions={[{ label: common.tryAgain, run: config.retry }]} />
      </main>
    );
  }
  return <Suspense fallback={<Splash />}><SessionGate config={config.value}>{children}</SessionGate></Suspense>;
}

function SessionGate({ config, children }: Props & { config: Config }) {
  const auth = useMemo(() => createAuth(config), [config]);
  const [session, setSession] = useState<Session | null>();
  const [redirectError, setRedirectError] = useState<string>();
  const [isReset, setIsReset] = useState(false);
  /** True while a user is signed in, or after a sign-in that ended without their wish. */
  const isWanted = useRef(false);

  useEffect(() => {
    const redirect = finishRedirect(auth);
    void redirect.then(setRedirectError);
    // The first event comes once the stored session has been read.
    const { data } = auth.onAuthStateChange((event, current) => {
      if (current) isWanted.current = true;
      if (event === 'PASSWORD_RECOVERY') setIsReset(true);
      // A sign-in by a link is not shown as its opposite before it has ended.
      void redirect.then(() => setSession(current));
    });
    return () => data.subscription.unsubscribe();
  }, [auth]);

  if (session === undefined) return <Splash />;
  if (session === null) return <SignIn auth={auth} config={config} hasExpired={isWanted.current} redirectError={redirectError} />;
  if (isReset) return <NewPassword auth={auth} onSaved={() => setIsReset(false)} />;
  // The key discards the state of one user before the next one sees the page.
  return (
    <Keyed key={session.user.id}>
      {children({
        auth, config, email: session.user.email ?? '', isAdmin: session.user.app_metadata['role'] === 'admin',
        onLeave: () => { isWanted.current = false; },
      })}
    </Keyed>
  );
}

function Keyed({ children }: { children: ReactNode }) {
  return children;
}

function Splash() {
  const { shell } = useTexts();
  return <main className="splash loading" aria-busy="true" aria-label={shell.loading} />;
}
