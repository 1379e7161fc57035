import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { FrontdeskError } from '../../../client/src/index.ts';
import { describeError } from '../api/errors.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { useAdminApi } from './AdminContext.ts';
import type { AdminUser, UserLimits } from './adminApi.ts';
import { count, dollars, figure } from './figures.ts';
import { AdminPage, QueryNote, Time } from './parts.tsx';
import { addressOf } from './useAddress.ts';

/** One account: what it used, its limits, and its erasure. */
export function UserPage({ id }: { id: string }) {
  const api = useAdminApi();
  const user = useQuery({ queryKey: ['user', id], queryFn: async () => (await api.users(id)).data[0] ?? null });
  const limits = useQuery({ queryKey: ['limits', id], queryFn: () => api.limits(id) });
  const name = user.data?.email ?? id;
  return (
    <AdminPage title={name} actions={<a href={addressOf('users')}>All users</a>}>
      <QueryNote query={user} />
      {user.data && <UserFigures user={user.data} />}
      <QueryNote query={limits} />
      {limits.data && <LimitsForm id={id} limits={limits.data} />}
      <Erasure id={id} name={name} />
    </AdminPage>
  );
}

function UserFigures({ user: { today, month, last_active_at: active } }: { user: AdminUser }) {
  return (
    <dl className="cards">
      <div><dt>Cost today</dt><dd>{dollars(today.cost_usd)}</dd><dd className="muted">{count(today.total_tokens)} tokens, {count(today.requests)} requests</dd></div>
      <div><dt>Cost this month</dt><dd>{dollars(month.cost_usd)}</dd><dd className="muted">{count(month.total_tokens)} tokens, {count(month.requests)} requests</dd></div>
      <div><dt>Active</dt><dd className="date">{active ? <Time at={active} /> : 'never'}</dd></div>
    </dl>
  );
}

const LIMITS = [
  { name: 'messages_per_minute', label: 'Messages a minute', step: '1' }, { name: 'daily_tokens', label: 'Tokens a day', step: '1' },
  { name: 'daily_usd', label: 'US dollars a day', step: 'any' },
] as const;

/** Limits of one user, in place of those of the plan. */
function LimitsForm({ id, limits: { plan, own, effective } }: { id: string; limits: UserLimits }) {
  const api = useAdminApi();
  const queries = useQueryClient();
  const [failure, setFailure] = useState<FrontdeskError | Error>();
  const [state, setState] = useState<'idle' | 'busy' | 'saved'>('idle');

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setFailure(undefined);
    setState('busy');
    const fields = new FormData(event.currentTarget);
    const read = (name: string) => (String(fields.get(name)).trim() === '' ? null : Number(fields.get(name)));
    try {
      await api.saveLimits(id, Object.fromEntries(LIMITS.map(({ name }) => [name, read(name)])));
      await queries.invalidateQueries({ queryKey: ['limits', id] });
      setState('saved');
    } catch (error) {
      setFailure(error instanceof Error ? error : new Error(describeError(error)));
      setState('idle');
    }
  }

  return (
    <form className="employee-form" onSubmit={(event) => void save(event)} onChange={() => setState('idle')} data-testid="limits-form">
      <fieldset>
        <legend>Limits</legend>
        {LIMITS.map(({ name, label, step }) => (
          <label key={name} className="field">
            <span>{label}</span>
            <input name={name} type="number" min="0" step={step} defaultValue={own[name] ?? ''}
              aria-describedby={`${name}-now`}
              aria-invalid={failure instanceof FrontdeskError && failure.field === name} />
            <span className="muted hint" id={`${name}-now`}>Applies now: {effective[name] === null ? 'no limit' : figure(effective[name])}</span>
          </label>
        ))}
        <p className="muted hint">Empty: as the plan{plan === null ? '' : ` “${plan}”`} has it. Sessions in use notice a change within ten minutes.</p>
      </fieldset>
      {failure && <ErrorNote text={describeError(failure)} />}
      <div className="save-bar">
        <button type="submit" className="button primary" disabled={state === 'busy'}>Save the limits</button>
        <span role="status">{state === 'saved' && 'Saved.'}</span>
      </div>
    </form>
  );
}

/** Erases everything of a user, once their name was typed. */
function Erasure({ id, name }: { id: string; name: string }) {
  const api = useAdminApi();
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const [erased, setErased] = useState(false);

  async function erase(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (new FormData(event.currentTarget).get('name') !== name) return;
    setFailure(undefined);
    try {
      await api.eraseUser(id);
      setErased(true);
      setIsAsking(false);
      await queries.invalidateQueries({ queryKey: ['user', id] });
    } catch (error) {
      setFailure(error);
    }
  }

  return (
    <section className="erasure" aria-labelledby="erasure">
      <h2 id="erasure">Erasure</h2>
      {failure !== undefined && <ErrorNote text={describeError(failure)} />}
      <p role="status">{erased && 'Everything of this user is erased.'}</p>
      {!isAsking && <button type="button" className="button danger" onClick={() => setIsAsking(true)}>Erase everything of this user…</button>}
      {isAsking && (
        <form onSubmit={(event) => void erase(event)} className="employee-form">
          <label className="field">
            <span>Conversations, facts, documents and files go for good. Type {name} to go on.</span>
            <input name="name" autoFocus autoComplete="off" />
          </label>
          <div className="save-bar">
            <button type="submit" className="button danger">Erase</button>
            <button type="button" className="button" onClick={() => setIsAsking(false)}>Cancel</button>
          </div>
        </form>
      )}
    </section>
  );
}
