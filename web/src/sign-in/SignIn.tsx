import { useRef, useState, type FormEvent } from 'react';
import { describeSignInError, hasDemoAccounts, type Auth } from '../api/auth.ts';
import { Brand } from '../ui/Brand.tsx';
import type { Config } from '../api/config.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';

interface Props {
  auth: Auth;
  config: Config;
  /** True if a sign-in has ended by itself. */
  hasExpired: boolean;
}

export function SignIn({ auth, config, hasExpired }: Props) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const submitButton = useRef<HTMLButtonElement>(null);

  async function signIn(event: FormEvent) {
    event.preventDefault();
    setIsBusy(true);
    setError(undefined);
    const { error: failure } = await auth.signInWithPassword({ email: email.trim(), password });
    setIsBusy(false);
    if (failure) setError(describeSignInError(failure));
  }

  function fillIn(account: string) {
    setEmail(account);
    setPassword('frontdesk');
    submitButton.current?.focus();
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={signIn} data-testid="sign-in-form">
        <Brand />
        <h1>Sign in</h1>
        {hasExpired
          ? <p role="status" data-testid="expired">Your sign-in has ended. What you typed is kept: sign in again to go on.</p>
          : <p className="muted">Your employees are at their desks.</p>}
        <label className="field">
          E-mail
          <input type="email" autoComplete="username" required autoFocus value={email} data-testid="email"
            onChange={(event) => setEmail(event.target.value)} />
        </label>
        <label className="field">
          Password
          <input type="password" autoComplete="current-password" required value={password} data-testid="password"
            onChange={(event) => setPassword(event.target.value)} />
        </label>
        {error && <ErrorNote text={error} />}
        <button ref={submitButton} className="button primary" disabled={isBusy} data-testid="sign-in">
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        {hasDemoAccounts(config) && <DemoAccounts onPick={fillIn} />}
      </form>
    </main>
  );
}

function DemoAccounts({ onPick }: { onPick: (account: string) => void }) {
  return (
    <div className="demo-accounts">
      <p>Demo accounts on this computer, password <code>frontdesk</code>:</p>
      {['ada@example.com', 'grace@example.com'].map((account) => (
        <button key={account} type="button" className="button small" onClick={() => onPick(account)}>{account}</button>
      ))}
    </div>
  );
}
