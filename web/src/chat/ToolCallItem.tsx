import { JsonView } from '../ui/JsonView.tsx';
import { describeToolCall, type ToolCallPart, type ToolCallStatus } from './toolCalls.ts';

interface Props {
  part: ToolCallPart;
  status: ToolCallStatus;
  employeeTitle: (slug: string) => string;
}

/** One line for a tool call, which opens to its input and its result. */
export function ToolCallItem({ part, status, employeeTitle }: Props) {
  const { title, note } = describeToolCall(part, status, employeeTitle);
  return (
    <details className="tool-call" data-testid="tool-call" data-status={status}>
      <summary>
        <span className="tool-call-title">{title}</span>
        {note && <span className="tool-call-note">{note}</span>}
      </summary>
      <div className="tool-call-details">
        <h3>Called with</h3>
        <JsonView value={part.input} />
        {part.state === 'output-available' && <><h3>Result</h3><JsonView value={part.output} /></>}
        {part.state === 'output-error' && <><h3>What went wrong</h3><JsonView value={part.errorText} /></>}
        {part.state === 'output-denied' && <p>You did not allow it, so it was not done.</p>}
        {status === 'expired' && part.state !== 'output-error' && <p>The time to allow it has passed. Nothing was done.</p>}
        {status === 'withdrawn' && <p>A later message took its place. Nothing was done.</p>}
        {status === 'unfinished' && <p>The answer ended before this call did.</p>}
      </div>
    </details>
  );
}
