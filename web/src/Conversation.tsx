import type { Employee } from './api.ts';
import { Chat } from './Chat.tsx';
import type { Chats } from './chats.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { loadMarkdown } from './LazyMarkdown.tsx';
import { explain } from './problem.ts';
import { useResource, type Resource } from './useResource.ts';
import type { Route } from './useRoute.ts';
import { Welcome } from './Welcome.tsx';

interface Props {
  chats: Chats;
  route: Route;
  employees: Resource<Employee[]>;
  slug: string | undefined;
  onChoose: (slug: string) => void;
  onStarted: (session: string) => void;
}

/** Opens the conversation of the address, then shows it. */
export function Conversation({ chats, route, employees, slug, onChoose, onStarted }: Props) {
  const { session, isNew } = route;
  const opened = useResource(session, async () => {
    const [chat] = await Promise.all([chats.open(session, isNew), loadMarkdown()]);
    return chat;
  });

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
  const people = employees.state === 'ready' ? employees.value : [];
  return (
    <Chat chat={opened.value} employee={slug} name={people.find((person) => person.slug === slug)?.title}
      onStarted={() => isNew && onStarted(session)} onRecover={() => chats.recover(opened.value)} onStop={() => chats.stop(opened.value)}
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
