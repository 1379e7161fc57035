import type { AdminHealth } from './adminApi.ts';
import { count, dollars, milliseconds } from './figures.ts';
import { TableScroller, Time } from './parts.tsx';

/** Work that does not go on by itself, and the models of the last two hours. */
export function HealthSection({ health }: { health: AdminHealth }) {
  const { parked_turns: parked, stalled_work: stalled, erasures, outbox_lag_p95_ms: lag, models, spent_today: spent } = health.database;
  const { daily_tokens: mostTokens, daily_usd: mostDollars } = health.ceiling;
  return (
    <>
      <dl className="cards" data-testid="health">
        <Waiting label="Parked turns" number={parked.count} since={parked.oldest_at} />
        <Waiting label="Erasures that are not finished" number={erasures.unfinished} since={erasures.oldest_at} />
        <div>
          <dt>Spent today, UTC</dt>
          <dd>{dollars(spent.usd)}</dd>
          <dd className="muted">
            {mostDollars === null ? 'no ceiling in dollars' : `of ${dollars(mostDollars)}`}, {count(spent.tokens)} {mostTokens === null ? 'tokens' : `of ${count(mostTokens)} tokens`}
          </dd>
        </div>
        <div><dt>Delay until Postgres has a turn, P95</dt><dd>{milliseconds(lag)}</dd><dd className="muted">this hour and the last</dd></div>
      </dl>
      {stalled.length === 0 ? <p>No background work is stalled.</p> : (
        <TableScroller label="Background work that is stalled">
          <table>
            <thead><tr><th scope="col">Stalled work</th><th scope="col" className="number">Users</th><th scope="col">Since</th><th scope="col">Reasons</th></tr></thead>
            <tbody>
              {stalled.map(({ work, users, oldest_at: since, reasons }) => (
                <tr key={work}><th scope="row">{work}</th><td className="number">{count(users)}</td><td><Time at={since} /></td><td>{reasons.join(', ')}</td></tr>
              ))}
            </tbody>
          </table>
        </TableScroller>
      )}
      {models.length > 0 && (
        <TableScroller label="Models, this hour and the last">
          <table>
            <thead>
              <tr><th scope="col">Model, this hour and the last</th><th scope="col" className="number">Requests</th><th scope="col" className="number">Failed</th><th scope="col" className="number">Without a price</th></tr>
            </thead>
            <tbody>
              {models.map(({ model, requests, errors, unpriced }) => (
                <tr key={model}>
                  <th scope="row">{model}</th><td className="number">{count(requests)}</td><td className="number">{count(errors)}</td><td className="number">{count(unpriced)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroller>
      )}
    </>
  );
}

function Waiting({ label, number, since }: { label: string; number: number; since: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{count(number)}</dd>
      {since !== null && <dd className="muted">since <Time at={since} /></dd>}
    </div>
  );
}
