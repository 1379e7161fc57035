import { useChat } from '@ai-sdk/react';
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Answer } from './Answer.tsx';
import { Composer, focusComposer, HAS_KEYBOARD } from './Composer.tsx';
import { textOf } from './conversation.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { explain } from './problem.ts';
import { Question, type Draft } from './Question.tsx';
import type { SessionChat } from './sessionChat.ts';
import { Trouble } from './Trouble.tsx';
import { useStickToBottom } from './useStickToBottom.ts';

/** Milliseconds between two paints of arriving text: smooth to read, and cheap for long answers. */
const PAINT_EVERY = 50;

/** Why the server did not do as it was told, and what to try again: an answer, or what is in the composer. */
interface Refusal {
  text: string;
  answer?: string;
}

interface Props {
  chat: SessionChat;
  /** Who is to answer; undefined leaves it to the server. */
  employee: string | undefined;
  name: string | undefined;
  welcome: ReactNode;
  /** The server has the first message. */
  onStarted: () => void;
  onRecover: () => Promise<void>;
  onStop: () => Promise<void>;
}

export function Chat({ chat, employee, name, welcome, onStarted, onRecover, onStop }: Props) {
  const { messages, status, error } = useChat({ chat, throttle: PAINT_EVERY });
  const [draft, setDraft] = useState('');
  const [edited, setEdited] = useState<Draft>();
  const [refusal, setRefusal] = useState<Refusal>();
  const { scroller, content, isAtBottom, scrollToBottom, keepInPlace } = useStickToBottom(messages);
  // What is shown is a branch of it.
  const tree = useMemo(() => chat.tree, [chat, messages]);
  const running = status === 'submitted' || status === 'streaming';
  const last = messages.at(-1);
  const isAnswer = last?.role === 'assistant';
  const hasText = isAnswer && textOf(last) !== '';
  const { status: ended = 'complete' } = last?.metadata ?? {};
  const isTroubled = isAnswer && !running && (error !== undefined || ended !== 'complete');

  // Not by the status: an answer that comes whole at once is over before this is drawn.
  useEffect(() => {
    if (isAnswer) onStarted();
  }, [isAnswer]);

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
    const refused = await chat.ask(text, { employee });
    if (!refused) return;
    // The message is not part of the conversation, and goes back to where it can be sent again.
    setRefusal({ text: explain(refused) });
    setDraft((later) => (later ? `${text}\n\n${later}` : text));
  }

  const askAgain = useCallback(async (answer: string) => {
    goToAnswer();
    const refused = await chat.answerAgain(answer, { employee });
    if (refused) setRefusal({ text: explain(refused), answer });
  }, [chat, employee, goToAnswer]);

  const save = useCallback(async ({ id, text }: Draft) => {
    goToAnswer();
    const refused = await chat.rephrase(id, text, { employee });
    // What was refused is in its editor again.
    setEdited(refused && { id, text, refusal: explain(refused) });
  }, [chat, employee, goToAnswer]);

  const step = useCallback((id: string, by: -1 | 1, control: HTMLElement) => {
    const versions = chat.tree.siblings(id);
    const version = versions[versions.indexOf(chat.tree.idOf(id)) + by];
    if (!version) return;
    setRefusal(undefined);
    keepInPlace(control);
    chat.show(version);
  }, [chat, keepInPlace]);

  function retry({ answer }: Refusal) {
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
              <Answer key={place} {...common} isArriving={running && message === last}
                canAskAgain={!(isTroubled && message === last)} onAskAgain={askAgain} />
            );
          })}
          {running && !hasText && <p className="typing">{name ?? 'The employee'} is answering</p>}
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
          onStop={() => void onStop().catch((failure: unknown) => setRefusal({ text: explain(failure) }))} name={name} />
      </div>
    </>
  );
}
