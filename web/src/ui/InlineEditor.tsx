import { useEffect, useRef, type FormEvent } from 'react';
import { useTexts } from '../language/language.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { MessageField } from './MessageField.tsx';
import { onEscape } from './onEscape.ts';

interface Props {
  text: string;
  onChange: (text: string) => void;
  /** Error of the last attempt to save. */
  error: string | undefined;
  canSave: boolean;
  onSave: () => void;
  onCancel: () => void;
}

/** Edits a text in the place where it is shown. */
export function InlineEditor({ text, onChange, error, canSave, onSave, onCancel }: Props) {
  const { chat, common } = useTexts();
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const field = form.current?.querySelector('textarea');
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }, []);

  function save(event?: FormEvent) {
    event?.preventDefault();
    if (canSave) onSave();
  }

  return (
    <form ref={form} className="inline-editor" aria-label={chat.editMessage} onSubmit={save} onKeyDown={onEscape(onCancel)}
      data-testid="inline-editor">
      <MessageField value={text} aria-label={chat.editedText} onChange={onChange} onEnter={save} />
      {error && <ErrorNote text={error} />}
      <div className="inline-editor-buttons">
        <button type="button" className="button small" onClick={onCancel}>{common.cancel}</button>
        <button className="button small primary" disabled={!canSave}>{common.save}</button>
      </div>
    </form>
  );
}
