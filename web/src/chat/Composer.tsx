import type { ClipboardEvent, FormEvent } from 'react';
import type { Employee } from '../api/api.ts';
import { useTexts } from '../language/language.ts';
import { AttachButton, noPicturesText } from './AttachButton.tsx';
import { Icon } from '../ui/Icon.tsx';
import { MentionList, useMentionList } from './MentionList.tsx';
import { MessageField } from '../ui/MessageField.tsx';
import { PictureTray } from './PictureTray.tsx';
import type { Pictures } from './usePictures.ts';

const FIELD_ID = 'message';
const HINT_ID = 'message-hint';

/** False on a touch screen, where focusing a field opens a keyboard over the conversation. */
export const HAS_FINE_POINTER = window.matchMedia('(pointer: fine)').matches;

export function focusComposer(): void {
  document.getElementById(FIELD_ID)?.focus();
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  onSend: (text: string) => void;
  /** True while an answer is running: the user can type and stop it, but not send. */
  isBusy: boolean;
  onStop: () => void;
  employees: Employee[];
  /** Employee who would answer this message. */
  recipient: Employee | undefined;
  pictures: Pictures;
  onFiles: (files: File[]) => void;
  /** Side effect of sending. */
  hint: string | undefined;
}

export function Composer({ value, onChange, onSend, isBusy, onStop, employees, recipient, pictures, onFiles, hint }: Props) {
  const { chat: texts } = useTexts();
  const mentionList = useMentionList(employees, value, onChange);
  const label = recipient ? texts.messageTo(recipient.title) : texts.message;
  const cannotReadPictures = recipient && !recipient.reads_pictures && pictures.list.length > 0;
  // Without this, a message could be sent before the picture that belongs to it.
  const arePicturesReady = pictures.list.every(({ state }) => state === 'ready');
  const canSend = !isBusy && arePicturesReady && value.trim() !== '';

  function pasteFiles(event: ClipboardEvent) {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  }

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (canSend) onSend(value.trim());
  }

  return (
    <form className="composer" onSubmit={send}>
      <MentionList {...mentionList} />
      {hint && <p id={HINT_ID} className="composer-hint" role="status">{hint}</p>}
      {cannotReadPictures && <p className="composer-hint" role="status" data-testid="no-pictures">{noPicturesText(recipient, employees)}</p>}
      <PictureTray pictures={pictures} onLeave={focusComposer} />
      <div className="composer-row">
        <AttachButton onPick={onFiles} />
        <MessageField id={FIELD_ID} autoFocus={HAS_FINE_POINTER} value={value} placeholder={label} aria-label={label}
          aria-describedby={hint && HINT_ID} {...mentionList.aria}
          data-testid="composer" onChange={onChange} onKeyDown={mentionList.onKeyDown} onEnter={send} onPaste={pasteFiles} />
        {isBusy ? (
          <button type="button" className="button primary icon-only" aria-label={texts.stop} title={texts.stop}
            onClick={onStop} data-testid="stop">
            <Icon name="stop" />
          </button>
        ) : (
          <button className="button primary icon-only" aria-label={texts.send} title={texts.sendHint}
            disabled={!canSend} data-testid="send">
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
