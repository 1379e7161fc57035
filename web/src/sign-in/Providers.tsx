import type { AuthError } from '@supabase/supabase-js';
import { returnAddress, type Auth } from '../api/auth.ts';
import { useTexts } from '../language/language.ts';

/** Names whose spelling is not the identifier with a capital letter. */
const NAMES: Record<string, string> = {
  github: 'GitHub', gitlab: 'GitLab', linkedin_oidc: 'LinkedIn', linkedin: 'LinkedIn', azure: 'Microsoft', workos: 'WorkOS', slack_oidc: 'Slack',
};

type Provider = Parameters<Auth['signInWithOAuth']>[0]['provider'];

interface Props {
  names: string[];
  auth: Auth;
  onError: (error: AuthError) => void;
}

/** A button for each provider that the project offers. Its page comes back with a code. */
export function Providers({ names, auth, onError }: Props) {
  const { signIn: texts } = useTexts();

  async function start(provider: string) {
    const { error } = await auth.signInWithOAuth({ provider: provider as Provider, options: { redirectTo: returnAddress() } });
    if (error) onError(error);
  }

  return (
    <div className="providers">
      <span className="muted">{texts.or}</span>
      {names.map((name) => (
        <button key={name} type="button" className="button" onClick={() => void start(name)} data-testid={`with-${name}`}>
          {texts.with(NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1))}
        </button>
      ))}
    </div>
  );
}
