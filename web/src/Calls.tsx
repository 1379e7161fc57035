import { Approval } from './Approval.tsx';
import { CallLine } from './CallLine.tsx';
import { expiryOf, standingOf, type CallPart, type Phase } from './calls.ts';
import { fileOf } from './file.ts';
import { FileCard } from './FileCard.tsx';
import type { Lookups } from './lookups.ts';
import { useNow } from './useNow.ts';

/** Lines that calls in a row may take. */
const LINES = 4;

interface Props {
  parts: CallPart[];
  phase: Phase;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Calls in a row: what was done in lines, then what they made, and what waits for the user. */
export function Calls({ parts, phase, onDecide, lookups }: Props) {
  const asked = parts.filter((part) => part.state === 'approval-requested');
  const now = useNow(asked[0] && expiryOf(asked[0]));
  const stood = parts.map((part) => ({ part, standing: standingOf(part, phase, now) }));
  const told = stood.filter(({ standing }) => standing !== 'waiting');
  const lines = told.map(({ part, standing }) => <CallLine key={part.toolCallId} part={part} standing={standing} titleOf={lookups.titleOf} />);
  // As many lines as before when one more comes: the last of them leads to the rest.
  const shown = lines.length > LINES ? LINES - 1 : LINES;
  const rest = told.slice(shown).map(({ standing }) => standing);
  const failed = rest.filter((standing) => standing === 'failed').length;
  return (
    <div className="calls">
      {lines.slice(0, shown)}
      {lines.length > shown && (
        <details className="more-calls" data-running={rest.includes('running') || undefined} data-testid="more-calls">
          <summary>
            {rest.length} more
            {failed > 0 && <span className="call-note">{failed} failed</span>}
          </summary>
          {lines.slice(shown)}
        </details>
      )}
      {parts.map((part) => {
        const file = fileOf(part);
        return file && <FileCard key={part.toolCallId} file={file} linkOf={lookups.linkOf} />;
      })}
      {asked.filter((part) => standingOf(part, phase, now) === 'waiting').map((part) => (
        <Approval key={part.toolCallId} part={part} isBusy={phase === 'arriving'} onDecide={onDecide} lookups={lookups} />
      ))}
    </div>
  );
}
