import { useEffect, useRef, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';
import { useTexts } from '../language/language.ts';

const WIDE_SCREEN = window.matchMedia('(min-width: 50rem)');

interface Props {
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A column on a wide screen; a modal drawer on a narrow one, which keeps the focus and closes on Escape. */
export function SidePanel({ isOpen, onClose, children }: Props) {
  const { shell } = useTexts();
  const isWide = useSyncExternalStore(
    (notify) => {
      WIDE_SCREEN.addEventListener('change', notify);
      return () => WIDE_SCREEN.removeEventListener('change', notify);
    },
    () => WIDE_SCREEN.matches,
  );
  if (isWide) return <aside className="side-panel" aria-label={shell.conversations}>{children}</aside>;
  return <Drawer isOpen={isOpen} onClose={onClose}>{children}</Drawer>;
}

function Drawer({ isOpen, onClose, children }: Props) {
  const { shell } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  // The content fills the dialog: a click whose target is the dialog itself hit the backdrop.
  const closeFromBackdrop = (event: MouseEvent) => event.target === event.currentTarget && onClose();

  // The `close` event comes a little after Escape: the drawer may be open again by then.
  const handleClose = () => dialog.current?.open || onClose();

  return (
    <dialog ref={dialog} className="side-panel drawer" aria-label={shell.conversations} onCancel={onClose} onClose={handleClose}
      onClick={closeFromBackdrop}>
      <div className="drawer-content">{children}</div>
    </dialog>
  );
}
