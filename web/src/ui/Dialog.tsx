import { useEffect, useId, useRef, type MouseEvent, type ReactNode } from 'react';
import { useTexts } from '../language/language.ts';
import { Icon } from './Icon.tsx';

interface Props {
  title: string;
  testId: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog, open as long as it is rendered. It closes on Escape, on its button and on a click beside it. */
export function Dialog({ title, testId, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { common } = useTexts();
  const titleId = useId();

  useEffect(() => dialog.current?.showModal(), []);

  // The content fills the dialog: a click whose target is the dialog itself hit the backdrop.
  const closeFromBackdrop = (event: MouseEvent) => event.target === event.currentTarget && dialog.current?.close();

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onClose={onClose} onClick={closeFromBackdrop} data-testid={testId}>
      <div className="dialog-content">
        <header>
          <h1 id={titleId}>{title}</h1>
          <button type="button" className="button icon-only" aria-label={common.close} onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
