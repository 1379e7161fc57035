import { useLayoutEffect, useRef, type FormEvent, type KeyboardEvent } from 'react';
import { Icon } from './Icon.tsx';

const FIELD = 'message';

/** On a touch screen the focus opens a keyboard over what one came to read. */
const HAS_KEYBOARD = window.matchMedia('(pointer: fine)').matches;

export function focusComposer(): void {
  document.getElementById(FIELD)?.focus();
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  onSend: (text: string) => void;
  /** An answer is running: one can write on and stop it, but not send. */
  isBusy: boolean;
  onStop: () => void;
  name: string | undefined;
}

export function Composer({ value, onChange, onSend, isBusy, onStop, name }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const label = name ? `Message ${name}` : 'Your message';
  const canSend = !isBusy && value.trim() !== '';

  // Grows with its text; the style sheet says how far.
  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [value]);

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (!canSend) return;
    onSend(value.trim());
  }

  function sendOnEnter(event: KeyboardEvent) {
    // While an input method composes, Enter picks a word.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <form className="composer" onSubmit={send}>
      <textarea id={FIELD} ref={field} rows={1} autoFocus={HAS_KEYBOARD} value={value} placeholder={label}
        aria-label={label} aria-keyshortcuts="Enter" enterKeyHint="send" data-testid="composer"
        onChange={(event) => onChange(event.target.value)} onKeyDown={sendOnEnter} />
      {isBusy ? (
        <button type="button" className="button primary icon-only" aria-label="Stop the answer" title="Stop the answer"
          onClick={onStop} data-testid="stop">
          <Icon name="stop" />
        </button>
      ) : (
        <button className="button primary icon-only" aria-label="Send" title="Send (Enter; Shift+Enter for a new line)"
          disabled={!canSend} data-testid="send">
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
