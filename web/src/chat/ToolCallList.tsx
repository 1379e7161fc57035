import { useTexts } from '../language/language.ts';
import { ApprovalRequest } from './ApprovalRequest.tsx';
import { exportedFile } from './exportedFile.ts';
import { FileCard } from './FileCard.tsx';
import type { Lookups } from './lookups.ts';
import { ToolCallItem } from './ToolCallItem.tsx';
import { approvalExpiry, toolCallStatus, type AnswerPhase, type Approvals, type ToolCallPart } from './toolCalls.ts';
import { useNow } from '../ui/useNow.ts';

/** Lines that a list may take. The last one leads to the rest. */
const MAX_LINES = 4;

interface Props {
  parts: ToolCallPart[];
  phase: AnswerPhase;
  approvals: Approvals | undefined;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Consecutive tool calls of an answer: one line each, then the files they made, then the pending approvals. */
export function ToolCallList({ parts, phase, approvals, onDecide, lookups }: Props) {
  const { tools: texts } = useTexts();
  const expiries = parts.map((part) => approvalExpiry(part, approvals));
  const now = useNow(expiries.find((expiry) => expiry !== undefined));
  const all = parts.map((part, index) => ({ part, expiry: expiries[index], status: toolCallStatus(part, phase, now, expiries[index]) }));
  const calls = all.filter(({ status }) => status !== 'awaiting_approval');
  const items = calls.map(({ part, status }) => (
    <ToolCallItem key={part.toolCallId} part={part} status={status} employeeTitle={lookups.employeeTitle} />
  ));
  const shownCount = items.length > MAX_LINES ? MAX_LINES - 1 : MAX_LINES;
  const hidden = calls.slice(shownCount).map(({ status }) => status);
  const failedCount = hidden.filter((status) => status === 'failed').length;
  return (
    <div className="tool-calls">
      {items.slice(0, shownCount)}
      {items.length > shownCount && (
        <details className="more-tool-calls" data-running={hidden.includes('running') || undefined} data-testid="more-tool-calls">
          <summary>
            {texts.more(hidden.length)}
            {failedCount > 0 && <span className="tool-call-note">{texts.moreFailed(failedCount)}</span>}
          </summary>
          {items.slice(shownCount)}
        </details>
      )}
      {parts.map((part) => {
        const file = exportedFile(part);
        return file && <FileCard key={part.toolCallId} file={file} fileLink={lookups.fileLink} />;
      })}
      {all.map(({ part, expiry, status }) => part.state === 'approval-requested' && status === 'awaiting_approval' && (
        <ApprovalRequest key={part.toolCallId} part={part} expiry={expiry} isBusy={phase === 'streaming'} onDecide={onDecide} lookups={lookups} />
      ))}
    </div>
  );
}
