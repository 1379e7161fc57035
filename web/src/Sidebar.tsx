import type { Api, Employee } from './api.ts';
import { Brand } from './Brand.tsx';
import { focusComposer } from './Composer.tsx';
import { Documents } from './Documents.tsx';
import { Icon } from './Icon.tsx';
import { SessionList } from './SessionList.tsx';
import type { Resource } from './useResource.ts';
import { NEW_CHAT, type Route } from './useRoute.ts';
import type { Sessions } from './useSessions.ts';

interface Props {
  api: Api;
  sessions: Sessions;
  current: Route;
  employees: Resource<Employee[]>;
  email: string;
  onOpenMemory: () => void;
  /** A conversation was picked: a drawer closes. */
  onLeave: () => void;
  onSignOut: () => void;
}

export function Sidebar({ api, sessions, current, employees, email, onOpenMemory, onLeave, onSignOut }: Props) {
  function startChat() {
    onLeave();
    focusComposer();
  }

  return (
    <>
      <Brand />
      <a className="button new-chat" href={NEW_CHAT} onClick={startChat} data-testid="new-chat">
        <Icon name="plus" /> New chat
      </a>
      <nav className="past" aria-label="Past conversations" onClick={(event) => isLink(event.target) && onLeave()}>
        <SessionList sessions={sessions} current={current} employees={employees} />
      </nav>
      <Documents api={api} />
      <footer className="account">
        <span className="account-email" title={email}>{email}</span>
        <button type="button" className="button small" onClick={onOpenMemory} data-testid="open-memory">Memory</button>
        <button type="button" className="button small" onClick={onSignOut} data-testid="sign-out">Sign out</button>
      </footer>
    </>
  );
}

function isLink(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a') !== null;
}
