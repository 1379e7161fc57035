import { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { formatList } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { splitterOf, type MaskedValues, type Splitter } from './maskedValues.ts';

/** Pixels between the note and the edge of the window. */
const MARGIN = 8;

/** Milliseconds in which the pointer may cross from the value to its note. */
const CLOSE_AFTER = 150;

interface Props {
  /** Placeholders that the model read here. */
  placeholders: string[];
  /** True where the same value came before: the keyboard passes it over. */
  isRepeated?: boolean;
  children: ReactNode;
}

/** A value that the model did not read. Its lock tells what the model read instead, and why: on hover, focus and touch. */
export function MaskedValue({ placeholders, isRepeated = false, children }: Props) {
  const { masked: texts } = useTexts().answer;
  const [isOpen, setIsOpen] = useState(false);
  const closing = useRef<ReturnType<typeof setTimeout>>(undefined);
  const saw = texts.saw(formatList(placeholders, 'conjunction'));
  const close = () => setIsOpen(false);

  useEffect(() => () => clearTimeout(closing.current), []);

  function enter() {
    clearTimeout(closing.current);
    setIsOpen(true);
  }

  function leave() {
    closing.current = setTimeout(close, CLOSE_AFTER);
  }

  return (
    <span className="masked" data-testid="masked" onMouseEnter={enter} onMouseLeave={leave} onFocus={enter} onBlur={close}
      onKeyDown={isOpen ? onEscape(close) : undefined}>
      <span className="masked-value">{children}</span>
      {/* The name says all that the note does, so that a screen reader needs no note. */}
      <button type="button" className="masked-lock" tabIndex={isRepeated ? -1 : 0} aria-label={`${saw} ${texts.why}`} onClick={enter}>
        <Icon name="lock" />
      </button>
      {isOpen && <MaskedNote saw={saw} why={texts.why} />}
    </span>
  );
}

function MaskedNote({ saw, why }: { saw: string; why: string }) {
  const note = useRef<HTMLSpanElement>(null);

  // Placed before the browser paints it.
  useLayoutEffect(() => {
    const { current } = note;
    const around = current?.parentElement?.getBoundingClientRect();
    if (!current || !around) return;
    current.showPopover();
    const { offsetWidth, offsetHeight, style } = current;
    const isAbove = around.top - offsetHeight >= MARGIN;
    style.top = `${isAbove ? around.top - offsetHeight : around.bottom}px`;
    style.left = `${Math.max(MARGIN, Math.min(around.left, window.innerWidth - offsetWidth - MARGIN))}px`;
  }, []);

  return (
    <span ref={note} className="masked-note" popover="manual" aria-hidden="true" data-testid="masked-note">
      <strong>{saw}</strong> {why}
    </span>
  );
}

/** The splitter for masked values. A new one changes every block of an answer, so it is the same for equal values. */
export function useSplitter(masked: MaskedValues | undefined): Splitter | undefined {
  const key = JSON.stringify(masked ?? {});
  return useMemo(() => splitterOf(JSON.parse(key)), [key]);
}

/** A plain text with its masked values. */
export function MaskedText({ text, split }: { text: string; split: Splitter | undefined }) {
  if (!split) return text;
  const seen = new Set<string>();
  return split(text).map(({ text: piece, placeholders }, index) => {
    if (!placeholders) return piece;
    const isRepeated = seen.has(placeholders.join());
    seen.add(placeholders.join());
    return <MaskedValue key={index} placeholders={placeholders} isRepeated={isRepeated}>{piece}</MaskedValue>;
  });
}
