import { memo, useEffect, useRef } from 'react';
import type { AttachedPicture } from './attachments.ts';
import { textOf, type ChatMessage } from './conversation.ts';
import { Editor } from './Editor.tsx';
import { Versions } from './Versions.tsx';

/** A message that is being put in other words. */
export interface Draft {
  id: string;
  text: string;
  refusal?: string;
}

interface Props {
  message: ChatMessage;
  version: number;
  versions: number;
  /** An answer is running: one can write on, but not save. */
  isBusy: boolean;
  /** Set while this one is edited. */
  draft: Draft | undefined;
  onDraft: (draft: Draft | undefined) => void;
  onSave: (draft: Draft) => void;
  onStep: (id: string, by: -1 | 1, control: HTMLElement) => void;
}

/** What the user said. Remembered, as answers are. */
export const Question = memo(function Question({ message, version, versions, isBusy, draft, onDraft, onSave, onStep }: Props) {
  const { id } = message;
  const text = textOf(message);
  const editButton = useRef<HTMLButtonElement>(null);
  const isBack = useRef(false);

  useEffect(() => {
    if (isBack.current) editButton.current?.focus();
    isBack.current = false;
  }, [draft]);

  function cancel() {
    isBack.current = true;
    onDraft(undefined);
  }

  if (draft) {
    const said = draft.text.trim();
    return (
      <Editor text={draft.text} refusal={draft.refusal} canSave={!isBusy && said !== '' && said !== text}
        onChange={(changed) => onDraft({ id, text: changed })} onSave={() => onSave({ id, text: said })} onCancel={cancel} />
    );
  }
  return (
    <div className="question">
      <article className="message user" aria-label="You" data-testid="message-user">
        <p>{text}</p>
      </article>
      <PictureNames pictures={message.metadata?.pictures ?? []} />
      <footer className="about">
        <Versions of="question" version={version} count={versions} isBusy={isBusy} onStep={(by, control) => onStep(id, by, control)} />
        <button ref={editButton} type="button" className="quiet-button" disabled={isBusy} onClick={() => onDraft({ id, text })}>
          Edit
        </button>
      </footer>
    </div>
  );
});

/** What went with a message. */
function PictureNames({ pictures }: { pictures: AttachedPicture[] }) {
  if (pictures.length === 0) return null;
  return <ul className="sources" aria-label="Pictures">{pictures.map(({ id, name }) => <li key={id} title={name}>{name}</li>)}</ul>;
}
