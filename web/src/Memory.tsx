import { useEffect, useRef, useState, type MouseEvent } from 'react';
import type { Api, Fact } from './api.ts';
import { Editor } from './Editor.tsx';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { explain } from './problem.ts';
import { relativeTime } from './relativeTime.ts';
import { useResource } from './useResource.ts';

/** What is known of the user, to be corrected and forgotten. */
export function Memory({ api, onClose }: { api: Api; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const facts = useResource('facts', api.facts);

  useEffect(() => dialog.current?.showModal(), []);

  const closeFromBackdrop = (event: MouseEvent) => event.target === event.currentTarget && dialog.current?.close();

  return (
    <dialog ref={dialog} className="memory" aria-labelledby="memory-title" onClose={onClose} onClick={closeFromBackdrop} data-testid="memory">
      <div className="memory-content">
        <header>
          <h1 id="memory-title">What is known of you</h1>
          <button type="button" className="button icon-only" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {facts.state === 'loading' && <p className="quiet" role="status">Loading…</p>}
        {facts.state === 'failed' && <ErrorNote text={explain(facts.error)} actions={[{ label: 'Retry', run: facts.retry }]} />}
        {facts.state === 'ready' && facts.value.length === 0 && (
          <p className="quiet">Nothing yet. What you say of yourself, and what you ask to remember, will be listed here.</p>
        )}
        {facts.state === 'ready' && facts.value.length > 0 && (
          <ul className="fact-list">
            {facts.value.map((fact) => <Item key={fact.id} fact={fact} api={api} />)}
          </ul>
        )}
      </div>
    </dialog>
  );
}

/** A fact as it is now: what was done to it shows at once. */
function Item({ fact, api }: { fact: Fact; api: Api }) {
  const [text, setText] = useState(fact.fact);
  const [draft, setDraft] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  const [state, setState] = useState<'there' | 'busy' | 'forgotten'>('there');

  async function change(request: () => Promise<void>, after: typeof state) {
    setState('busy');
    setRefusal(undefined);
    try {
      await request();
      setState(after);
    } catch (error) {
      setRefusal(explain(error));
      setState('there');
    }
  }

  function save() {
    void change(async () => {
      setText((await api.correctFact(fact.id, draft ?? text)).fact);
      setDraft(undefined);
    }, 'there');
  }

  if (state === 'forgotten') return <li className="fact quiet" role="status">Forgotten, with the memory that it came from.</li>;
  if (draft !== undefined) {
    return (
      <li className="fact">
        <Editor text={draft} onChange={setDraft} refusal={refusal} canSave={state === 'there' && draft.trim() !== ''} onSave={save}
          onCancel={() => setDraft(undefined)} />
      </li>
    );
  }
  return (
    <li className="fact" data-testid="fact">
      <p>{text} <time className="quiet" dateTime={fact.valid_from}>{relativeTime(fact.valid_from)}</time></p>
      <div className="fact-buttons">
        <button type="button" className="quiet-button" disabled={state === 'busy'} onClick={() => setDraft(text)}>Correct</button>
        <button type="button" className="quiet-button" disabled={state === 'busy'}
          onClick={() => void change(() => api.forgetFact(fact.id), 'forgotten')}>Forget</button>
      </div>
      {refusal && <ErrorNote text={refusal} />}
    </li>
  );
}
