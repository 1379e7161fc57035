import { useState, type FormEvent } from 'react';
import type { Employee } from './api.ts';
import { Attach, unreadBy } from './Attach.tsx';
import { Icon } from './Icon.tsx';
import { MentionList, useMentions } from './Mentions.tsx';
import { MessageField } from './MessageField.tsx';
import { PictureTray } from './PictureTray.tsx';
import type { Pictures } from './usePictures.ts';

const FIELD = 'message';
const HINT = 'message-hint';

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
  /** Who can be asked. */
  employees: Employee[];
  /** Who would answer this message. */
  reader: Employee | undefined;
  pictures: Pictures;
  /** What sending does besides. */
  hint: string | undefined;
}

export function Composer({ value, onChange, onSend, isBusy, onStop, employees, reader, pictures, hint }: Props) {
  const [asked, setAsked] = useState<Employee>();
  const mentions = useMentions(employees, value, onChange);
  const label = reader ? `Message ${reader.title}` : 'Your message';
  const isUnread = reader && !reader.reads_pictures && (asked === reader || pictures.list.length > 0);
  // A message is not sent while it is unclear whether a picture goes with it.
  const isSettled = pictures.list.every(({ state }) => state === 'ready');
  const canSend = !isBusy && isSettled && value.trim() !== '';

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (canSend) onSend(value.trim());
  }

  return (
    <form className="composer" onSubmit={send}>
      <MentionList {...mentions} />
      {hint && <p id={HINT} className="composer-hint" role="status">{hint}</p>}
      {isUnread && <p className="composer-hint" role="status" data-testid="unread">{unreadBy(reader, employees)}</p>}
      <PictureTray pictures={pictures} />
      <div className="composer-row">
        <Attach reader={reader} onPick={pictures.pick} onUnread={() => setAsked(reader)} />
        <MessageField id={FIELD} autoFocus={HAS_KEYBOARD} value={value} placeholder={label} aria-label={label}
          aria-describedby={hint && HINT} {...mentions.aria}
          data-testid="composer" onChange={onChange} onKeyDown={mentions.onKeyDown} onEnter={send} />
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
      </div>
    </form>
  );
}
