import { useRef, useState, type ChangeEvent } from 'react';
import type { StoredDocument } from '../api/api.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { useFocusReturn } from '../ui/useFocusReturn.ts';
import type { Documents } from './useDocuments.ts';

export const DOCUMENT_TYPES = '.txt,.md,.markdown,.csv,.tsv,.html,.htm,.pdf,text/plain,text/markdown,text/csv,text/html,application/pdf';

/** Uploaded documents: adding, progress, deleting. */
export function DocumentsPanel({ documents }: { documents: Documents }) {
  const { documents: texts } = useTexts();
  const { list, uploading, error, add, remove, refresh } = documents;
  const picker = useRef<HTMLInputElement>(null);
  const addButton = useRef<HTMLButtonElement>(null);

  function pick({ target }: ChangeEvent<HTMLInputElement>) {
    if (target.files?.length) add(target.files);
    // Without this, picking the same file again fires no event.
    target.value = '';
  }

  function removeDocument(id: string) {
    // The focused button disappears with its document.
    addButton.current?.focus();
    remove(id);
  }

  return (
    <section className="documents" aria-label={texts.title}>
      <header className="documents-header">
        <h2>{texts.title}</h2>
        <button ref={addButton} type="button" className="button small" data-testid="add-document"
          title={texts.addHint} onClick={() => picker.current?.click()}>
          <Icon name="plus" /> {texts.add}
        </button>
        <input ref={picker} type="file" hidden multiple accept={DOCUMENT_TYPES} onChange={pick} data-testid="document-picker" />
      </header>
      {error !== undefined && <ErrorNote text={describeError(error)} actions={[{ label: texts.dismiss, run: refresh }]} />}
      <ul className="document-list" aria-live="polite">
        {uploading.map((name, index) => (
          <li key={`${index} ${name}`} className="document">
            <span className="document-name" title={name}>{name}</span>
            <span className="document-status">{texts.reading}</span>
          </li>
        ))}
        {list?.map((document) => <DocumentItem key={document.id} document={document} onRemove={removeDocument} />)}
      </ul>
      {list?.length === 0 && uploading.length === 0 && <p className="muted documents-empty">{texts.empty}</p>}
    </section>
  );
}

interface ItemProps {
  document: StoredDocument;
  onRemove: (id: string) => void;
}

function DocumentItem({ document: { id, name, status, chunks, embedded }, onRemove }: ItemProps) {
  const { documents: texts, common } = useTexts();
  const [isConfirming, setIsConfirming] = useState(false);
  const deleteButton = useFocusReturn<HTMLButtonElement>(isConfirming);

  return (
    <li className="document" data-testid="document" data-status={status}>
      <span className="document-name" title={name}>{name}</span>
      {isConfirming ? (
        <span className="document-status" role="group" aria-label={texts.askDelete(name)}
          onKeyDown={onEscape(() => setIsConfirming(false))}>
          <button type="button" className="text-button danger" autoFocus data-testid="confirm-delete" onClick={() => onRemove(id)}>{common.delete}</button>
          <button type="button" className="text-button" onClick={() => setIsConfirming(false)}>{texts.keep}</button>
        </span>
      ) : (
        <span className="document-status">
          {status === 'failed' && texts.failed}
          {(status === 'pending' || status === 'processing') && (
            <progress max={chunks} value={embedded} aria-label={texts.progress(name, embedded, chunks)} />
          )}
          <button ref={deleteButton} type="button" className="text-button" aria-label={texts.deleteName(name)} title={common.delete} data-testid="delete-document"
            onClick={() => setIsConfirming(true)}>
            <Icon name="close" />
          </button>
        </span>
      )}
    </li>
  );
}
