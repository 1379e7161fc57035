import { memo } from 'react';
import { CopyButton } from './CopyButton.tsx';
import { receiptOf, sourcesOf, textOf, type ChatMessage, type Metadata } from './conversation.ts';
import { LazyMarkdown } from './LazyMarkdown.tsx';
import { Receipt } from './Receipt.tsx';
import { Versions } from './Versions.tsx';

/** Why an answer is not whole, in the reader's terms. */
const ENDED: Partial<Record<NonNullable<Metadata['status']>, string>> = {
  interrupted: 'This answer was interrupted: the server restarted while it was being written.',
  failed: 'This answer failed before it was complete.',
  stopped: 'This answer was stopped.',
};

interface Props {
  message: ChatMessage;
  version: number;
  versions: number;
  isArriving: boolean;
  isBusy: boolean;
  /** Not where another button offers it. */
  canAskAgain: boolean;
  onAskAgain: (id: string) => void;
  onStep: (id: string, by: -1 | 1, control: HTMLElement) => void;
}

/** Remembered: while an answer arrives, the messages above it are not rendered again. */
export const Answer = memo(function Answer(
  { message, version, versions, isArriving, isBusy, canAskAgain, onAskAgain, onStep }: Props,
) {
  const { id } = message;
  const text = textOf(message);
  if (isArriving && !text) return null;
  const receipt = receiptOf(message);
  const ended = message.metadata?.status && ENDED[message.metadata.status];
  return (
    <article className={isArriving ? 'message assistant arriving' : 'message assistant'} aria-label="Answer"
      data-testid="message-assistant">
      <LazyMarkdown text={text} />
      <Sources names={sourcesOf(message)} />
      {ended && <p className="ended">{ended}</p>}
      {!isArriving && (
        <footer className="about">
          <Versions of="answer" version={version} count={versions} isBusy={isBusy} onStep={(by, control) => onStep(id, by, control)} />
          {text && <Facts metadata={message.metadata ?? {}} />}
          {text && <CopyButton text={text} />}
          {canAskAgain && (
            <button type="button" className="quiet-button" disabled={isBusy} onClick={() => onAskAgain(id)}>Answer again</button>
          )}
          {receipt && <Receipt receipt={receipt} />}
        </footer>
      )}
    </article>
  );
});

/** The documents that an answer could draw on. */
function Sources({ names }: { names: string[] }) {
  if (names.length === 0) return null;
  return (
    <ul className="sources" aria-label="Sources" data-testid="sources">
      {names.map((name, place) => <li key={place} title={name}>{name}</li>)}
    </ul>
  );
}

/** With which model, how much, how long. */
function Facts({ metadata: { model, usage, latency_ms } }: { metadata: Metadata }) {
  const facts = [
    model,
    usage && `${usage.total_tokens.toLocaleString('en')} tokens`,
    latency_ms !== undefined && `${(latency_ms / 1000).toFixed(1)} s`,
  ].filter(Boolean);
  const breakdown = usage && `${usage.prompt_tokens} read, ${usage.completion_tokens} written`;
  return <span className="facts" title={breakdown}>{facts.join(' · ')}</span>;
}
