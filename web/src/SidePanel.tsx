import { useEffect, useRef, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

const WIDE = window.matchMedia('(min-width: 50rem)');

interface Props {
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A column where there is room; otherwise a drawer, as a modal dialog: it keeps the focus and closes on Escape. */
export function SidePanel({ isOpen, onClose, children }: Props) {
  const isWide = useSyncExternalStore(
    (notify) => {
      WIDE.addEventListener('change', notify);
      return () => WIDE.removeEventListener('change', notify);
    },
    () => WIDE.matches,
  );
  if (isWide) return <aside className="side" aria-label="Conversations">{children}</aside>;
  return <Drawer isOpen={isOpen} onClose={onClose}>{children}</Drawer>;
}

function Drawer({ isOpen, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  // The dialog fills with its content: what is hit outside of that is the backdrop, and counts as the dialog itself.
  const closeFromBackdrop = (event: MouseEvent) => event.target === event.currentTarget && onClose();

  // The event comes a little after Escape: by then the drawer may be open again.
  const closed = () => dialog.current?.open || onClose();

  return (
    <dialog ref={dialog} className="side drawer" aria-label="Conversations" onCancel={onClose} onClose={closed}
      onClick={closeFromBackdrop}>
      <div className="drawer-content">{children}</div>
    </dialog>
  );
}
