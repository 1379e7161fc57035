import { useState, type FormEvent } from 'react';
import type { Api, Budget, Usage, UsageSpan } from '../api/api.ts';
import { chooseLanguage, LANGUAGES, storedLanguage, useTexts, type LanguageChoice } from '../language/language.ts';
import { keysOf } from '../ui/shortcuts.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { download } from '../ui/download.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { describeError } from '../api/errors.ts';
import { applyTheme, storedTheme, THEMES, type Theme } from '../ui/theme.ts';
import { useResource } from '../api/useResource.ts';
import { formatDollars, formatNumber, formatTime } from '../language/format.ts';

interface Props {
  api: Api;
  onClose: () => void;
  /** Called when nothing of the user is left. */
  onErased: () => void;
  onShortcuts: () => void;
}

/** Appearance, usage, and the user's data. */
export function SettingsDialog({ api, onClose, onErased, onShortcuts }: Props) {
  const { shortcuts, settings } = useTexts();
  return (
    <Dialog title={settings.title} testId="settings-dialog" onClose={onClose}>
      <Appearance />
      <LanguageSection />
      <UsageSection api={api} />
      <DataSection api={api} onErased={onErased} />
      <button type="button" className="text-button shortcuts-button" onClick={onShortcuts} data-testid="open-shortcuts">
        {shortcuts.title} <kbd>{keysOf('help').join(' ')}</kbd>
      </button>
    </Dialog>
  );
}

function Appearance() {
  const { settings: texts } = useTexts();
  const [theme, setTheme] = useState(storedTheme);

  function choose(chosen: Theme) {
    applyTheme(chosen);
    setTheme(chosen);
  }

  return (
    <fieldset className="settings-section">
      <legend>{texts.appearance}</legend>
      <div className="choices">
        {THEMES.map((name) => (
          <label key={name}>
            <input type="radio" name="theme" checked={theme === name} onChange={() => choose(name)} /> {texts.themes[name]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function LanguageSection() {
  const { settings: texts } = useTexts();
  const [choice, setChoice] = useState(storedLanguage);

  function choose(chosen: LanguageChoice) {
    setChoice(chosen);
    void chooseLanguage(chosen);
  }

  return (
    <label className="settings-section language-choice">
      <span>{texts.language}</span>
      <select value={choice} onChange={(event) => choose(event.target.value as LanguageChoice)} data-testid="language">
        <option value="browser">{texts.browserLanguage}</option>
        {Object.entries(LANGUAGES).map(([language, name]) => <option key={language} value={language} lang={language}>{name}</option>)}
      </select>
    </label>
  );
}

function UsageSection({ api }: { api: Api }) {
  const { settings: texts, common } = useTexts();
  const usage = useResource('usage', api.usage);
  return (
    <section className="settings-section" aria-labelledby="settings-usage">
      <h2 id="settings-usage">{texts.usage}</h2>
      {usage.state === 'loading' && <p className="muted" role="status">{common.loading}</p>}
      {usage.state === 'failed' && <ErrorNote text={describeError(usage.error)} actions={[{ label: common.retry, run: usage.retry }]} />}
      {usage.state === 'ready' && <UsageFigures usage={usage.value} />}
    </section>
  );
}

function UsageFigures({ usage: { today, month, limits } }: { usage: Usage }) {
  const { settings: texts } = useTexts();
  const budgets = [
    { label: texts.tokensToday, budget: limits.user.daily_tokens, format: (value: number) => formatNumber(value) },
    { label: texts.costToday, budget: limits.user.daily_usd, format: dollars },
    ...limits.employees.flatMap(({ employee, daily_tokens, daily_usd }) => [
      { label: texts.withEmployee(texts.tokensToday, employee), budget: daily_tokens, format: (value: number) => formatNumber(value) },
      { label: texts.withEmployee(texts.costToday, employee), budget: daily_usd, format: dollars },
    ]),
  ].filter(({ budget }) => budget !== null);
  return (
    <>
      <table className="usage-table">
        <thead><tr><th scope="col">{texts.since}</th><th scope="col">{texts.requests}</th><th scope="col">{texts.tokens}</th><th scope="col">{texts.cost}</th></tr></thead>
        <tbody><UsageRow label={texts.midnight} span={today} /><UsageRow label={texts.month} span={month} /></tbody>
      </table>
      {budgets.map(({ label, budget, format }) => <BudgetMeter key={label} label={label} budget={budget} format={format} />)}
      {budgets.length > 0 && (
        <p className="muted">{texts.resets} <time dateTime={limits.resets_at}>{formatTime(new Date(limits.resets_at), { weekday: 'short', hour: '2-digit', minute: '2-digit' })}</time>.</p>
      )}
    </>
  );
}

function UsageRow({ label, span: { requests, total_tokens, cost_usd } }: { label: string; span: UsageSpan }) {
  const { settings: texts } = useTexts();
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{formatNumber(requests)}</td>
      <td>{formatNumber(total_tokens)}</td>
      <td>{cost_usd === null ? texts.unknownCost : dollars(cost_usd)}</td>
    </tr>
  );
}

function BudgetMeter({ label, budget, format }: { label: string; budget: Budget; format: (value: number) => string }) {
  const { settings: texts } = useTexts();
  if (!budget) return null;
  const { limit, used, left } = budget;
  return (
    <label className="budget">
      <span>{texts.left(label, format(left), format(limit))}</span>
      <meter min={0} max={limit} low={limit * 0.1} optimum={limit} value={Math.max(0, limit - used)} />
    </label>
  );
}

function dollars(value: number): string {
  return formatDollars(value, { maximumFractionDigits: value < 1 ? 4 : 2 });
}

function DataSection({ api, onErased }: { api: Api; onErased: () => void }) {
  const [state, setState] = useState<'idle' | 'confirming' | 'busy'>('idle');
  const { settings: texts, common } = useTexts();
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<string>();

  async function run(action: () => Promise<void>) {
    setState('busy');
    setError(undefined);
    await action().catch((failure: unknown) => setError(describeError(failure)));
    setState('idle');
  }

  function erase(event: FormEvent) {
    event.preventDefault();
    if (typed.trim().toLowerCase() === texts.eraseWord) void run(async () => { await api.eraseAll(); onErased(); });
  }

  return (
    <section className="settings-section" aria-labelledby="settings-data">
      <h2 id="settings-data">{texts.data}</h2>
      <p className="muted">{texts.dataLead}</p>
      <div className="settings-buttons">
        <button type="button" className="button small" disabled={state === 'busy'} data-testid="export"
          onClick={() => void run(async () => download(await api.exportAll(), 'frontdesk-export.ndjson'))}>
          {state === 'busy' ? texts.working : texts.export}
        </button>
        {state !== 'confirming' && (
          <button type="button" className="button small danger" disabled={state === 'busy'} data-testid="erase"
            onClick={() => setState('confirming')}>
            {texts.askErase}
          </button>
        )}
      </div>
      {state === 'confirming' && (
        <form className="erase-form" onSubmit={erase} onKeyDown={onEscape(() => setState('idle'))}>
          <label className="field">
            {texts.eraseLead(texts.eraseWord)}
            <input value={typed} autoFocus autoComplete="off" onChange={(event) => setTyped(event.target.value)} data-testid="erase-word" />
          </label>
          <div className="settings-buttons">
            <button type="button" className="button small" onClick={() => setState('idle')}>{common.cancel}</button>
            <button className="button small danger" disabled={typed.trim().toLowerCase() !== texts.eraseWord} data-testid="erase-now">
              {texts.erase}
            </button>
          </div>
        </form>
      )}
      {error && <ErrorNote text={error} />}
    </section>
  );
}
