import { useRef, useState, type ChangeEvent } from 'react';
import type { Api, StoredDocument } from './api.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { explain } from './problem.ts';
import { useDocuments } from './useDocuments.ts';

const KINDS = '.txt,.md,.markdown,.csv,.tsv,.html,.htm,.pdf,text/plain,text/markdown,text/csv,text/html,application/pdf';

/** What a user uploaded for answers to draw on: adding, how far each is, deleting. */
export function Documents({ api }: { api: Api }) {
  const { list, arriving, error, add, remove, refresh } = useDocuments(api);
  const picker = useRef<HTMLInputElement>(null);
  const adder = useRef<HTMLButtonElement>(null);

  function pick({ target }: ChangeEvent<HTMLInputElement>) {
    if (target.files?.length) add(target.files);
    // The same file may be picked again.
    target.value = '';
  }

  function removeOne(id: string) {
    // The button that had the focus goes with its document.
    adder.current?.focus();
    remove(id);
  }

  return (
    <section className="documents" aria-label="Documents"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => { event.preventDefault(); add(event.dataTransfer.files); }}>
      <header className="documents-header">
        <h2>Documents</h2>
        <button ref={adder} type="button" className="button small" data-testid="add-document"
          title="Text, Markdown, CSV, HTML or PDF, up to 5 MB" onClick={() => picker.current?.click()}>
          <Icon name="plus" /> Add
        </button>
        <input ref={picker} type="file" hidden multiple accept={KINDS} onChange={pick} data-testid="document-picker" />
      </header>
      {error !== undefined && <ErrorNote text={explain(error)} actions={[{ label: 'Dismiss', run: refresh }]} />}
      <ul className="document-list" aria-live="polite">
        {arriving.map((name, place) => (
          <li key={`${place} ${name}`} className="document">
            <span className="document-name" title={name}>{name}</span>
            <span className="document-state">Reading…</span>
          </li>
        ))}
        {list?.map((document) => <Item key={document.id} document={document} onRemove={removeOne} />)}
      </ul>
      {list?.length === 0 && arriving.length === 0 && <p className="quiet documents-empty">Answers draw on what you add here.</p>}
    </section>
  );
}

function Item({ document: { id, name, status, chunks, embedded }, onRemove }: { document: StoredDocument; onRemove: (id: string) => void }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <li className="document" data-testid="document" data-status={status}>
      <span className="document-name" title={name}>{name}</span>
      {isAsking ? (
        <span className="document-state" role="group" aria-label={`Delete ${name}?`}>
          <button type="button" className="quiet-button danger" autoFocus data-testid="confirm-delete" onClick={() => onRemove(id)}>Delete</button>
          <button type="button" className="quiet-button" onClick={() => setIsAsking(false)}>Keep</button>
        </span>
      ) : (
        <span className="document-state">
          {status === 'failed' && 'Failed'}
          {(status === 'pending' || status === 'processing') && (
            <progress max={chunks} value={embedded} aria-label={`${name}: ${embedded} of ${chunks} passages ready`} />
          )}
          <button type="button" className="quiet-button" aria-label={`Delete ${name}`} title="Delete" data-testid="delete-document"
            onClick={() => setIsAsking(true)}>
            <Icon name="close" />
          </button>
        </span>
      )}
    </li>
  );
}
