import { useQuery } from '@tanstack/react-query';
import { useAdminApi } from './AdminContext.ts';
import type { Figures, Overview } from './adminApi.ts';
import { count, dollars, percent } from './figures.ts';
import { HealthSection } from './HealthSection.tsx';
import { AdminPage, QueryNote, TableScroller, Time } from './parts.tsx';
import { Targets } from './Targets.tsx';
import { UsageCharts } from './UsageCharts.tsx';
import { useOverview } from './useOverview.ts';
import { VersionsTable } from './VersionsTable.tsx';

const DAY = 24;

const WEEK = 7 * DAY;

/** Hours over which the targets are measured. */
const MONTH = 30 * DAY;

/** State of the whole deployment: cost against a week ago, targets, figures over time, and work that waits. */
export function OverviewPage() {
  const api = useAdminApi();
  const week = useOverview({ hours: WEEK });
  const month = useOverview({ hours: MONTH });
  const health = useQuery({ queryKey: ['health'], queryFn: api.health });
  return (
    <AdminPage title="Overview">
      <Today />
      <section className="admin-section" aria-labelledby="targets">
        <h2 id="targets">Targets, over 30 days</h2>
        <QueryNote query={month} />
        {month.data && <Targets targets={month.data.targets} />}
      </section>
      <UsageCharts />
      <section className="admin-section" aria-labelledby="by-version">
        <h2 id="by-version">Versions of employees, over 30 days</h2>
        {month.data && <VersionsTable versions={month.data.by_version} />}
      </section>
      <section className="admin-section" aria-labelledby="errors">
        <h2 id="errors">Errors, over 7 days</h2>
        <QueryNote query={week} />
        {week.data && <Errors errors={week.data.errors} />}
      </section>
      <section className="admin-section" aria-labelledby="health">
        <h2 id="health">Work that waits</h2>
        <QueryNote query={health} />
        {health.data && <HealthSection health={health.data} />}
      </section>
    </AdminPage>
  );
}

/** Figures that are compared with those of a week ago. */
const COMPARED: { name: 'cost_usd' | 'turns' | 'total_tokens' | 'failed_turns'; label: string; format: (value: number) => string }[] = [
  { name: 'cost_usd', label: 'Cost', format: dollars }, { name: 'turns', label: 'Turns', format: count },
  { name: 'total_tokens', label: 'Tokens', format: count }, { name: 'failed_turns', label: 'Turns that failed', format: count },
];

/** The last 24 hours against the same hours a week ago: what eight days have that seven do not. */
function Today() {
  const day = useOverview({ hours: DAY });
  const week = useOverview({ hours: WEEK });
  const longer = useOverview({ hours: WEEK + DAY });
  return (
    <section className="admin-section" aria-labelledby="today">
      <h2 id="today">The last 24 hours</h2>
      <QueryNote query={day} />
      {day.data && week.data && longer.data && (
        <dl className="cards" data-testid="today">
          {COMPARED.map(({ name, label, format }) => (
            <Compared key={name} label={label} format={format} now={day.data.total[name]} before={difference(longer.data.total, week.data.total, name)} />
          ))}
        </dl>
      )}
    </section>
  );
}

function difference(longer: Figures, shorter: Figures, name: (typeof COMPARED)[number]['name']): number {
  // Sums of money have an error of their own, and the two answers may be of different minutes.
  return Math.max(0, Number((longer[name] - shorter[name]).toFixed(9)));
}

function Compared({ label, format, now, before }: { label: string; format: (value: number) => string; now: number; before: number }) {
  const by = before === 0 ? undefined : Math.round((100 * (now - before)) / before);
  return (
    <div>
      <dt>{label}</dt>
      <dd>{format(now)}</dd>
      <dd className="muted">{format(before)} a week ago{by !== undefined && `, ${by > 0 ? '+' : ''}${percent(by)}`}</dd>
    </div>
  );
}

function Errors({ errors }: { errors: Overview['errors'] }) {
  if (errors.length === 0) return <p>No request failed.</p>;
  return (
    <TableScroller label="Errors">
      <table>
        <thead><tr><th scope="col">Error</th><th scope="col">Model</th><th scope="col">For</th><th scope="col" className="number">Requests</th><th scope="col">Last hour</th></tr></thead>
        <tbody>
          {errors.map(({ code, model, purpose, requests, last_hour: last }) => (
            <tr key={`${code} ${model} ${purpose}`}>
              <th scope="row"><code>{code}</code></th><td>{model}</td><td>{purpose}</td><td className="number">{count(requests)}</td><td><Time at={last} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroller>
  );
}
