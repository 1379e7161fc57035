import { useQueries } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useAdminApi } from './AdminContext.ts';
import type { Overview, OverviewQuery } from './adminApi.ts';
import { Chart } from './Chart.tsx';
import { count, dollars, figure, milliseconds, percent } from './figures.ts';
import { QueryNote } from './parts.tsx';
import { seriesOf, type Metric } from './usageSeries.ts';
import { overviewOptions, useOverview } from './useOverview.ts';

/** Lines of a chart at most: more cannot be told apart. */
const MOST_LINES = 6;

/** What a chart has a line for. */
type Grouping = 'all' | 'employee' | 'model';

const METRICS: { name: Metric; label: string; format: (value: number) => string }[] = [
  { name: 'cost_usd', label: 'Cost', format: dollars }, { name: 'turns', label: 'Turns', format: count },
  { name: 'total_tokens', label: 'Tokens', format: count }, { name: 'error_rate_percent', label: 'Turns that failed', format: percent },
  { name: 'latency_p95_ms', label: 'Time of an answer, P95', format: milliseconds },
  { name: 'first_token_p95_ms', label: 'Time to the first token, P95', format: milliseconds },
  { name: 'concurrency', label: 'Turns at once', format: figure },
];

const GROUPINGS: { name: Grouping; label: string }[] = [
  { name: 'all', label: 'All' }, { name: 'employee', label: 'By employee' }, { name: 'model', label: 'By model' },
];

const SPANS = [{ name: 24, label: '24 hours' }, { name: 24 * 7, label: '7 days' }, { name: 24 * 30, label: '30 days' }];

/** Figures over time, by employee or by model. */
export function UsageCharts() {
  const [metric, setMetric] = useState<Metric>('cost_usd');
  const [grouping, setGrouping] = useState<Grouping>('employee');
  const [hours, setHours] = useState(24 * 7);
  const overview = useOverview({ hours });
  return (
    <section className="admin-section" aria-labelledby="over-time">
      <h2 id="over-time">Over time</h2>
      <div className="chart-choices">
        <Choice label="Figure" options={METRICS} value={metric} onChoose={setMetric} />
        <Choice label="Lines" options={GROUPINGS} value={grouping} onChoose={setGrouping} />
        <Choice label="Span" options={SPANS} value={hours} onChoose={setHours} />
      </div>
      <QueryNote query={overview} />
      {overview.data && <UsageChart overview={overview.data} metric={metric} grouping={grouping} />}
    </section>
  );
}

function UsageChart({ overview, metric, grouping }: { overview: Overview; metric: Metric; grouping: Grouping }) {
  const api = useAdminApi();
  const groups = groupsOf(overview, grouping);
  const { isPending, parts } = useQueries({
    queries: groups.map(({ query }) => overviewOptions(api, query)),
    combine: (results) => ({ isPending: results.some((result) => result.isPending), parts: results.map(({ data }) => data?.by_time ?? []) }),
  });
  const labels = groups.map(({ label }) => label).join('\n');
  const { times, series } = useMemo(
    () => seriesOf(overview, labels.split('\n').map((label, index) => ({ label, byTime: parts[index] ?? [] })), metric), [overview, labels, parts, metric],
  );
  const shown = METRICS.find(({ name }) => name === metric);
  if (groups.length === 0 || !shown) return <p className="muted">Nothing was asked in this time.</p>;
  if (isPending) return <p className="muted loading" role="status">Loading…</p>;
  return <Chart label={shown.label} times={times} series={series} format={shown.format} />;
}

/** Lines with what they are asked for by, those with the most requests. */
function groupsOf(overview: Overview, grouping: Grouping): { label: string; query: OverviewQuery }[] {
  const { hours } = overview;
  if (grouping === 'all') return [{ label: 'All', query: { hours } }];
  const rows = grouping === 'employee'
    ? overview.by_employee.map(({ employee, requests }) => ({ label: employee, requests, query: { hours, employee } }))
    : overview.by_model.map(({ model, requests }) => ({ label: model, requests, query: { hours, model } }));
  return rows.filter(({ requests }) => requests > 0).sort((a, b) => b.requests - a.requests).slice(0, MOST_LINES);
}

interface ChoiceProps<Name extends string | number> {
  label: string;
  options: { name: Name; label: string }[];
  value: Name;
  onChoose: (name: Name) => void;
}

function Choice<Name extends string | number>({ label, options, value, onChoose }: ChoiceProps<Name>) {
  const choose = (typed: string) => {
    const chosen = options.find(({ name }) => String(name) === typed);
    if (chosen) onChoose(chosen.name);
  };
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={({ target }) => choose(target.value)}>
        {options.map(({ name, label: text }) => <option key={name} value={name}>{text}</option>)}
      </select>
    </label>
  );
}
