import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { createApi } from './api/api.ts';
import { signOut } from './api/auth.ts';
import { ChatStore } from './chat/chatStore.ts';
import { focusComposer, HAS_FINE_POINTER } from './chat/Composer.tsx';
import { Conversation } from './chat/Conversation.tsx';
import { EmployeePicker } from './chat/EmployeePicker.tsx';
import { Icon } from './ui/Icon.tsx';
import type { SignedIn } from './sign-in/AuthGate.tsx';
import { focusSearch, isSearchVisible } from './sidebar/SearchField.tsx';
import { keepFocus } from './ui/keepFocus.ts';
import { useShortcuts } from './ui/shortcuts.ts';
import { Sidebar } from './sidebar/Sidebar.tsx';
import { SidePanel } from './ui/SidePanel.tsx';
import { useDocuments } from './documents/useDocuments.ts';
import { forgetDrafts } from './chat/useDraft.ts';
import { forgetPrivate, usePrivate } from './chat/usePrivate.ts';
import { useResource } from './api/useResource.ts';
import { useTexts } from './language/language.ts';
import { NEW_CHAT, useRoute } from './ui/useRoute.ts';
import { useSessions } from './sidebar/useSessions.ts';

const MemoryDialog = lazy(async () => ({ default: (await import('./memory/MemoryDialog.tsx')).MemoryDialog }));
const SettingsDialog = lazy(async () => ({ default: (await import('./settings/SettingsDialog.tsx')).SettingsDialog }));
const ShortcutsDialog = lazy(async () => ({ default: (await import('./settings/ShortcutsDialog.tsx')).ShortcutsDialog }));

/** Layout of the signed-in application: past sessions in a side panel, one conversation beside it. */
export function AppShell({ auth, config, email, isAdmin, onLeave }: SignedIn) {
  const { shell: texts } = useTexts();
  const api = useMemo(() => createApi(auth), [auth]);
  const [isArchive, setIsArchive] = useState(false);
  const sessions = useSessions(api, isArchive);
  const { refreshWhenSaved } = sessions;
  /** Slugs that the user chose, by session. */
  const [chosen, setChosen] = useState<Record<string, string>>({});
  /** Slugs of the employees who answered last, by session. */
  const [answering, setAnswering] = useState<Record<string, string>>({});
  // The server keeps an accepted choice. Sending it again would undo a later hand-over to another employee.
  const clearChoice = useCallback((session: string) => setChosen(({ [session]: _, ...others }) => others), []);
  const chats = useMemo(() => new ChatStore(api, refreshWhenSaved, clearChoice), [api, refreshWhenSaved, clearChoice]);
  const employees = useResource('employees', api.employees);
  const documents = useDocuments(api);
  const { route, assignAddress } = useRoute();
  const [isPrivate, setIsPrivate] = usePrivate(route.session);
  const [dialog, setDialog] = useState<'memory' | 'settings' | 'shortcuts'>();
  const [isMenuOpen, setIsMenuOpen] = useState(false);
  const openDialog = (name: typeof dialog) => { setIsMenuOpen(false); setDialog(name); };
  const closeDialog = () => setDialog(undefined);

  // Undefined for a session that is not in the list: only the server knows its employee.
  const currentEmployee = chosen[route.session]
    ?? answering[route.session]
    ?? sessions.list?.find(({ id }) => id === route.session)?.employee_slug
    ?? (route.isNew ? config.default_employee : undefined);
  const choose = (employee: string) => setChosen({ ...chosen, [route.session]: employee });

  useEffect(() => chats.followTabs(), [chats]);

  useEffect(() => keepFocus(() => document.querySelector<HTMLElement>(HAS_FINE_POINTER ? '#message' : '.conversation')), []);

  useShortcuts({
    search: () => {
      // On a narrow screen it is in the drawer, which opens first.
      if (!isSearchVisible()) setIsMenuOpen(true);
      requestAnimationFrame(focusSearch);
    },
    newChat: () => {
      location.hash = NEW_CHAT;
      requestAnimationFrame(focusComposer);
    },
    compose: focusComposer,
    settings: () => openDialog('settings'),
    help: () => openDialog('shortcuts'),
  });

  function leave() {
    // The next user must not start in this user's conversation.
    history.replaceState(null, '', NEW_CHAT);
    forgetDrafts();
    forgetPrivate();
    onLeave();
    void signOut(auth);
  }

  return (
    <div className="app-shell">
      <a className="skip-link" href="#message" onClick={skipToComposer}>{texts.skip}</a>
      <SidePanel isOpen={isMenuOpen} onClose={() => setIsMenuOpen(false)}>
        <Sidebar api={api} sessions={sessions} isArchive={isArchive} onArchive={setIsArchive} current={route} employees={employees}
          documents={documents} email={email} isAdmin={isAdmin} onOpenMemory={() => openDialog('memory')} onOpenSettings={() => openDialog('settings')}
          onNavigate={() => setIsMenuOpen(false)} onSignOut={leave} />
      </SidePanel>
      <Suspense fallback={null}>
        {dialog === 'memory' && <MemoryDialog api={api} onClose={closeDialog} />}
        {dialog === 'settings' && <SettingsDialog api={api} onClose={closeDialog} onErased={leave} onShortcuts={() => openDialog('shortcuts')} />}
        {dialog === 'shortcuts' && <ShortcutsDialog onClose={closeDialog} />}
      </Suspense>
      <main className="chat-pane">
        <header className="chat-pane-header">
          <button type="button" className="button icon-only menu-button" aria-label={texts.conversations}
            onClick={() => setIsMenuOpen(true)}>
            <Icon name="menu" />
          </button>
          {(currentEmployee || sessions.list) && <EmployeePicker employees={employees} slug={currentEmployee} onChoose={choose} />}
          <button type="button" className="button small private-button" aria-pressed={isPrivate} data-testid="private"
            title={texts.privateHint} onClick={() => setIsPrivate(!isPrivate)}>
            {texts.private}
          </button>
        </header>
        <Conversation key={route.session} api={api} chats={chats} route={route} employees={employees} documents={documents} remember={!isPrivate}
          chosenEmployee={chosen[route.session]} currentEmployee={currentEmployee} onChoose={choose} onStarted={assignAddress}
          onAnswering={(session, employee) => setAnswering((known) => ({ ...known, [session]: employee }))} />
      </main>
    </div>
  );
}

/** Replaces the link's navigation: the URL fragment names the conversation, so a plain link would leave it. */
function skipToComposer(event: React.MouseEvent) {
  event.preventDefault();
  focusComposer();
}
