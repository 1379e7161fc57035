import { useCallback, useEffect, useState } from 'react';

/** Milliseconds in which a removal can be undone. */
const UNDO_WITHIN = 8000;

/** A removal that waits. */
interface Removal<Item> {
  item: Item;
  /** True once it is undone or carried out. */
  isSettled: boolean;
}

/**
 * Removes an item once it cannot be undone any more. Another removal, or leaving the page, carries it out at once. `carryOut` must
 * be the same function in all renders.
 */
export function useDelayedRemoval<Item>(carryOut: (item: Item, isLeaving: boolean) => void) {
  const [removal, setRemoval] = useState<Removal<Item>>();

  useEffect(() => {
    if (!removal) return undefined;
    const settle = (isLeaving: boolean) => {
      if (removal.isSettled) return;
      removal.isSettled = true;
      carryOut(removal.item, isLeaving);
    };
    const leave = () => settle(true);
    const timer = setTimeout(() => setRemoval(undefined), UNDO_WITHIN);
    window.addEventListener('pagehide', leave);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('pagehide', leave);
      settle(false);
    };
  }, [removal, carryOut]);

  return {
    removed: removal?.item,
    remove: useCallback((item: Item) => setRemoval({ item, isSettled: false }), []),
    undo: useCallback(() => setRemoval((current) => {
      if (current) current.isSettled = true;
      return undefined;
    }), []),
  };
}
