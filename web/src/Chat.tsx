import { useChat } from '@ai-sdk/react';
import { isToolUIPart } from 'ai';
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Answer } from './Answer.tsx';
import type { Api, Employee } from './api.ts';
import { standingOf } from './calls.ts';
import { Composer, focusComposer, HAS_KEYBOARD } from './Composer.tsx';
import type { ChatMessage } from './conversation.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import type { Lookups } from './lookups.ts';
import { addressee, isAddressed } from './mention.ts';
import { explain } from './problem.ts';
import { Question, type Draft } from './Question.tsx';
import type { SessionChat } from './sessionChat.ts';
import { Trouble } from './Trouble.tsx';
import { usePictures } from './usePictures.ts';
import { useStickToBottom } from './useStickToBottom.ts';

/** Milliseconds between two paints of arriving text: smooth to read, and cheap for long answers. */
const PAINT_EVERY = 50;

/** Why the server did not do as it was told, and what to try again: an answer, or what is in the composer. */
interface Refusal {
  text: string;
  answer?: string;
  /** It cannot be tried again. */
  isFinal?: boolean;
}

interface Props {
  chat: SessionChat;
  api: Api;
  employees: Employee[];
  /** Whom the user wants to answer; undefined leaves it to the server, which knows who took over. */
  wanted: string | undefined;
  /** Who answers by now. */
  slug: string | undefined;
  welcome: ReactNode;
  /** The server has the first message. */
  onStarted: () => void;
  /** Somebody answers, or has taken over. */
  onAnswering: (slug: string) => void;
  onDecide: (approval: string, isAllowed: boolean) => Promise<Error | undefined>;
  onRecover: () => Promise<void>;
  onStop: () => Promise<void>;
}

export function Chat({ chat, api, employees, wanted, slug, welcome, onStarted, onAnswering, onDecide, onRecover, onStop }: Props) {
  const { messages, status, error } = useChat({ chat, throttle: PAINT_EVERY });
  const [draft, setDraft] = useState('');
  const [edited, setEdited] = useState<Draft>();
  const [refusal, setRefusal] = useState<Refusal>();
  const pictures = usePictures(api);
  const { scroller, content, isAtBottom, scrollToBottom, keepInPlace } = useStickToBottom(messages);
  // What is shown is a branch of it.
  const tree = useMemo(() => chat.tree, [chat, messages]);
  const running = status === 'submitted' || status === 'streaming';
  const last = messages.at(-1);
  const isAnswer = last?.role === 'assistant';
  const newest = tree.newest();
  const answering = newest === undefined ? undefined : tree.get(newest)?.metadata?.employee;
  const isWaiting = !running && isAnswer && tree.idOf(last.id) === newest && waits(last);
  const bySlug = (one: string | undefined) => employees.find((employee) => employee.slug === one);
  const lookups = useMemo((): Lookups => ({
    titleOf: (one) => employees.find((employee) => employee.slug === one)?.title ?? one,
    linkOf: api.fileLink,
    facts: api.facts,
  }), [api, employees]);
  const { status: ended = 'complete' } = last?.metadata ?? {};
  const isTroubled = isAnswer && !running && (error !== undefined || ended !== 'complete');

  // Not by the status: an answer that comes whole at once is over before this is drawn.
  useEffect(() => {
    if (isAnswer) onStarted();
  }, [isAnswer]);

  useEffect(() => {
    if (answering) onAnswering(answering);
  }, [answering]);

  /** The button that asks for an answer is gone when it arrives. */
  const goToAnswer = useCallback(() => {
    setRefusal(undefined);
    if (HAS_KEYBOARD) focusComposer();
    else scroller.current?.focus();
    scrollToBottom();
  }, [scrollToBottom]);

  async function send(text: string) {
    setDraft('');
    setRefusal(undefined);
    focusComposer();
    scrollToBottom();
    const taken = pictures.take();
    const sent = taken.flatMap(({ id, file }) => (id === undefined ? [] : [{ id, name: file.name }]));
    const refused = await chat.ask(text, { employee: employeeFor(text, wanted), pictures: sent });
    if (!refused) return;
    // The message is not part of the conversation, and goes back to where it can be sent again.
    setRefusal({ text: explain(refused) });
    setDraft((later) => (later ? `${text}\n\n${later}` : text));
    pictures.putBack(taken);
  }

  const askAgain = useCallback(async (answer: string) => {
    goToAnswer();
    const refused = await chat.answerAgain(answer, { employee: wanted });
    if (refused) setRefusal({ text: explain(refused), answer });
  }, [chat, wanted, goToAnswer]);

  const save = useCallback(async ({ id, text }: Draft) => {
    goToAnswer();
    const refused = await chat.rephrase(id, text, { employee: employeeFor(text, wanted) });
    // What was refused is in its editor again.
    setEdited(refused && { id, text, refusal: explain(refused) });
  }, [chat, wanted, goToAnswer]);

  const decide = useCallback(async (approval: string, isAllowed: boolean) => {
    const decided = onDecide(approval, isAllowed);
    // The buttons that decided go. The next that is asked gets the focus, and decides nothing by itself.
    const next = [...document.querySelectorAll<HTMLElement>('.approval')].find((card) => !card.contains(document.activeElement));
    if (next) next.focus();
    else goToAnswer();
    const refused = await decided;
    if (refused) setRefusal({ text: explain(refused), isFinal: true });
  }, [onDecide, goToAnswer]);

  const step = useCallback((id: string, by: -1 | 1, control: HTMLElement) => {
    const versions = chat.tree.siblings(id);
    const version = versions[versions.indexOf(chat.tree.idOf(id)) + by];
    if (!version) return;
    setRefusal(undefined);
    keepInPlace(control);
    chat.show(version);
  }, [chat, keepInPlace]);

  function retry({ answer, isFinal }: Refusal) {
    if (isFinal) return [];
    const again = answer !== undefined ? () => void askAgain(answer) : draft.trim() ? () => void send(draft) : undefined;
    return again ? [{ label: 'Retry', run: again }] : [];
  }

  return (
    <>
      <div className="conversation" ref={scroller} tabIndex={0} role="log" aria-label="Conversation" aria-busy={running}>
        <div className="column" ref={content}>
          {messages.length === 0 && welcome}
          {messages.map((message, place) => {
            const versions = tree.siblings(message.id);
            const common = {
              message, isBusy: running, onStep: step,
              version: versions.indexOf(tree.idOf(message.id)) + 1, versions: versions.length,
            };
            // By its place: another version takes over the controls of the one before, and their focus.
            return message.role === 'user' ? (
              <Question key={place} {...common} draft={edited && tree.idOf(edited.id) === tree.idOf(message.id) ? edited : undefined}
                onDraft={setEdited} onSave={save} />
            ) : (
              <Answer key={place} {...common} canAskAgain={!(isTroubled && message === last)} onAskAgain={askAgain}
                phase={running && message === last ? 'arriving' : tree.idOf(message.id) === newest ? 'newest' : 'past'}
                onDecide={decide} lookups={lookups} />
            );
          })}
          {running && !(isAnswer && isAtWork(last)) && <p className="typing">{bySlug(slug)?.title ?? 'The employee'} is answering</p>}
          {isTroubled && (
            <Trouble status={last.metadata?.status} error={error} onCheck={onRecover} onAskAgain={() => void askAgain(last.id)} />
          )}
        </div>
      </div>
      <div className="dock column">
        {!isAtBottom && (
          <button type="button" className="button icon-only to-bottom" aria-label="Scroll to the newest message" onClick={scrollToBottom}>
            <Icon name="down" />
          </button>
        )}
        {refusal && <ErrorNote text={refusal.text} actions={retry(refusal)} />}
        <Composer value={draft} onChange={setDraft} onSend={(text) => void send(text)} isBusy={running}
          onStop={() => void onStop().catch((failure: unknown) => setRefusal({ text: explain(failure) }))}
          employees={employees} reader={bySlug(addressee(draft) ?? slug)} pictures={pictures}
          hint={isWaiting ? 'What you are asked above is withdrawn when you send another message.' : undefined} />
      </div>
    </>
  );
}

/** A message may say itself whom it is for. */
function employeeFor(text: string, wanted: string | undefined): string | undefined {
  return isAddressed(text) ? undefined : wanted;
}

/** Whether an answer waits for its user. */
function waits({ parts }: ChatMessage): boolean {
  return parts.some((part) => isToolUIPart(part) && standingOf(part, 'newest', Date.now()) === 'waiting');
}

/** Whether it shows that an answer goes on: text comes, or a call runs. */
function isAtWork({ parts }: ChatMessage): boolean {
  const last = parts.findLast((part) => isToolUIPart(part) || (part.type === 'text' && part.text));
  if (!last || !isToolUIPart(last)) return last !== undefined;
  return parts.some((part) => isToolUIPart(part) && standingOf(part, 'arriving', 0) === 'running');
}
