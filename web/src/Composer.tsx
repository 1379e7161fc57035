import type { FormEvent } from 'react';
import { Icon } from './Icon.tsx';
import { MessageField } from './MessageField.tsx';

const FIELD = 'message';

/** On a touch screen the focus opens a keyboard over what one came to read. */
export const HAS_KEYBOARD = window.matchMedia('(pointer: fine)').matches;

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
  const label = name ? `Message ${name}` : 'Your message';
  const canSend = !isBusy && value.trim() !== '';

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (canSend) onSend(value.trim());
  }

  return (
    <form className="composer" onSubmit={send}>
      <MessageField id={FIELD} autoFocus={HAS_KEYBOARD} value={value} placeholder={label} aria-label={label}
        data-testid="composer" onChange={onChange} onEnter={send} />
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
