import { useCallback } from 'react';
import type { Api, Employee } from '../api/api.ts';
import { Chat } from './Chat.tsx';
import type { ChatStore } from './chatStore.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { loadMessageViews } from './messageViews.tsx';
import type { Documents } from '../documents/useDocuments.ts';
import { useResource, type Resource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';
import type { Route } from '../ui/useRoute.ts';
import { WelcomeScreen } from './WelcomeScreen.tsx';

interface Props {
  api: Api;
  chats: ChatStore;
  route: Route;
  employees: Resource<Employee[]>;
  /** Slug that the user chose for the next answer. */
  chosenEmployee: string | undefined;
  /** Slug of the employee who answers now. */
  currentEmployee: string | undefined;
  documents: Documents;
  /** False in a private conversation. */
  remember: boolean;
  onChoose: (slug: string) => void;
  onStarted: (session: string) => void;
  onAnswering: (session: string, slug: string) => void;
}

/** One array for all renders, so that memoized children see the same value. */
const NO_EMPLOYEES: Employee[] = [];

/** Opens the conversation of the route, then shows it. */
export function Conversation(props: Props) {
  const { api, chats, route, employees, chosenEmployee, currentEmployee, documents, remember, onChoose, onStarted, onAnswering } = props;
  const { chat: texts, common } = useTexts();
  const { session, isNew } = route;
  const opened = useResource(session, async () => {
    const [chat] = await Promise.all([chats.open(session, isNew), !isNew && loadMessageViews()]);
    return chat;
  });
  const chat = opened.state === 'ready' ? opened.value : undefined;
  const decide = useCallback(
    async (approval: string, isAllowed: boolean) => chat && chats.decide(chat, approval, isAllowed), [chats, chat],
  );

  if (opened.state === 'loading') {
    return <div className="conversation loading" role="status" aria-busy="true" aria-label={texts.loading}><Skeleton /></div>;
  }
  if (opened.state === 'failed') {
    return (
      <div className="conversation column">
        <ErrorNote text={describeError(opened.error)} actions={[{ label: common.tryAgain, run: opened.retry }]} />
      </div>
    );
  }
  const loadedEmployees = employees.state === 'ready' ? employees.value : NO_EMPLOYEES;
  return (
    <Chat chat={opened.value} isNew={isNew} api={api} employees={loadedEmployees} chosenEmployee={chosenEmployee} currentEmployee={currentEmployee}
      documents={documents} remember={remember} onStarted={() => isNew && onStarted(session)} onAnswering={(slug) => onAnswering(session, slug)}
      onDecide={decide} onRecover={() => chats.recover(opened.value)} onStop={() => chats.stop(opened.value)}
      onLoadOlder={() => chats.loadOlder(opened.value)}
      welcome={(onExample) => (
        <WelcomeScreen employees={loadedEmployees} slug={currentEmployee} onChoose={onChoose} onExample={onExample} />
      )} />
  );
}

function Skeleton() {
  return (
    <div className="column">
      {[55, 90, 70].map((width) => <div key={width} className={`skeleton-line width-${width}`} />)}
    </div>
  );
}
