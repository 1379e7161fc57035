import { memo } from 'react';
import { CopyButton } from './CopyButton.tsx';
import { textOf, type ChatMessage, type Metadata } from './conversation.ts';
import { LazyMarkdown } from './LazyMarkdown.tsx';

/** Why an answer is not whole, in the reader's terms. */
const ENDED: Partial<Record<NonNullable<Metadata['status']>, string>> = {
  interrupted: 'This answer was interrupted: the server restarted while it was being written.',
  failed: 'This answer failed before it was complete.',
  stopped: 'This answer was stopped.',
};

interface Props {
  message: ChatMessage;
  isArriving: boolean;
}

/** Remembered: while an answer arrives, the messages above it are not rendered again. */
export const Message = memo(function Message({ message, isArriving }: Props) {
  const text = textOf(message);
  if (message.role === 'user') {
    return (
      <article className="message user" aria-label="You" data-testid="message-user">
        <p>{text}</p>
      </article>
    );
  }
  if (isArriving && !text) return null;
  const ended = message.metadata?.status && ENDED[message.metadata.status];
  return (
    <article className={isArriving ? 'message assistant arriving' : 'message assistant'} aria-label="Answer"
      data-testid="message-assistant">
      <LazyMarkdown text={text} />
      {ended && <p className="ended">{ended}</p>}
      {!isArriving && text && <About text={text} metadata={message.metadata ?? {}} />}
    </article>
  );
});

/** The quiet line: with which model, how much, how long. */
function About({ text, metadata: { model, usage, latency_ms } }: { text: string; metadata: Metadata }) {
  const facts = [
    model,
    usage && `${usage.total_tokens.toLocaleString('en')} tokens`,
    latency_ms !== undefined && `${(latency_ms / 1000).toFixed(1)} s`,
  ].filter(Boolean);
  const breakdown = usage && `${usage.prompt_tokens} read, ${usage.completion_tokens} written`;
  return (
    <footer className="about">
      <span title={breakdown}>{facts.join(' · ')}</span>
      <CopyButton text={text} />
    </footer>
  );
}
