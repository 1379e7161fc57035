import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Pixels from the end that still count as reading the end. */
const NEAR = 48;

/** Keeps the newest text of `shown` in view while the reader is at the end, and leaves a reader who scrolled up alone. */
export function useStickToBottom(shown: unknown) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const anchor = useRef<{ element: HTMLElement; top: number }>(undefined);
  const [isAtBottom, setIsAtBottom] = useState(true);

  const scrollToBottom = useCallback(() => {
    sticks.current = true;
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, []);

  /** Whatever is shown next, that element does not move: it stays under the pointer that pressed it. */
  const keepInPlace = useCallback((element: HTMLElement) => {
    sticks.current = false;
    anchor.current = { element, top: element.getBoundingClientRect().top };
  }, []);

  useLayoutEffect(() => {
    if (!anchor.current || !scroller.current) return;
    const { element, top } = anchor.current;
    anchor.current = undefined;
    scroller.current.scrollTop += element.getBoundingClientRect().top - top;
  }, [shown]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return undefined;
    let lastTop = box.scrollTop;
    const look = () => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
      // Text that arrives faster than it is scrolled also opens a gap; only a reader scrolls up.
      if (isNear || box.scrollTop < lastTop) sticks.current = isNear;
      lastTop = box.scrollTop;
      setIsAtBottom(sticks.current);
    };
    const follow = () => (sticks.current ? scrollToBottom() : look());
    const growth = new ResizeObserver(follow);
    growth.observe(content.current);
    // The box shrinks when the composer grows or a keyboard opens.
    growth.observe(box);
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      growth.disconnect();
      box.removeEventListener('scroll', look);
    };
  }, [scrollToBottom]);

  return { scroller, content, isAtBottom, scrollToBottom, keepInPlace };
}
