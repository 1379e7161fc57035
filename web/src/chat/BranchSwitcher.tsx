import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';

interface Props {
  of: 'question' | 'answer';
  /** Number of the shown version, from 1. */
  version: number;
  count: number;
  isBusy: boolean;
  /** Called with the pressed button as `control`. */
  onStep: (by: -1 | 1, control: HTMLElement) => void;
}

/** Shows the number of a message's version and switches to the others. */
export function BranchSwitcher({ of, version, count, isBusy, onStep }: Props) {
  const { answer: texts } = useTexts();
  if (count < 2) return null;

  function stepButton(label: string, by: -1 | 1) {
    const isEnd = version + by < 1 || version + by > count;
    return (
      // Not `disabled` at an end: the button that was pressed last would lose the focus.
      <button type="button" className="text-button" aria-label={label} disabled={isBusy} aria-disabled={isEnd}
        onClick={(event) => !isEnd && onStep(by, event.currentTarget)}>
        <Icon name={by < 0 ? 'previous' : 'next'} />
      </button>
    );
  }

  return (
    <span className="branch-switcher" role="group" aria-label={texts.versionsOf[of]} data-testid="branch-switcher">
      {stepButton(texts.earlier, -1)}
      <span aria-live="polite">{version} / {count}</span>
      {stepButton(texts.later, 1)}
    </span>
  );
}
