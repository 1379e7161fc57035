import type { Api, Employee } from './api.ts';
import { Brand } from './Brand.tsx';
import { focusComposer } from './Composer.tsx';
import { DocumentsPanel } from './DocumentsPanel.tsx';
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
  /** Called when a conversation is picked, so that a drawer closes. */
  onNavigate: () => void;
  onSignOut: () => void;
}

export function Sidebar({ api, sessions, current, employees, email, onOpenMemory, onNavigate, onSignOut }: Props) {
  function startChat() {
    onNavigate();
    focusComposer();
  }

  return (
    <>
      <Brand />
      <a className="button new-chat" href={NEW_CHAT} onClick={startChat} data-testid="new-chat">
        <Icon name="plus" /> New chat
      </a>
      <nav className="session-nav" aria-label="Past conversations" onClick={(event) => isLink(event.target) && onNavigate()}>
        <SessionList sessions={sessions} current={current} employees={employees} />
      </nav>
      <DocumentsPanel api={api} />
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
