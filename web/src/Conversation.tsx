import { useCallback } from 'react';
import type { Api, Employee } from './api.ts';
import { Chat } from './Chat.tsx';
import type { Chats } from './chats.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { loadMarkdown } from './LazyMarkdown.tsx';
import { explain } from './problem.ts';
import { useResource, type Resource } from './useResource.ts';
import type { Route } from './useRoute.ts';
import { Welcome } from './Welcome.tsx';

interface Props {
  api: Api;
  chats: Chats;
  route: Route;
  employees: Resource<Employee[]>;
  /** Whom the user wants to answer next, and who answers by now. */
  wanted: string | undefined;
  slug: string | undefined;
  onChoose: (slug: string) => void;
  onStarted: (session: string) => void;
  onAnswering: (session: string, slug: string) => void;
}

const NOBODY: Employee[] = [];

/** Opens the conversation of the address, then shows it. */
export function Conversation({ api, chats, route, employees, wanted, slug, onChoose, onStarted, onAnswering }: Props) {
  const { session, isNew } = route;
  const opened = useResource(session, async () => {
    const [chat] = await Promise.all([chats.open(session, isNew), loadMarkdown()]);
    return chat;
  });
  const chat = opened.state === 'ready' ? opened.value : undefined;
  const decide = useCallback(
    async (approval: string, isAllowed: boolean) => chat && chats.decide(chat, approval, isAllowed), [chats, chat],
  );

  if (opened.state === 'loading') {
    return <div className="conversation loading" aria-busy="true" aria-label="Loading the conversation"><Placeholder /></div>;
  }
  if (opened.state === 'failed') {
    return (
      <div className="conversation column">
        <ErrorNote text={explain(opened.error)} actions={[{ label: 'Try again', run: opened.retry }]} />
      </div>
    );
  }
  const people = employees.state === 'ready' ? employees.value : NOBODY;
  return (
    <Chat chat={opened.value} api={api} employees={people} wanted={wanted} slug={slug}
      onStarted={() => isNew && onStarted(session)} onAnswering={(answering) => onAnswering(session, answering)}
      onDecide={decide} onRecover={() => chats.recover(opened.value)} onStop={() => chats.stop(opened.value)}
      welcome={<Welcome employees={people} slug={slug} onChoose={onChoose} />} />
  );
}

function Placeholder() {
  return (
    <div className="column">
      {[55, 90, 70].map((width) => <div key={width} className={`bone w${width}`} />)}
    </div>
  );
}
