import { useEffect, useRef } from 'react';
import type { Api, Employee } from '../api/api.ts';
import { Brand } from '../ui/Brand.tsx';
import { focusComposer } from '../chat/Composer.tsx';
import { DocumentsPanel } from '../documents/DocumentsPanel.tsx';
import { Icon } from '../ui/Icon.tsx';
import { focusSearch, SearchField } from './SearchField.tsx';
import { SessionList } from './SessionList.tsx';
import type { Documents } from '../documents/useDocuments.ts';
import type { Resource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';
import { NEW_CHAT, type Route } from '../ui/useRoute.ts';
import { useSearch } from './useSearch.ts';
import type { Sessions, Undoable } from './useSessions.ts';

interface Props {
  api: Api;
  sessions: Sessions;
  /** True where archived sessions are listed alone. */
  isArchive: boolean;
  onArchive: (isArchive: boolean) => void;
  current: Route;
  employees: Resource<Employee[]>;
  documents: Documents;
  email: string;
  isAdmin: boolean;
  onOpenMemory: () => void;
  onOpenSettings: () => void;
  /** Called when a conversation is picked, so that a drawer closes. */
  onNavigate: () => void;
  onSignOut: () => void;
}

export function Sidebar(props: Props) {
  const { api, sessions, isArchive, onArchive, current, employees, documents, email, isAdmin, onOpenMemory, onOpenSettings, onNavigate, onSignOut } = props;
  const { sidebar: texts } = useTexts();
  const search = useSearch(api, isArchive);
  const remove: Sessions['remove'] = (session) => {
    if (session.id === current.session) location.hash = NEW_CHAT;
    sessions.remove(session);
  };

  function startChat() {
    onNavigate();
    focusComposer();
  }

  return (
    <>
      <Brand />
      <a className="button new-chat" href={NEW_CHAT} onClick={startChat} data-testid="new-chat">
        <Icon name="plus" /> {texts.newChat}
      </a>
      <SearchField value={search.query} onChange={search.setQuery} />
      <nav className="session-nav" aria-label={isArchive ? texts.archived : texts.past}
        onClick={(event) => isLink(event.target) && onNavigate()}>
        <SessionList sessions={{ ...sessions, remove }} search={search} isArchive={isArchive} current={current} employees={employees} />
      </nav>
      {sessions.undoable && <UndoNote key={sessions.undoable.text} undoable={sessions.undoable} onDismiss={sessions.dismiss} />}
      <button type="button" className="text-button archive-button" onClick={() => onArchive(!isArchive)}>
        {isArchive ? texts.back : texts.archived}
      </button>
      <DocumentsPanel documents={documents} />
      <footer className="account">
        <span className="account-email" title={email}>{email}</span>
        <button type="button" className="button small" onClick={onOpenMemory} data-testid="open-memory">{texts.memory}</button>
        <button type="button" className="button small" onClick={onOpenSettings} data-testid="open-settings">{texts.settings}</button>
        {isAdmin && <a className="button small" href="/admin">{texts.admin}</a>}
        <button type="button" className="button small" onClick={onSignOut} data-testid="sign-out">{texts.signOut}</button>
      </footer>
    </>
  );
}

/** The last action, with a button that undoes it. */
function UndoNote({ undoable: { text, undo }, onDismiss }: { undoable: Undoable; onDismiss: () => void }) {
  const { sidebar: texts } = useTexts();
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    // The item with the focused menu is gone.
    if (document.activeElement === document.body) button.current?.focus();
  }, []);

  function undoAndLeave() {
    undo();
    onDismiss();
    focusSearch();
  }

  return (
    <div className="note undo-note" role="status" data-testid="undo-note">
      <p>{text}</p>
      <button ref={button} type="button" className="button small" onClick={undoAndLeave}>{texts.undo}</button>
    </div>
  );
}

function isLink(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a') !== null;
}
