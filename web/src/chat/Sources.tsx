import { lazy, Suspense, useState } from 'react';
import { useTexts } from '../language/language.ts';
import type { Lookups } from './lookups.ts';
import type { SourceDocument } from './messages.ts';

const PassagesDialog = lazy(async () => ({ default: (await import('../documents/PassagesDialog.tsx')).PassagesDialog }));

interface Props {
  label: string;
  testId: string;
  sources: SourceDocument[];
  loadPassages: Lookups['passages'];
}

/** Documents with a passage in a prompt. Each opens with its passages marked. */
export function Sources({ label, testId, sources, loadPassages }: Props) {
  const { answer: texts } = useTexts();
  const [opened, setOpened] = useState<SourceDocument>();
  if (sources.length === 0) return null;
  return (
    <>
      <ul className="sources" aria-label={label} data-testid={testId}>
        {sources.map((source) => (
          <li key={source.id}>
            <button type="button" title={texts.openSource(source.name)} onClick={() => setOpened(source)}>{source.name}</button>
          </li>
        ))}
      </ul>
      <Suspense fallback={null}>
        {opened && <PassagesDialog document={opened} marked={opened.passages} load={loadPassages} onClose={() => setOpened(undefined)} />}
      </Suspense>
    </>
  );
}
