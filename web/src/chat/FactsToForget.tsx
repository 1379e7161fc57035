import { useId } from 'react';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { JsonView } from '../ui/JsonView.tsx';
import type { Lookups } from './lookups.ts';
import { useResource } from '../api/useResource.ts';

/** Stored text of the facts that a `forget` call names by id: the model's own description may differ from it. */
export function FactsToForget({ ids, facts }: { ids: string[]; facts: Lookups['facts'] }) {
  const titleId = useId();
  const known = useResource('facts', facts);
  if (known.state === 'loading') return <p className="muted">Loading the facts…</p>;
  if (known.state === 'failed') return <ErrorNote text={describeError(known.error)} actions={[{ label: 'Retry', run: known.retry }]} />;
  const texts = known.value.filter(({ id }) => ids.includes(id)).map(({ fact }) => fact);
  const missing = ids.length - texts.length;
  return (
    <section aria-labelledby={titleId} data-testid="facts-to-forget">
      <p id={titleId} className="muted">These facts about you would be deleted for good, with the messages that they come from:</p>
      <JsonView value={texts} />
      {missing > 0 && <p className="muted">{missing} more {missing === 1 ? 'fact does' : 'facts do'} not exist any more.</p>}
    </section>
  );
}
