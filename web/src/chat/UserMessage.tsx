import { memo, useEffect, useRef } from 'react';
import { useTexts } from '../language/language.ts';
import type { AttachedPicture } from './attachments.ts';
import { BranchSwitcher } from './BranchSwitcher.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { InlineEditor } from '../ui/InlineEditor.tsx';
import { MaskedText, useSplitter } from './MaskedValue.tsx';
import type { MaskedValues } from './maskedValues.ts';
import { messageText, type ChatMessage } from './messages.ts';

/** An edit of a sent message that is not saved yet. */
export interface Draft {
  id: string;
  text: string;
  /** Error of the last attempt to save. */
  error?: string;
}

interface Props {
  message: ChatMessage;
  version: number;
  versionCount: number;
  /** True while an answer is running: the user can edit, but not save. */
  isBusy: boolean;
  /** Set while this message is edited. */
  draft: Draft | undefined;
  /** Values in it that the model read as placeholders. */
  masked: MaskedValues | undefined;
  onDraft: (draft: Draft | undefined) => void;
  onSave: (draft: Draft) => void;
  onSwitchBranch: (id: string, by: -1 | 1, control: HTMLElement) => void;
}

/** Memoized for the same reason as `AssistantMessage`. */
export const UserMessage = memo(function UserMessage({ message, version, versionCount, isBusy, draft, masked, onDraft, onSave, onSwitchBranch }: Props) {
  const { chat: texts } = useTexts();
  const { id } = message;
  const text = messageText(message);
  const split = useSplitter(masked);
  const editButton = useRef<HTMLButtonElement>(null);
  const wasCanceled = useRef(false);

  // Not after a save: the focus is with the answer then.
  useEffect(() => {
    if (wasCanceled.current) editButton.current?.focus();
    wasCanceled.current = false;
  }, [draft]);

  function cancel() {
    wasCanceled.current = true;
    onDraft(undefined);
  }

  if (draft) {
    const edited = draft.text.trim();
    return (
      <InlineEditor text={draft.text} error={draft.error} canSave={!isBusy && edited !== '' && edited !== text}
        onChange={(changed) => onDraft({ id, text: changed })} onSave={() => onSave({ id, text: edited })} onCancel={cancel} />
    );
  }
  return (
    <div className="user-message">
      <article className="message user" aria-label={texts.you} data-testid="message-user">
        <p dir="auto"><MaskedText text={text} split={split} /></p>
      </article>
      <PictureNames pictures={message.metadata?.pictures ?? []} />
      <footer className="message-footer">
        <BranchSwitcher of="question" version={version} count={versionCount} isBusy={isBusy}
          onStep={(by, control) => onSwitchBranch(id, by, control)} />
        <button ref={editButton} type="button" className="text-button" disabled={isBusy} onClick={() => onDraft({ id, text })}>
          {texts.edit}
        </button>
        <CopyButton text={text} />
      </footer>
    </div>
  );
});

function PictureNames({ pictures }: { pictures: AttachedPicture[] }) {
  const { chat: texts } = useTexts();
  if (pictures.length === 0) return null;
  return <ul className="sources" aria-label={texts.pictures}>{pictures.map(({ id, name }) => <li key={id} title={name}>{name}</li>)}</ul>;
}
