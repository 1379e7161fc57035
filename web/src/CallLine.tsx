import { describe, type CallPart, type Standing } from './calls.ts';
import { Readable } from './Readable.tsx';

interface Props {
  part: CallPart;
  standing: Standing;
  titleOf: (slug: string) => string;
}

/** A call in one line, which opens to what it was called with and what came of it. */
export function CallLine({ part, standing, titleOf }: Props) {
  const { line, note } = describe(part, standing, titleOf);
  return (
    <details className="call" data-testid="call" data-standing={standing}>
      <summary>
        <span className="call-line">{line}</span>
        {note && <span className="call-note">{note}</span>}
      </summary>
      <div className="call-body">
        <h3>Called with</h3>
        <Readable value={part.input} />
        {part.state === 'output-available' && <><h3>Result</h3><Readable value={part.output} /></>}
        {part.state === 'output-error' && <><h3>What went wrong</h3><Readable value={part.errorText} /></>}
        {part.state === 'output-denied' && <p>You did not allow it, so it was not done.</p>}
        {standing === 'expired' && part.state !== 'output-error' && <p>The time to allow it is over. Nothing was done.</p>}
        {standing === 'withdrawn' && <p>A later message took its place. Nothing was done.</p>}
        {standing === 'cut' && <p>The answer ended before it did.</p>}
      </div>
    </details>
  );
}
