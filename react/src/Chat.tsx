import { useEffect, useLayoutEffect, useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode } from 'react';
import { describeError } from '../../widget/src/errors.ts';
import { Message } from './Message.tsx';
import { isWaiting, useFrontdesk, type UseFrontdeskOptions } from './useFrontdesk.ts';

/** Pixels from the end within which the newest message is followed. */
const NEAR_END = 80;

export interface ChatProps extends UseFrontdeskOptions {
  /** Title of the chat, and its name for assistive technology. */
  heading?: string;
  placeholder?: string;
  /** The system's without it. */
  theme?: 'light' | 'dark';
  /** Renders the text of an answer. Default: paragraphs, lists, code, emphasis and links. */
  renderText?: (text: string) => ReactNode;
}

/** One conversation with its field. `styles.css` has its looks. */
export function Chat({ heading = 'Chat', placeholder = 'Write a message', theme, renderText, ...options }: ChatProps) {
  const chat = useFrontdesk(options);
  const { messages, status, error, isLoading, stop, decide } = chat;
  const isRunning = status === 'submitted' || status === 'streaming';
  const list = useFollowedEnd(messages);
  const note = useSentence(error);
  return (
    <section className="frontdesk" data-theme={theme} aria-label={heading}>
      <div className="chat">
        <header><strong>{heading}</strong></header>
        <div className="messages" ref={list} role="log" aria-busy={isLoading || isRunning}>
          {messages.map((message, at) => (
            <Message key={message.id} message={message} isRunning={isRunning && at === messages.length - 1} onDecide={decide} renderText={renderText} />
          ))}
        </div>
        {note !== undefined && <p className="note error" role="alert">{note}</p>}
        <Composer placeholder={placeholder} isRunning={isRunning} isDisabled={isLoading || isWaiting(messages)} onSend={chat.send} onStop={stop} />
      </div>
    </section>
  );
}

interface ComposerProps extends Record<'isRunning' | 'isDisabled', boolean> {
  placeholder: string;
  onSend: (text: string) => Promise<boolean>;
  onStop: () => Promise<void>;
}

function Composer({ placeholder, isRunning, isDisabled, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('');

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isRunning) return onStop();
    const message = text.trim();
    if (!message || isDisabled) return undefined;
    setText('');
    // One that is refused returns to the field.
    if (!await onSend(message)) setText((newer) => newer || message);
    return undefined;
  }

  function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
    // A composing input method takes Enter for itself.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (!isRunning) event.currentTarget.form?.requestSubmit();
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <textarea aria-label="Message" rows={1} placeholder={placeholder} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={sendOnEnter} />
      <button className="main" disabled={isDisabled && !isRunning}>{isRunning ? 'Stop' : 'Send'}</button>
    </form>
  );
}

/** Keeps the end of a list in sight while its reader is there. */
function useFollowedEnd(content: unknown) {
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = list.current;
    const onScroll = () => {
      if (element) isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    };
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => element?.removeEventListener('scroll', onScroll);
  }, []);
  useLayoutEffect(() => {
    if (isAtEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [content]);
  return list;
}

/** The sentence of an error. It is made once: making it writes the cause to the console. */
function useSentence(error: unknown): string | undefined {
  const [sentence, setSentence] = useState<string>();
  useEffect(() => setSentence(error === undefined ? undefined : describeError(error)), [error]);
  return sentence;
}
