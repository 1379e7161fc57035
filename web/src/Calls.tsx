import { Approval } from './Approval.tsx';
import { CallLine } from './CallLine.tsx';
import { expiryOf, standingOf, type CallPart, type Phase } from './calls.ts';
import { fileOf } from './file.ts';
import { FileCard } from './FileCard.tsx';
import { useNow } from './useNow.ts';

/** Lines that calls in a row may take. */
const LINES = 4;

interface Props {
  parts: CallPart[];
  phase: Phase;
  onDecide: (approval: string, isAllowed: boolean) => void;
  titleOf: (slug: string) => string;
  linkOf: (file: string) => Promise<string>;
}

/** Calls in a row: what was done in lines, then what they made, and what waits for the user. */
export function Calls({ parts, phase, onDecide, titleOf, linkOf }: Props) {
  const asked = parts.filter((part) => part.state === 'approval-requested');
  const now = useNow(asked[0] && expiryOf(asked[0]));
  const stood = parts.map((part) => ({ part, standing: standingOf(part, phase, now) }));
  const lines = stood.filter(({ standing }) => standing !== 'waiting')
    .map(({ part, standing }) => <CallLine key={part.toolCallId} part={part} standing={standing} titleOf={titleOf} />);
  // As many lines as before when one more comes: the last of them leads to the rest.
  const shown = lines.length > LINES ? LINES - 1 : LINES;
  return (
    <div className="calls">
      {lines.slice(0, shown)}
      {lines.length > shown && (
        <details className="more-calls" data-running={stood.some(({ standing }) => standing === 'running') || undefined} data-testid="more-calls">
          <summary>{lines.length - shown} more</summary>
          {lines.slice(shown)}
        </details>
      )}
      {parts.map((part) => {
        const file = fileOf(part);
        return file && <FileCard key={part.toolCallId} file={file} linkOf={linkOf} />;
      })}
      {asked.filter((part) => standingOf(part, phase, now) === 'waiting').map((part) => (
        <Approval key={part.toolCallId} part={part} isBusy={phase === 'arriving'} onDecide={onDecide} titleOf={titleOf} />
      ))}
    </div>
  );
}
