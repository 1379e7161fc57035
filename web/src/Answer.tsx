import { isToolUIPart } from 'ai';
import { memo } from 'react';
import { Calls } from './Calls.tsx';
import type { CallPart, Phase } from './calls.ts';
import { CopyButton } from './CopyButton.tsx';
import { receiptOf, sourcesOf, textOf, type ChatMessage, type Metadata } from './conversation.ts';
import { LazyMarkdown } from './LazyMarkdown.tsx';
import type { Lookups } from './lookups.ts';
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
  phase: Phase;
  isBusy: boolean;
  /** Not where another button offers it. */
  canAskAgain: boolean;
  onAskAgain: (id: string) => void;
  onStep: (id: string, by: -1 | 1, control: HTMLElement) => void;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Remembered: while an answer arrives, the messages above it are not rendered again. */
export const Answer = memo(function Answer(
  { message, version, versions, phase, isBusy, canAskAgain, onAskAgain, onStep, onDecide, lookups }: Props,
) {
  const { id } = message;
  const text = textOf(message);
  const isArriving = phase === 'arriving';
  const pieces = piecesOf(message);
  if (isArriving && pieces.length === 0) return null;
  const receipt = receiptOf(message);
  const ended = message.metadata?.status && ENDED[message.metadata.status];
  return (
    <article className={isArriving ? 'message assistant arriving' : 'message assistant'} aria-label="Answer"
      data-testid="message-assistant">
      {pieces.map((piece, place) => (typeof piece === 'string'
        ? <LazyMarkdown key={place} text={piece} />
        : <Calls key={place} parts={piece} phase={phase} onDecide={onDecide} lookups={lookups} />))}
      <Sources names={sourcesOf(message)} />
      {ended && <p className="ended">{ended}</p>}
      {!isArriving && (
        <footer className="about">
          <Versions of="answer" version={version} count={versions} isBusy={isBusy} onStep={(by, control) => onStep(id, by, control)} />
          {pieces.length > 0 && <Facts metadata={message.metadata ?? {}} titleOf={lookups.titleOf} />}
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

/** What an answer says, and between it what it calls: calls with nothing said in between are one piece. */
function piecesOf({ parts }: ChatMessage): (string | CallPart[])[] {
  const pieces: (string | CallPart[])[] = [];
  for (const part of parts) {
    const last = pieces.at(-1);
    if (part.type === 'text' && part.text) pieces.push(part.text);
    else if (isToolUIPart(part) && Array.isArray(last)) last.push(part);
    else if (isToolUIPart(part)) pieces.push([part]);
  }
  return pieces;
}

/** The documents that an answer could draw on. */
function Sources({ names }: { names: string[] }) {
  if (names.length === 0) return null;
  return (
    <ul className="sources" aria-label="Sources" data-testid="sources">
      {names.map((name, place) => <li key={place} title={name}>{name}</li>)}
    </ul>
  );
}

/** By whom, with which model, how much, how long. */
function Facts({ metadata: { employee, model, usage, latency_ms }, titleOf }: { metadata: Metadata; titleOf: (slug: string) => string }) {
  const facts = [
    model,
    usage && `${usage.total_tokens.toLocaleString('en')} tokens`,
    latency_ms !== undefined && `${(latency_ms / 1000).toFixed(1)} s`,
  ].filter(Boolean);
  const breakdown = usage && `${usage.prompt_tokens} read, ${usage.completion_tokens} written`;
  return (
    <span className="facts" data-testid="facts">
      {employee && <span className="by">{titleOf(employee)}</span>}
      <span title={breakdown}>{facts.join(' · ')}</span>
    </span>
  );
}
