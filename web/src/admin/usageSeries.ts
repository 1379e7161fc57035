import type { Overview, TimeFigures } from './adminApi.ts';
import type { Series } from './Chart.tsx';

/** What a chart shows. */
export type Metric = 'cost_usd' | 'turns' | 'total_tokens' | 'error_rate_percent' | 'latency_p95_ms' | 'first_token_p95_ms' | 'concurrency';

/** Sums: a time that nothing was asked in has 0 of them. Of the others it has no value. */
const SUMS: ReadonlySet<Metric> = new Set(['cost_usd', 'turns', 'total_tokens', 'concurrency']);

const HOUR = 3600;

/** Seconds of a step. */
const STEPS = { hour: HOUR, day: 24 * HOUR };

/** Figures of one line of a chart. */
interface Group {
  label: string;
  byTime: TimeFigures[];
}

/** Lines of a metric, with a point for each step. */
export function seriesOf({ since, hours, step }: Pick<Overview, 'since' | 'hours' | 'step'>, groups: Group[], metric: Metric): { times: number[]; series: Series[] } {
  const length = STEPS[step];
  const first = Math.floor(Date.parse(since) / 1000 / length) * length;
  const end = Date.parse(since) / 1000 + hours * HOUR;
  const times = Array.from({ length: Math.ceil((end - first) / length) }, (_, index) => first + index * length);
  const series = groups.map(({ label, byTime }) => {
    const values = new Map(byTime.map((figures) => [Date.parse(figures.at) / 1000, figures[metric]]));
    return { label, values: times.map((time) => values.get(time) ?? (SUMS.has(metric) ? 0 : null)) };
  });
  return { times, series };
}
