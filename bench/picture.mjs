// Draws a run of `npm run bench` for the README: a few rows of bars, each row with a scale of its own.
import { CASES, median } from './cases.mjs';

/** Rows of the picture, by case and metric. */
const ROWS = [['turn', 'first'], ['turn', 'cpu'], ['whole', 'rate32'], ['streams-256', 'rate'], ['burst', 'rate'], ['memory', 'memory'], ['start', 'time']];

/** Sizes in pixels. */
const WIDTH = 820;
const BAR_LEFT = 350;
const BAR_WIDTH = 380;
const BAR_HEIGHT = 13;
const BAR_STEP = 17;
const ROW_GAP = 16;
const TOP = 40;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e } .name { font-weight: 600 }
  .floor { fill: #b6bec8 } .peer, .peer-streamed { fill: #7aa7e0 } .litellm { fill: #c9a96a } .frontdesk { fill: #1f7a5c }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .floor { fill: #59636e } .peer, .peer-streamed { fill: #4a7bb8 } .litellm { fill: #94793f } .frontdesk { fill: #3fb98c }
  }`;

/**
 * @param {{ at: string, processor: string, cores: number, storage: string, rounds: number, labels: Record<string, string>,
 *   results: import('./bench-report.mjs').Results }} run
 * @returns {string} SVG
 */
export function picture({ at, processor, cores, storage, rounds, labels, results }) {
  const rows = ROWS.flatMap(([id, key]) => {
    const values = results[id]?.[key];
    const metric = CASES.find((one) => one.id === id)?.metrics[key];
    return values && metric ? [{ metric, bars: Object.entries(values).map(([name, all]) => ({ name, value: median(all.filter(Number.isFinite)) })).filter(({ value }) => Number.isFinite(value)) }] : [];
  });
  let top = TOP;
  const drawn = rows.map(({ metric, bars }) => {
    const most = Math.max(...bars.map(({ value }) => value));
    const better = metric.isHigherBetter ? 'more is better' : 'less is better';
    const texts = [text(10, top + 11, metric.name, 'name'), text(10, top + 27, better, 'small')];
    const lines = bars.map(({ name, value }, i) => bar({ name, label: labels[name], value, most, top: top + i * BAR_STEP, metric }));
    top += Math.max(bars.length * BAR_STEP, 2 * BAR_STEP) + ROW_GAP;
    return [...texts, ...lines].join('\n');
  });
  const height = top + 14;
  const origin = `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${cores} cores (${processor}), workerd as deployed, storage on ${storage}, ${at.slice(0, 10)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Frontdesk beside other servers, measured by npm run bench</title>
<style>${STYLE}
</style>
${legend(labels)}
${drawn.join('\n')}
${text(10, height - 8, origin, 'small')}
</svg>
`;
}

/** @param {Record<string, string>} labels */
function legend(labels) {
  return Object.entries(labels).map(([name, label], i) => {
    const left = BAR_LEFT + i * 115;
    return `<rect class="${name}" x="${left}" y="10" width="12" height="12" rx="2"/>${text(left + 18, 20, label, 'small')}`;
  }).join('\n');
}

/**
 * @param {{ name: string, label: string, value: number, most: number, top: number, metric: import('./cases.mjs').Metric }} options
 */
function bar({ name, label, value, most, top, metric }) {
  const width = Math.max(2, most > 0 ? (value / most) * BAR_WIDTH : 2);
  const shown = value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(Math.min(1, metric.digits));
  const unit = metric.unit.startsWith('/') ? metric.unit : ` ${metric.unit}`;
  return `<rect class="${name}" x="${BAR_LEFT}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"><title>${escape(label)}</title></rect>`
    + text(BAR_LEFT + width + 6, top + 11, `${shown}${unit}`, 'small');
}

/** @param {number} left @param {number} baseline @param {string} content @param {string} style */
function text(left, baseline, content, style) {
  return `<text class="${style}" x="${left.toFixed(1)}" y="${baseline}">${escape(content)}</text>`;
}

/** @param {string} value */
function escape(value) {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
