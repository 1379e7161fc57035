import { useEffect, useRef, type FormEvent, type KeyboardEvent } from 'react';
import { ErrorNote } from './ErrorNote.tsx';
import { MessageField } from './MessageField.tsx';

interface Props {
  text: string;
  onChange: (text: string) => void;
  /** Why the server did not take it. */
  refusal: string | undefined;
  canSave: boolean;
  onSave: () => void;
  onCancel: () => void;
}

/** A message of the user's in the place where it stands, to be put in other words. */
export function Editor({ text, onChange, refusal, canSave, onSave, onCancel }: Props) {
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

  function cancelOnEscape(event: KeyboardEvent) {
    if (event.key === 'Escape' && !event.nativeEvent.isComposing) onCancel();
  }

  return (
    <form ref={form} className="editor" aria-label="Edit your message" onSubmit={save} onKeyDown={cancelOnEscape} data-testid="editor">
      <MessageField value={text} aria-label="Your message in other words" onChange={onChange} onEnter={save} />
      {refusal && <ErrorNote text={refusal} />}
      <div className="editor-buttons">
        <button type="button" className="button small" onClick={onCancel}>Cancel</button>
        <button className="button small primary" disabled={!canSave}>Save</button>
      </div>
    </form>
  );
}
