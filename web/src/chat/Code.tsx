import { useEffect, useState, type ReactNode } from 'react';

/** Milliseconds of rest before code is highlighted: an arriving block is not parsed again for each piece. */
const REST = 150;

/** Characters from which a block stays plain: highlighting it would hold up the page. */
const LONGEST = 50_000;

/** Code of a block, highlighted once it rests. The highlighter is loaded with the first block. */
export function Code({ text, language }: { text: string; language: string }) {
  const [highlighted, setHighlighted] = useState<{ text: string; code: ReactNode }>();

  useEffect(() => {
    if (!language || text.length > LONGEST) return undefined;
    let isCurrent = true;
    const timer = setTimeout(() => {
      // Without the highlighter the code is readable too.
      void import('./highlight.ts').then(({ highlight }) => isCurrent && setHighlighted({ text, code: highlight(text, language) }), () => undefined);
    }, REST);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text, language]);

  return <code>{(highlighted?.text === text && highlighted.code) || text}</code>;
}
