import { useCallback, useMemo, useState } from 'react';
import { createApi } from './api.ts';
import { signOut, type Auth } from './auth.ts';
import { Chats } from './chats.ts';
import { focusComposer } from './Composer.tsx';
import type { Config } from './config.ts';
import { Conversation } from './Conversation.tsx';
import { EmployeePicker } from './EmployeePicker.tsx';
import { Icon } from './Icon.tsx';
import { Sidebar } from './Sidebar.tsx';
import { Memory } from './Memory.tsx';
import { SidePanel } from './SidePanel.tsx';
import { useResource } from './useResource.ts';
import { NEW_CHAT, useRoute } from './useRoute.ts';
import { useSessions } from './useSessions.ts';

/** Everything behind the sign-in: past sessions at the side, one conversation in the middle. */
export function Desk({ auth, config, email }: { auth: Auth; config: Config; email: string }) {
  const api = useMemo(() => createApi(auth), [auth]);
  const sessions = useSessions(api);
  const { refreshWhenSaved } = sessions;
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [answering, setAnswering] = useState<Record<string, string>>({});
  // From then on the server knows; to say it again would undo that somebody else took over.
  const forgetChoice = useCallback((session: string) => setChosen(({ [session]: _, ...others }) => others), []);
  const chats = useMemo(() => new Chats(api, refreshWhenSaved, forgetChoice), [api, refreshWhenSaved, forgetChoice]);
  const employees = useResource('employees', api.employees);
  const { route, keepAddress } = useRoute();
  const [isMemoryOpen, setIsMemoryOpen] = useState(false);
  const [isMenuOpen, setIsMenuOpen] = useState(false);

  // Undefined while only the server knows who answered in a session that is not in the list.
  const slug = chosen[route.session]
    ?? answering[route.session]
    ?? sessions.list?.find(({ id }) => id === route.session)?.employee_slug
    ?? (route.isNew ? config.default_employee : undefined);
  const choose = (employee: string) => setChosen({ ...chosen, [route.session]: employee });

  function leave() {
    // The next user starts afresh, not in this one's conversation.
    history.replaceState(null, '', NEW_CHAT);
    void signOut(auth);
  }

  return (
    <div className="desk">
      <a className="skip-link" href="#message" onClick={skipToComposer}>Skip to the message field</a>
      <SidePanel isOpen={isMenuOpen} onClose={() => setIsMenuOpen(false)}>
        <Sidebar api={api} sessions={sessions} current={route} employees={employees} email={email}
          onOpenMemory={() => { setIsMenuOpen(false); setIsMemoryOpen(true); }} onLeave={() => setIsMenuOpen(false)} onSignOut={leave} />
      </SidePanel>
      {isMemoryOpen && <Memory api={api} onClose={() => setIsMemoryOpen(false)} />}
      <main className="stage">
        <header className="stage-header">
          <button type="button" className="button icon-only menu-button" aria-label="Conversations"
            onClick={() => setIsMenuOpen(true)}>
            <Icon name="menu" />
          </button>
          {(slug || sessions.list) && <EmployeePicker employees={employees} slug={slug} onChoose={choose} />}
        </header>
        <Conversation key={route.session} api={api} chats={chats} route={route} employees={employees}
          wanted={chosen[route.session]} slug={slug} onChoose={choose} onStarted={keepAddress}
          onAnswering={(session, employee) => setAnswering((known) => ({ ...known, [session]: employee }))} />
      </main>
    </div>
  );
}

/** By hand: the fragment of the address names the conversation, so a plain link would leave it. */
function skipToComposer(event: React.MouseEvent) {
  event.preventDefault();
  focusComposer();
}
