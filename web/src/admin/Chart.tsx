import { useEffect, useRef, useState } from 'react';
import type UPlot from 'uplot';
import { TableScroller } from './parts.tsx';

const HEIGHT = 220;

/** A line of a chart. A value is null where nothing was measured. */
export interface Series {
  label: string;
  values: (number | null)[];
}

interface Props {
  label: string;
  /** Seconds since 1970, in their order. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
}

/** Values over time: lines, and the same figures as a table, which is for those who see no lines. */
export function Chart({ label, times, series, format }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const theme = useTheme();

  useEffect(() => {
    const { current } = frame;
    if (!current) return undefined;
    let plot: UPlot | undefined;
    let isCurrent = true;
    const resized = new ResizeObserver(() => plot?.setSize({ width: current.clientWidth, height: HEIGHT }));
    void import('./uplot.ts').then(({ Plot }) => {
      if (!isCurrent) return;
      plot = new Plot(optionsOf(current, series, format), [times, ...series.map(({ values }) => values)], current);
      resized.observe(current);
    });
    return () => {
      isCurrent = false;
      resized.disconnect();
      plot?.destroy();
    };
  }, [times, series, format, theme]);

  return (
    <figure className="chart">
      <figcaption>{label}</figcaption>
      <div ref={frame} className="chart-frame" role="img" aria-label={`${label}: ${series.map(({ label: name, values }) => `${name} ${lastOf(values, format)}`).join(', ')}`} />
      <ChartTable label={label} times={times} series={series} format={format} />
    </figure>
  );
}

/** The figures of a chart. A month of hours is rendered once it is wanted. */
function ChartTable({ label, times, series, format }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        <TableScroller label={label}>
          <table>
            <thead><tr><th scope="col">Time</th>{series.map(({ label: name }) => <th key={name} scope="col" className="number">{name}</th>)}</tr></thead>
            <tbody>
              {times.map((time, index) => (
                <tr key={time}>
                  <th scope="row">{new Date(time * 1000).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })}</th>
                  {series.map(({ label: name, values }) => <td key={name} className="number">{spelled(values[index], format)}</td>)}
                </tr>
              )).reverse()}
            </tbody>
          </table>
        </TableScroller>
      )}
    </details>
  );
}

function spelled(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

function lastOf(values: (number | null)[], format: (value: number) => string): string {
  return spelled(values.findLast((value) => value !== null), format);
}

/** Colours of lines, apart from each other in hue and in lightness. */
const LINES = ['--accent', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6'];

function optionsOf(frame: HTMLElement, series: Series[], format: (value: number) => string): UPlot.Options {
  const colour = (name: string) => colourOf(frame, name);
  const axis = { stroke: colour('--ink-soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
  return {
    width: frame.clientWidth, height: HEIGHT, cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [axis, { ...axis, size: 70, values: (_, splits) => splits.map(format) }],
    series: [
      {},
      ...series.map(({ label }, index) => ({
        label, stroke: colour(LINES[index % LINES.length] ?? '--accent'), width: 2, spanGaps: true,
        value: (_: UPlot, value: number | null) => spelled(value, format),
      })),
    ],
  };
}

/** A colour as a canvas takes it. */
function colourOf(element: HTMLElement, variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Changes with the colours of the device. */
function useTheme(): boolean {
  const [isDark, setIsDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);

  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setIsDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);

  return isDark;
}
