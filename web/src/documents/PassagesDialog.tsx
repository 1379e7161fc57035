import { useEffect, useRef, useState } from 'react';
import type { Passage, PassagePage, PassageRange } from '../api/api.ts';
import { describeError } from '../api/errors.ts';
import { formatNumber } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Icon } from '../ui/Icon.tsx';

/** Passages that a button adds before those that are shown. */
const EARLIER = 10;

interface Props {
  document: { id: string; name: string };
  /** Ids of the passages that are marked: the first one is scrolled to. */
  marked: string[];
  load: (document: string, range: PassageRange) => Promise<PassagePage>;
  onClose: () => void;
}

/** The text of a document, with the passages that an answer had in its prompt. */
export function PassagesDialog({ document, marked, load, onClose }: Props) {
  const { documents: texts, common } = useTexts();
  const [passages, setPassages] = useState<Passage[]>();
  const [next, setNext] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>();
  /** Place in `marked` of the passage that is scrolled to. */
  const [current, setCurrent] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const wanted = marked[current];
  const first = passages?.[0]?.index ?? 0;

  const attempt = (action: () => Promise<void>) => {
    setFailure(undefined);
    void action().catch(setFailure);
  };
  const open = () => attempt(async () => {
    if (passages?.some(({ id }) => id === wanted)) return;
    const page = await load(document.id, wanted === undefined ? {} : { around: wanted });
    setPassages(page.data);
    setNext(page.next);
  });
  const loadNext = () => attempt(async () => {
    const page = await load(document.id, { from: next ?? 0 });
    setPassages([...(passages ?? []), ...page.data]);
    setNext(page.next);
  });
  const loadEarlier = () => attempt(async () => {
    const from = Math.max(0, first - EARLIER);
    const page = await load(document.id, { from, limit: first - from });
    setPassages([...page.data, ...(passages ?? [])]);
  });

  useEffect(open, [document.id, wanted]);

  const isLoaded = passages !== undefined;
  useEffect(() => {
    list.current?.querySelector<HTMLElement>(`[data-passage="${wanted}"]`)?.scrollIntoView({ block: 'center' });
  }, [isLoaded, wanted, passages?.some(({ id }) => id === wanted)]);

  return (
    <Dialog title={document.name} testId="passages" onClose={onClose}>
      {marked.length > 1 && (
        <p className="passage-steps" role="group" aria-label={texts.markedPassages}>
          <button type="button" className="button small" disabled={current === 0} aria-label={texts.earlierMark} onClick={() => setCurrent(current - 1)}>
            <Icon name="previous" />
          </button>
          <span aria-live="polite">{texts.mark(formatNumber(current + 1), formatNumber(marked.length))}</span>
          <button type="button" className="button small" disabled={current === marked.length - 1} aria-label={texts.laterMark} onClick={() => setCurrent(current + 1)}>
            <Icon name="next" />
          </button>
        </p>
      )}
      {failure !== undefined && <ErrorNote text={describeError(failure)} actions={[{ label: common.tryAgain, run: open }]} />}
      {!passages && failure === undefined && <p className="muted loading" role="status">{common.loading}</p>}
      {passages && (
        <div className="passages" ref={list} tabIndex={0} role="region" aria-label={document.name}>
          {first > 0 && <button type="button" className="button small" onClick={loadEarlier}>{texts.earlierText}</button>}
          {passages.map((passage) => <PassageText key={passage.id} passage={passage} isMarked={marked.includes(passage.id)} />)}
          {next !== null && <button type="button" className="button small" onClick={loadNext}>{texts.laterText}</button>}
        </div>
      )}
    </Dialog>
  );
}

function PassageText({ passage: { id, content }, isMarked }: { passage: Passage; isMarked: boolean }) {
  const { documents: texts } = useTexts();
  if (!isMarked) return <p className="passage" dir="auto" data-passage={id}>{content}</p>;
  return (
    <p className="passage" dir="auto" data-passage={id} data-testid="marked-passage">
      <span className="visually-hidden">{texts.inPrompt} </span>
      <mark>{content}</mark>
    </p>
  );
}
