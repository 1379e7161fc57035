import { useState } from 'react';
import type { Api, Fact } from '../api/api.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { InlineEditor } from '../ui/InlineEditor.tsx';
import { relativeTime } from '../ui/relativeTime.ts';
import { useResource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';

/** Lists the remembered facts about the user, with buttons to correct and to forget them. */
export function MemoryDialog({ api, onClose }: { api: Api; onClose: () => void }) {
  const { memory: texts, common } = useTexts();
  const facts = useResource('facts', api.facts);

  return (
    <Dialog title={texts.title} testId="memory-dialog" onClose={onClose}>
      {facts.state === 'loading' && <p className="muted" role="status">{common.loading}</p>}
      {facts.state === 'failed' && <ErrorNote text={describeError(facts.error)} actions={[{ label: common.retry, run: facts.retry }]} />}
      {facts.state === 'ready' && facts.value.length === 0 && (
        <p className="muted">{texts.empty}</p>
      )}
      {facts.state === 'ready' && facts.value.length > 0 && (
        <ul className="fact-list">
          {facts.value.map((fact) => <FactItem key={fact.id} fact={fact} api={api} />)}
        </ul>
      )}
    </Dialog>
  );
}

/** One fact. Changes show here without loading the list again. */
function FactItem({ fact, api }: { fact: Fact; api: Api }) {
  const { memory: texts } = useTexts();
  const [text, setText] = useState(fact.fact);
  const [draft, setDraft] = useState<string>();
  const [error, setError] = useState<string>();
  const [state, setState] = useState<'idle' | 'busy' | 'forgotten'>('idle');

  async function change(request: () => Promise<void>, nextState: typeof state) {
    setState('busy');
    setError(undefined);
    try {
      await request();
      setState(nextState);
    } catch (failure) {
      setError(describeError(failure));
      setState('idle');
    }
  }

  function save() {
    void change(async () => {
      setText((await api.correctFact(fact.id, draft ?? text)).fact);
      setDraft(undefined);
    }, 'idle');
  }

  if (state === 'forgotten') return <li className="fact muted" role="status">{texts.forgotten}</li>;
  if (draft !== undefined) {
    return (
      <li className="fact">
        <InlineEditor text={draft} onChange={setDraft} error={error} canSave={state === 'idle' && draft.trim() !== ''} onSave={save}
          onCancel={() => setDraft(undefined)} />
      </li>
    );
  }
  return (
    <li className="fact" data-testid="fact">
      <p>{text} <time className="muted" dateTime={fact.valid_from}>{relativeTime(fact.valid_from)}</time></p>
      <div className="fact-buttons">
        <button type="button" className="text-button" disabled={state === 'busy'} onClick={() => setDraft(text)}>{texts.correct}</button>
        <button type="button" className="text-button" disabled={state === 'busy'}
          onClick={() => void change(() => api.forgetFact(fact.id), 'forgotten')}>{texts.forget}</button>
      </div>
      {error && <ErrorNote text={error} />}
    </li>
  );
}
