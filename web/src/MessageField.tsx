import { useLayoutEffect, useRef, type ComponentProps, type KeyboardEvent } from 'react';

interface Props extends Omit<ComponentProps<'textarea'>, 'onChange' | 'ref'> {
  value: string;
  onChange: (value: string) => void;
  onEnter: () => void;
}

/** Where a message is written: it grows with its text, and Enter sends. */
export function MessageField({ value, onChange, onEnter, onKeyDown, ...rest }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);

  // The style sheet says how far.
  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [value]);

  function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
    onKeyDown?.(event);
    if (event.defaultPrevented) return;
    // While an input method composes, Enter picks a word.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onEnter();
  }

  return (
    <textarea className="message-field" ref={field} rows={1} value={value} aria-keyshortcuts="Enter" enterKeyHint="send"
      onChange={(event) => onChange(event.target.value)} onKeyDown={sendOnEnter} {...rest} />
  );
}
