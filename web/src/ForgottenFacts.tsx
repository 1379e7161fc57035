import { useId } from 'react';
import { ErrorNote } from './ErrorNote.tsx';
import type { Lookups } from './lookups.ts';
import { explain } from './problem.ts';
import { Readable } from './Readable.tsx';
import { useResource } from './useResource.ts';

/** What facts say that a call names by their ids: the words of the model might say something else. */
export function ForgottenFacts({ ids, facts }: { ids: string[]; facts: Lookups['facts'] }) {
  const title = useId();
  const known = useResource('facts', facts);
  if (known.state === 'loading') return <p className="quiet">Looking up what that is…</p>;
  if (known.state === 'failed') return <ErrorNote text={explain(known.error)} actions={[{ label: 'Retry', run: known.retry }]} />;
  const texts = known.value.filter(({ id }) => ids.includes(id)).map(({ fact }) => fact);
  const missing = ids.length - texts.length;
  return (
    <section aria-labelledby={title} data-testid="forgotten-facts">
      <p id={title} className="quiet">Of what is known of you, this would be gone for good, with the messages that it comes from:</p>
      <Readable value={texts} />
      {missing > 0 && <p className="quiet">{missing} of what it names is not known any more.</p>}
    </section>
  );
}
