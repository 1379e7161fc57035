import { useEffect, useRef, useState } from 'react';

type Render = typeof import('temml').default.render;

/** The renderer, once the first formula has loaded it. */
let render: Render | undefined;

/** A formula as MathML, which screen readers read and which scales with the text. Its source stands until then, and where it is wrong. */
export function Formula({ source, isBlock }: { source: string; isBlock: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [isLoaded, setIsLoaded] = useState(render !== undefined);

  useEffect(() => {
    if (isLoaded) return undefined;
    let isCurrent = true;
    // Without the renderer the source is readable too.
    import('temml').then(({ default: temml }) => {
      render = temml.render;
      if (isCurrent) setIsLoaded(true);
    }, () => undefined);
    return () => { isCurrent = false; };
  }, [isLoaded]);

  useEffect(() => {
    if (!place.current || !render) return;
    try {
      render(source, place.current, { displayMode: isBlock, throwOnError: true, annotate: true });
    } catch {
      // A formula that still arrives, or one that is wrong.
      place.current.textContent = source;
    }
  }, [source, isBlock, isLoaded]);

  return <span ref={place} className={isBlock ? 'formula block' : 'formula'} dir="ltr" {...(isBlock && { tabIndex: 0 })}>{source}</span>;
}
