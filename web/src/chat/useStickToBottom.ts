import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Pixels from the end that still count as being at the end. */
const NEAR_PX = 48;

/**
 * Keeps the end of the content in view while the reader is there. Does not scroll for a reader who scrolled up, nor where nothing is
 * shown yet: a welcome is read from its top.
 */
export function useStickToBottom(shown: readonly unknown[]) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isSticking = useRef(true);
  const isEmpty = useRef(true);
  isEmpty.current = shown.length === 0;
  /** Pixels by which the next render moves what is to stay in place. */
  const measureShift = useRef<() => number>(undefined);
  const [isAtBottom, setIsAtBottom] = useState(true);

  const scrollToBottom = useCallback(() => {
    isSticking.current = true;
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, []);

  /** Keeps an element at its position in the next render, so that a pressed button stays under the pointer. */
  const keepInPlace = useCallback((element: HTMLElement) => {
    isSticking.current = false;
    const { top } = element.getBoundingClientRect();
    measureShift.current = () => element.getBoundingClientRect().top - top;
  }, []);

  /** Keeps everything at its position while the next render adds messages above it. */
  const keepEndInPlace = useCallback(() => {
    const before = scroller.current?.scrollHeight ?? 0;
    measureShift.current = () => (scroller.current?.scrollHeight ?? 0) - before;
  }, []);

  useLayoutEffect(() => {
    if (!measureShift.current || !scroller.current) return;
    scroller.current.scrollTop += measureShift.current();
    measureShift.current = undefined;
  }, [shown]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return undefined;
    let lastTop = box.scrollTop;
    const updateSticking = () => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      // Text that arrives faster than the box scrolls also opens a gap: only a reader scrolls up.
      if (isNear || box.scrollTop < lastTop) isSticking.current = isNear;
      lastTop = box.scrollTop;
      setIsAtBottom(isSticking.current);
    };
    const follow = () => (isSticking.current && !isEmpty.current ? scrollToBottom() : updateSticking());
    const resizeObserver = new ResizeObserver(follow);
    resizeObserver.observe(content.current);
    // The box shrinks when the composer grows or a keyboard opens.
    resizeObserver.observe(box);
    box.addEventListener('scroll', updateSticking, { passive: true });
    return () => {
      resizeObserver.disconnect();
      box.removeEventListener('scroll', updateSticking);
    };
  }, [scrollToBottom]);

  return { scroller, content, isAtBottom, scrollToBottom, keepInPlace, keepEndInPlace };
}
