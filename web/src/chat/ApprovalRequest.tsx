import { getToolName } from 'ai';
import { useId } from 'react';
import { formatTime } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import { FactsToForget } from './FactsToForget.tsx';
import { JsonView } from '../ui/JsonView.tsx';
import type { Lookups } from './lookups.ts';
import { describeToolCall, objectFields, type ToolCallPart } from './toolCalls.ts';

interface Props {
  part: Extract<ToolCallPart, { state: 'approval-requested' }>;
  /** End of the time in which the user may decide, in milliseconds since 1970. */
  expiry: number | undefined;
  /** True while a decision cannot be sent. */
  isBusy: boolean;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Asks the user to allow or deny a call. Nothing but its two buttons decides. */
export function ApprovalRequest({ part, expiry, isBusy, onDecide, lookups }: Props) {
  const { tools: texts } = useTexts();
  const titleId = useId();
  const { title } = describeToolCall(part, 'awaiting_approval', lookups.employeeTitle);
  const facts = getToolName(part) === 'forget' ? factIds(part.input) : [];
  return (
    // The focus may move here from a decided request: to the section, because the next Enter would press a focused button.
    <section className="approval" aria-labelledby={titleId} tabIndex={-1} data-testid="approval">
      <header>
        <p className="muted">{texts.ask}</p>
        <p id={titleId} className="approval-title">{title}</p>
      </header>
      {facts.length > 0 && <FactsToForget ids={facts} facts={lookups.facts} />}
      <JsonView value={part.input} />
      <footer>
        <button type="button" className="button small primary" disabled={isBusy} data-testid="allow"
          onClick={() => onDecide(part.approval.id, true)}>{texts.allow}</button>
        <button type="button" className="button small" disabled={isBusy} data-testid="deny"
          onClick={() => onDecide(part.approval.id, false)}>{texts.deny}</button>
        {expiry !== undefined && (
          <span className="muted">{texts.until} <time dateTime={new Date(expiry).toISOString()}>{formatTime(expiry, { hour: '2-digit', minute: '2-digit' })}</time></span>
        )}
      </footer>
    </section>
  );
}

function factIds(input: unknown): string[] {
  const { facts } = objectFields(input);
  return Array.isArray(facts) ? facts.map(String) : [];
}
