import type { Target } from './adminApi.ts';
import { count, dollars, milliseconds, percent } from './figures.ts';
import { TableScroller } from './parts.tsx';

type Format = (value: number | null) => string;

/** Metrics by the names that the database gives them. */
const METRICS: Record<string, { label: string; format: Format }> = {
  latency_p95_ms: { label: 'Time of an answer, P95', format: milliseconds },
  first_token_p95_ms: { label: 'Time to the first token, P95', format: milliseconds },
  error_rate_percent: { label: 'Turns with an error', format: percent },
  token_saving_percent: { label: 'Tokens saved against whole histories', format: percent },
  cost_per_active_user_usd: { label: 'Cost of an active user', format: dollars },
  cost_per_conversation_usd: { label: 'Cost of a conversation', format: dollars },
  satisfaction_percent: { label: 'Good ratings', format: percent },
  outbox_lag_p95_ms: { label: 'Delay until Postgres has a turn, P95', format: milliseconds },
  concurrent_users: { label: 'Users at once', format: count },
};

const COMPARISONS: Record<string, string> = { '<': 'below', '>': 'above', '>=': 'at least' };

/** Targets of the specification beside what is measured. */
export function Targets({ targets }: { targets: Target[] }) {
  return (
    <TableScroller label="Targets">
      <table data-testid="targets">
        <thead>
          <tr><th scope="col">Metric</th><th scope="col" className="number">Target</th><th scope="col" className="number">Now</th><th scope="col">Met</th></tr>
        </thead>
        <tbody>{targets.map((target) => <TargetRow key={target.metric} target={target} />)}</tbody>
      </table>
    </TableScroller>
  );
}

function TargetRow({ target: { metric, comparison, target, current, met } }: { target: Target }) {
  const { label, format } = METRICS[metric] ?? { label: metric, format: count };
  return (
    <tr>
      <th scope="row">{label}</th>
      <td className="number">{target === null ? '–' : `${COMPARISONS[comparison ?? ''] ?? ''} ${format(target)}`}</td>
      <td className="number">{format(current)}</td>
      <td>{met === null ? <span className="muted">–</span> : <span className={met ? 'met' : 'missed'}>{met ? 'yes' : 'no'}</span>}</td>
    </tr>
  );
}
