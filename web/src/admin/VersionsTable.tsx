import type { Overview } from './adminApi.ts';
import { count, dollars, milliseconds, percent } from './figures.ts';
import { TableScroller } from './parts.tsx';
import { addressOf } from './useAddress.ts';

/** Figures and ratings of each version of an employee's profile. */
export function VersionsTable({ versions }: { versions: Overview['by_version'] }) {
  if (versions.length === 0) return <p>Nothing was asked in this time.</p>;
  return (
    <TableScroller label="Versions of employees">
      <table>
        <thead>
          <tr>
            <th scope="col">Employee</th><th scope="col" className="number">Version</th><th scope="col" className="number">Turns</th>
            <th scope="col" className="number">Failed</th><th scope="col" className="number">Answer, P95</th><th scope="col" className="number">Cost</th>
            <th scope="col" className="number">Good ratings</th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ employee, version, turns, error_rate_percent: failed, latency_p95_ms: latency, cost_usd: cost, up, down }) => (
            <tr key={`${employee} ${version}`}>
              <th scope="row"><a href={addressOf('employees', employee)}>{employee}</a></th>
              <td className="number">{version === 0 ? 'not known' : count(version)}</td>
              <td className="number">{count(turns)}</td>
              <td className="number">{percent(failed)}</td>
              <td className="number">{milliseconds(latency)}</td>
              <td className="number">{dollars(cost)}</td>
              <td className="number">{up + down === 0 ? '–' : `${percent((100 * up) / (up + down))} of ${count(up + down)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroller>
  );
}
