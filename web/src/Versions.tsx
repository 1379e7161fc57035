import { Icon } from './Icon.tsx';

interface Props {
  of: 'question' | 'answer';
  /** From 1. */
  version: number;
  count: number;
  isBusy: boolean;
  /** The one before or after this; `control` is what was pressed. */
  onStep: (by: -1 | 1, control: HTMLElement) => void;
}

/** Says which of several versions of a message is shown, and leads to the others. */
export function Versions({ of, version, count, isBusy, onStep }: Props) {
  if (count < 2) return null;

  function step(label: string, by: -1 | 1) {
    const isEnd = version + by < 1 || version + by > count;
    return (
      // An end is not `disabled`: the button that led there would lose the focus.
      <button type="button" className="quiet-button" aria-label={label} disabled={isBusy} aria-disabled={isEnd}
        onClick={(event) => !isEnd && onStep(by, event.currentTarget)}>
        <Icon name={by < 0 ? 'back' : 'on'} />
      </button>
    );
  }

  return (
    <span className="versions" role="group" aria-label={`Versions of this ${of}`} data-testid="versions">
      {step('Earlier version', -1)}
      <span aria-live="polite">{version} / {count}</span>
      {step('Later version', 1)}
    </span>
  );
}
