import { useState, type FormEvent } from 'react';
import type { Api, Budget, Usage, UsageSpan } from '../api/api.ts';
import { useTexts } from '../language/language.ts';
import { keysOf } from '../ui/shortcuts.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { download } from '../ui/download.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { onEscape } from '../ui/onEscape.ts';
import { describeError } from '../api/errors.ts';
import { applyTheme, storedTheme, THEMES, type Theme } from '../ui/theme.ts';
import { useResource } from '../api/useResource.ts';

interface Props {
  api: Api;
  onClose: () => void;
  /** Called when nothing of the user is left. */
  onErased: () => void;
  onShortcuts: () => void;
}

const THEME_NAMES: Record<Theme, string> = { system: 'As the device', light: 'Light', dark: 'Dark' };

/** Appearance, usage, and the user's data. */
export function SettingsDialog({ api, onClose, onErased, onShortcuts }: Props) {
  const { shortcuts } = useTexts();
  return (
    <Dialog title="Settings" testId="settings-dialog" onClose={onClose}>
      <Appearance />
      <UsageSection api={api} />
      <DataSection api={api} onErased={onErased} />
      <button type="button" className="text-button shortcuts-button" onClick={onShortcuts} data-testid="open-shortcuts">
        {shortcuts.title} <kbd>{keysOf('help').join(' ')}</kbd>
      </button>
    </Dialog>
  );
}

function Appearance() {
  const [theme, setTheme] = useState(storedTheme);

  function choose(chosen: Theme) {
    applyTheme(chosen);
    setTheme(chosen);
  }

  return (
    <fieldset className="settings-section">
      <legend>Appearance</legend>
      <div className="choices">
        {THEMES.map((name) => (
          <label key={name}>
            <input type="radio" name="theme" checked={theme === name} onChange={() => choose(name)} /> {THEME_NAMES[name]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function UsageSection({ api }: { api: Api }) {
  const usage = useResource('usage', api.usage);
  return (
    <section className="settings-section" aria-labelledby="settings-usage">
      <h2 id="settings-usage">Usage</h2>
      {usage.state === 'loading' && <p className="muted" role="status">Loading…</p>}
      {usage.state === 'failed' && <ErrorNote text={describeError(usage.error)} actions={[{ label: 'Retry', run: usage.retry }]} />}
      {usage.state === 'ready' && <UsageFigures usage={usage.value} />}
    </section>
  );
}

const RESET_TIME = new Intl.DateTimeFormat('en', { weekday: 'short', hour: '2-digit', minute: '2-digit' });

function UsageFigures({ usage: { today, month, limits } }: { usage: Usage }) {
  const budgets = [
    { label: 'Tokens of today', budget: limits.user.daily_tokens, format: tokens },
    { label: 'Cost of today', budget: limits.user.daily_usd, format: dollars },
    ...limits.employees.flatMap(({ employee, daily_tokens, daily_usd }) => [
      { label: `Tokens of today with ${employee}`, budget: daily_tokens, format: tokens },
      { label: `Cost of today with ${employee}`, budget: daily_usd, format: dollars },
    ]),
  ].filter(({ budget }) => budget !== null);
  return (
    <>
      <table className="usage-table">
        <thead><tr><th scope="col">Since</th><th scope="col">Requests</th><th scope="col">Tokens</th><th scope="col">Cost</th></tr></thead>
        <tbody><UsageRow label="Midnight UTC" span={today} /><UsageRow label="The first of the month" span={month} /></tbody>
      </table>
      {budgets.map(({ label, budget, format }) => <BudgetMeter key={label} label={label} budget={budget} format={format} />)}
      {budgets.length > 0 && (
        <p className="muted">Whole again <time dateTime={limits.resets_at}>{RESET_TIME.format(new Date(limits.resets_at))}</time>.</p>
      )}
    </>
  );
}

function UsageRow({ label, span: { requests, total_tokens, cost_usd } }: { label: string; span: UsageSpan }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{requests.toLocaleString('en')}</td>
      <td>{total_tokens.toLocaleString('en')}</td>
      <td>{cost_usd === null ? 'unknown' : dollars(cost_usd)}</td>
    </tr>
  );
}

function BudgetMeter({ label, budget, format }: { label: string; budget: Budget; format: (value: number) => string }) {
  if (!budget) return null;
  const { limit, used, left } = budget;
  return (
    <label className="budget">
      <span>{label}: {format(left)} of {format(limit)} left</span>
      <meter min={0} max={limit} low={limit * 0.1} optimum={limit} value={Math.max(0, limit - used)} />
    </label>
  );
}

function tokens(value: number): string {
  return value.toLocaleString('en');
}

function dollars(value: number): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: value < 1 ? 4 : 2 }).format(value);
}

/** Word that the user types before everything is erased. */
const CONFIRMATION = 'erase';

function DataSection({ api, onErased }: { api: Api; onErased: () => void }) {
  const [state, setState] = useState<'idle' | 'confirming' | 'busy'>('idle');
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
    if (typed.trim().toLowerCase() === CONFIRMATION) void run(async () => { await api.eraseAll(); onErased(); });
  }

  return (
    <section className="settings-section" aria-labelledby="settings-data">
      <h2 id="settings-data">Your data</h2>
      <p className="muted">An export has everything that is stored of you: conversations, facts, documents, usage.</p>
      <div className="settings-buttons">
        <button type="button" className="button small" disabled={state === 'busy'} data-testid="export"
          onClick={() => void run(async () => download(await api.exportAll(), 'frontdesk-export.ndjson'))}>
          {state === 'busy' ? 'Working…' : 'Export everything'}
        </button>
        {state !== 'confirming' && (
          <button type="button" className="button small danger" disabled={state === 'busy'} data-testid="erase"
            onClick={() => setState('confirming')}>
            Erase everything…
          </button>
        )}
      </div>
      {state === 'confirming' && (
        <form className="erase-form" onSubmit={erase} onKeyDown={onEscape(() => setState('idle'))}>
          <label className="field">
            Conversations, facts, documents and files are erased for good. Type “{CONFIRMATION}” to go on.
            <input value={typed} autoFocus autoComplete="off" onChange={(event) => setTyped(event.target.value)} data-testid="erase-word" />
          </label>
          <div className="settings-buttons">
            <button type="button" className="button small" onClick={() => setState('idle')}>Cancel</button>
            <button className="button small danger" disabled={typed.trim().toLowerCase() !== CONFIRMATION} data-testid="erase-now">
              Erase everything
            </button>
          </div>
        </form>
      )}
      {error && <ErrorNote text={error} />}
    </section>
  );
}
