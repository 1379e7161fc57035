import { useId } from 'react';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { JsonView } from '../ui/JsonView.tsx';
import type { Lookups } from './lookups.ts';
import { useResource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';

/** Stored text of the facts that a `forget` call names by id: the model's own description may differ from it. */
export function FactsToForget({ ids, facts }: { ids: string[]; facts: Lookups['facts'] }) {
  const { tools, common } = useTexts();
  const titleId = useId();
  const known = useResource('facts', facts);
  if (known.state === 'loading') return <p className="muted">{tools.loadingFacts}</p>;
  if (known.state === 'failed') return <ErrorNote text={describeError(known.error)} actions={[{ label: common.retry, run: known.retry }]} />;
  const texts = known.value.filter(({ id }) => ids.includes(id)).map(({ fact }) => fact);
  const missing = ids.length - texts.length;
  return (
    <section aria-labelledby={titleId} data-testid="facts-to-forget">
      <p id={titleId} className="muted">{tools.factsToForget}</p>
      <JsonView value={texts} />
      {missing > 0 && <p className="muted">{tools.missingFacts(missing)}</p>}
    </section>
  );
}
