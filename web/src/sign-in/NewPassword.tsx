import { useState, type FormEvent } from 'react';
import { describeSignInError, type Auth } from '../api/auth.ts';
import { useTexts } from '../language/language.ts';
import { Brand } from '../ui/Brand.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';

/** The form that the link of a reset leads to. Its user is signed in already. */
export function NewPassword({ auth, onSaved }: { auth: Auth; onSaved: () => void }) {
  const { signIn: texts } = useTexts();
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    setIsBusy(true);
    const { error: failure } = await auth.updateUser({ password });
    setIsBusy(false);
    if (failure) setError(describeSignInError(failure));
    else onSaved();
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(event) => void save(event)} data-testid="new-password-form">
        <Brand />
        <h1>{texts.choosePassword}</h1>
        <label className="field">
          {texts.newPassword}
          <input type="password" autoComplete="new-password" required minLength={6} autoFocus value={password} data-testid="new-password"
            onChange={(event) => setPassword(event.target.value)} />
        </label>
        {error && <ErrorNote text={error} />}
        <button className="button primary" disabled={isBusy} data-testid="save-password">{isBusy ? texts.busy : texts.savePassword}</button>
      </form>
    </main>
  );
}
