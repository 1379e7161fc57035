import { useEffect, useRef, type RefObject } from 'react';

/** Gives the focus to an element when something that was shown in its place, such as a form, is closed. */
export function useFocusReturn<Target extends HTMLElement>(isOpen: boolean): RefObject<Target | null> {
  const target = useRef<Target>(null);
  const wasOpen = useRef(false);

  useEffect(() => {
    if (wasOpen.current && !isOpen) target.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  return target;
}
