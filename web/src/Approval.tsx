import { getToolName } from 'ai';
import { useId } from 'react';
import { describe, expiryOf, fieldsOf, type CallPart } from './calls.ts';
import { ForgottenFacts } from './ForgottenFacts.tsx';
import type { Lookups } from './lookups.ts';
import { Readable } from './Readable.tsx';

const TIME = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit' });

interface Props {
  part: Extract<CallPart, { state: 'approval-requested' }>;
  /** It cannot be decided right now. */
  isBusy: boolean;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Asks whether a call may run: only a press of one of its buttons decides. */
export function Approval({ part, isBusy, onDecide, lookups }: Props) {
  const title = useId();
  const { line } = describe(part, 'waiting', lookups.titleOf);
  const until = expiryOf(part);
  return (
    // The focus may come here from one that was decided: not to a button, which the next Enter would press.
    <section className="approval" aria-labelledby={title} tabIndex={-1} data-testid="approval">
      <header>
        <p className="quiet">Do you allow this?</p>
        <p id={title} className="approval-title">{line}</p>
      </header>
      {getToolName(part) === 'forget' && <ForgottenFacts ids={idsIn(part.input)} facts={lookups.facts} />}
      <Readable value={part.input} />
      <footer>
        <button type="button" className="button small primary" disabled={isBusy} data-testid="allow"
          onClick={() => onDecide(part.approval.id, true)}>Allow</button>
        <button type="button" className="button small" disabled={isBusy} data-testid="deny"
          onClick={() => onDecide(part.approval.id, false)}>Don’t allow</button>
        {until !== undefined && (
          <span className="quiet">until <time dateTime={new Date(until).toISOString()}>{TIME.format(until)}</time></span>
        )}
      </footer>
    </section>
  );
}

function idsIn(input: unknown): string[] {
  const { facts } = fieldsOf(input);
  return Array.isArray(facts) ? facts.map(String) : [];
}
