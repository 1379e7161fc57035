import { useChat, type Chat as ChatState } from '@ai-sdk/react';
import { useEffect, useState, type ReactNode } from 'react';
import { isRunning } from './chats.ts';
import { Composer, focusComposer } from './Composer.tsx';
import { lastQuestion, textOf, type ChatMessage } from './conversation.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { Message } from './Message.tsx';
import { explain } from './problem.ts';
import { Trouble } from './Trouble.tsx';
import { useStickToBottom } from './useStickToBottom.ts';

/** Milliseconds between two paints of arriving text: smooth to read, and cheap for long answers. */
const PAINT_EVERY = 50;

interface Props {
  chat: ChatState<ChatMessage>;
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
  const { messages, status, error, sendMessage } = useChat({ chat, throttle: PAINT_EVERY });
  const [draft, setDraft] = useState('');
  const [refusal, setRefusal] = useState<string>();
  const { scroller, content, isAtBottom, scrollToBottom } = useStickToBottom();
  const running = isRunning({ status });
  const last = messages.at(-1);
  const hasText = last?.role === 'assistant' && textOf(last) !== '';

  useEffect(() => {
    if (status === 'streaming') onStarted();
  }, [status]);

  async function send(text: string) {
    setDraft('');
    setRefusal(undefined);
    // The button that asked for it may be gone by now.
    focusComposer();
    scrollToBottom();
    await sendMessage({ text }, { body: { employee } });
    // Nothing came back: the message is not part of the conversation, and goes back to where it can be sent again.
    if (chat.status !== 'error' || chat.lastMessage?.role !== 'user') return;
    setRefusal(explain(chat.error));
    chat.messages = chat.messages.slice(0, -1);
    chat.clearError();
    setDraft((later) => (later ? `${text}\n\n${later}` : text));
  }

  return (
    <>
      <div className="conversation" ref={scroller} tabIndex={0} role="log" aria-label="Conversation" aria-busy={running}>
        <div className="column" ref={content}>
          {messages.length === 0 && welcome}
          {messages.map((message) => (
            <Message key={message.id} message={message} isArriving={running && message === last} />
          ))}
          {running && !hasText && <p className="typing">{name ?? 'The employee'} is answering</p>}
          {last?.role === 'assistant' && !running && (
            <Trouble status={last.metadata?.status} error={error} onCheck={onRecover}
              onAskAgain={() => void send(lastQuestion(messages))} />
          )}
        </div>
      </div>
      <div className="dock column">
        {!isAtBottom && (
          <button type="button" className="button icon-only to-bottom" aria-label="Scroll to the newest message" onClick={scrollToBottom}>
            <Icon name="down" />
          </button>
        )}
        {refusal && <ErrorNote text={refusal} actions={draft.trim() ? [{ label: 'Retry', run: () => void send(draft) }] : []} />}
        <Composer value={draft} onChange={setDraft} onSend={(text) => void send(text)} isBusy={running}
          onStop={() => void onStop().catch((failure: unknown) => setRefusal(explain(failure)))} name={name} />
      </div>
    </>
  );
}
