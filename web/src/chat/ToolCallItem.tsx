import { useTexts } from '../language/language.ts';
import { JsonView } from '../ui/JsonView.tsx';
import { describeToolCall, type ToolCallPart, type ToolCallStatus } from './toolCalls.ts';

interface Props {
  part: ToolCallPart;
  status: ToolCallStatus;
  employeeTitle: (slug: string) => string;
}

/** One line for a tool call, which opens to its input and its result. */
export function ToolCallItem({ part, status, employeeTitle }: Props) {
  const { tools: texts } = useTexts();
  const { title, note } = describeToolCall(part, status, employeeTitle);
  return (
    <details className="tool-call" data-testid="tool-call" data-status={status}>
      <summary>
        <span className="tool-call-title">{title}</span>
        {note && <span className="tool-call-note">{note}</span>}
      </summary>
      <div className="tool-call-details">
        <h3>{texts.calledWith}</h3>
        <JsonView value={part.input} />
        {part.state === 'output-available' && <><h3>{texts.result}</h3><JsonView value={part.output} /></>}
        {part.state === 'output-error' && <><h3>{texts.wentWrong}</h3><JsonView value={part.errorText} /></>}
        {part.state === 'output-denied' && <p>{texts.denied}</p>}
        {status === 'expired' && part.state !== 'output-error' && <p>{texts.expired}</p>}
        {status === 'withdrawn' && <p>{texts.withdrawn}</p>}
        {status === 'unfinished' && <p>{texts.unfinished}</p>}
      </div>
    </details>
  );
}
