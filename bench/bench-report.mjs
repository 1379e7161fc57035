// The table of `npm run bench`.
import { median } from './cases.mjs';

/** @typedef {Record<string, Record<string, Record<string, number[]>>>} Results values by case, metric and server, one for each round */

/**
 * @param {object} run
 * @param {import('./cases.mjs').Case[]} run.cases
 * @param {Record<string, string>} run.labels of the servers, by name
 * @param {Results} run.results
 * @returns {string} Markdown
 */
export function table({ cases, labels, results }) {
  const names = Object.keys(labels);
  const rows = cases.flatMap(({ id, metrics }) => Object.entries(metrics).map(([key, metric]) => ({ metric, values: results[id]?.[key] ?? {} })));
  const added = addedFirstToken(results);
  if (added) rows.splice(1, 0, { metric: { name: 'first token, added to pass-through', unit: 'ms', digits: 2 }, values: added });
  const lines = rows.map(({ metric, values }) => [
    `${metric.name}${metric.unit && `, ${metric.unit}`}`,
    ...names.map((name) => (values[name] ? spread(values[name], metric.digits) : '')),
    values.frontdesk && values.peer ? spread(ratios(values.frontdesk, values.peer), 2) : '',
  ]);
  const header = ['', ...names.map((name) => labels[name]), 'Frontdesk / peer'];
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Time to the first token beyond that of the floor, round by round. @param {Results} results */
function addedFirstToken(results) {
  const { floor, ...others } = results.turn?.first ?? {};
  if (!floor) return undefined;
  return Object.fromEntries(Object.entries(others).map(([name, values]) => [name, values.map((value, round) => value - floor[round])]));
}

/** Quotients of the same round. @param {number[]} values @param {number[]} others */
function ratios(values, others) {
  return values.map((value, round) => value / others[round]);
}

/** @param {number[]} values @param {number} digits */
function spread(values, digits) {
  const measured = values.filter(Number.isFinite);
  if (measured.length === 0) return '–';
  const shown = (/** @type {number} */ value) => value.toFixed(digits);
  const failed = measured.length < values.length ? `, ${values.length - measured.length} failed` : '';
  return `${shown(median(measured))} (${shown(Math.min(...measured))}..${shown(Math.max(...measured))})${failed}`;
}
