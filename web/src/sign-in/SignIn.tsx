import { useRef, useState, type FormEvent } from 'react';
import { describeSignInError, hasDemoAccounts, loadAuthSettings, returnAddress, type Auth } from '../api/auth.ts';
import type { Config } from '../api/config.ts';
import { useResource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';
import { Brand } from '../ui/Brand.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Providers } from './Providers.tsx';

/** The form's purpose. */
type Mode = 'signIn' | 'signUp' | 'reset' | 'link';

interface Props {
  auth: Auth;
  config: Config;
  /** True if a sign-in has ended by itself. */
  hasExpired: boolean;
  /** Error of a sign-in that began elsewhere. */
  redirectError: string | undefined;
}

/** Sends the form. Resolves with a sentence for the user where they have to act elsewhere. */
async function submit(auth: Auth, mode: Mode, { email, password }: { email: string; password: string }, texts: ReturnType<typeof useTexts>['signIn']) {
  const redirectTo = returnAddress();
  if (mode === 'signIn') return { error: (await auth.signInWithPassword({ email, password })).error };
  if (mode === 'reset') return { error: (await auth.resetPasswordForEmail(email, { redirectTo })).error, told: texts.mailed(email) };
  if (mode === 'link') {
    // An address without an account gets one by signing up, not by a mistake in typing.
    const { error } = await auth.signInWithOtp({ email, options: { emailRedirectTo: redirectTo, shouldCreateUser: false } });
    return { error, told: texts.mailed(email) };
  }
  const { data, error } = await auth.signUp({ email, password, options: { emailRedirectTo: redirectTo } });
  return { error, told: data.session ? undefined : texts.confirm(email) };
}

/** Signing in and up, and links for those who have no password at hand. */
export function SignIn({ auth, config, hasExpired, redirectError }: Props) {
  const { signIn: texts } = useTexts();
  const [mode, setMode] = useState<Mode>('signIn');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState(redirectError);
  const [told, setTold] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const emailField = useRef<HTMLInputElement>(null);
  const submitButton = useRef<HTMLButtonElement>(null);
  const settings = useResource('auth-settings', () => loadAuthSettings(config));
  const offered = settings.state === 'ready' ? settings.value : undefined;
  const { title, lead, action } = {
    signIn: { title: texts.title, lead: texts.lead, action: texts.submit },
    signUp: { title: texts.signUpTitle, lead: texts.signUpLead, action: texts.signUp },
    reset: { title: texts.resetTitle, lead: texts.resetLead, action: texts.sendLink },
    link: { title: texts.linkTitle, lead: texts.linkLead, action: texts.sendLink },
  }[mode];
  const hasPassword = mode === 'signIn' || mode === 'signUp';

  async function send(event: FormEvent) {
    event.preventDefault();
    setIsBusy(true);
    setError(undefined);
    setTold(undefined);
    const { error: failure, told: next } = await submit(auth, mode, { email: email.trim(), password }, texts);
    setIsBusy(false);
    if (failure) setError(describeSignInError(failure));
    else setTold(next);
  }

  function switchTo(next: Mode) {
    setMode(next);
    setError(undefined);
    setTold(undefined);
    // The pressed button may be gone in the other form.
    emailField.current?.focus();
  }

  function fillIn(account: string) {
    setEmail(account);
    setPassword('frontdesk');
    submitButton.current?.focus();
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(event) => void send(event)} data-testid="sign-in-form" data-mode={mode}>
        <Brand />
        <h1>{title}</h1>
        {hasExpired && mode === 'signIn'
          ? <p role="status" data-testid="expired">{texts.expired}</p>
          : <p className="muted">{lead}</p>}
        <label className="field">
          {texts.email}
          <input ref={emailField} type="email" autoComplete="username" required autoFocus value={email} data-testid="email"
            onChange={(event) => setEmail(event.target.value)} />
        </label>
        {hasPassword && (
          <label className="field">
            {mode === 'signUp' ? texts.newPassword : texts.password}
            <input type="password" autoComplete={mode === 'signUp' ? 'new-password' : 'current-password'} required value={password}
              data-testid="password" {...(mode === 'signUp' && { minLength: 6 })} onChange={(event) => setPassword(event.target.value)} />
          </label>
        )}
        {error && <ErrorNote text={error} />}
        {told && <p className="note told" role="status" data-testid="told">{told}</p>}
        <button ref={submitButton} className="button primary" disabled={isBusy} data-testid="sign-in">{isBusy ? texts.busy : action}</button>
        {hasPassword && offered && offered.providers.length > 0 && (
          <Providers names={offered.providers} auth={auth} onError={(failure) => setError(describeSignInError(failure))} />
        )}
        <OtherWays mode={mode} hasSignUp={offered?.hasSignUp ?? false} onSwitch={switchTo} />
        {mode === 'signIn' && hasDemoAccounts(config) && <DemoAccounts onPick={fillIn} />}
      </form>
    </main>
  );
}

function OtherWays({ mode, hasSignUp, onSwitch }: { mode: Mode; hasSignUp: boolean; onSwitch: (mode: Mode) => void }) {
  const { signIn: texts } = useTexts();
  const ways: [Mode, string][] = mode !== 'signIn' ? [['signIn', texts.toSignIn]]
    : [...(hasSignUp ? [['signUp', texts.toSignUp] as [Mode, string]] : []), ['reset', texts.toReset], ['link', texts.toLink]];
  return (
    <p className="other-ways">
      {ways.map(([way, label]) => (
        <button key={way} type="button" className="text-button" onClick={() => onSwitch(way)} data-testid={`to-${way}`}>{label}</button>
      ))}
    </p>
  );
}

function DemoAccounts({ onPick }: { onPick: (account: string) => void }) {
  const { signIn: texts } = useTexts();
  return (
    <div className="demo-accounts">
      <p>{texts.demo} <code>frontdesk</code>:</p>
      {['ada@example.com', 'grace@example.com'].map((account) => (
        <button key={account} type="button" className="button small" onClick={() => onPick(account)}>{account}</button>
      ))}
    </div>
  );
}
