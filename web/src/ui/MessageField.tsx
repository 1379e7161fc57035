import { useLayoutEffect, useRef, type ComponentProps, type KeyboardEvent } from 'react';

interface Props extends Omit<ComponentProps<'textarea'>, 'onChange' | 'ref'> {
  value: string;
  onChange: (value: string) => void;
  onEnter: () => void;
}

/** A text field that grows with its text. Enter calls `onEnter`, Shift+Enter starts a new line. */
export function MessageField({ value, onChange, onEnter, onKeyDown, ...rest }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);

  // The style sheet limits the height.
  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [value]);

  function handleKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    onKeyDown?.(event);
    if (event.defaultPrevented) return;
    // During input-method composition Enter accepts a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onEnter();
  }

  return (
    <textarea className="message-field" ref={field} rows={1} dir={value ? 'auto' : undefined} value={value} aria-keyshortcuts="Enter" enterKeyHint="send"
      onChange={(event) => onChange(event.target.value)} onKeyDown={handleKeyDown} {...rest} />
  );
}
