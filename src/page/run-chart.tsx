import { scaleBand, scaleLinear } from 'd3-scale';
import { stateOf } from './badges';
import { formatBytes, formatNumber, formatSeconds, formatTime } from './format';
import { PageRun } from '../cli/page-document';

const WIDTH = 420;
const HEIGHT = 120;
const LEFT = 78;
const TOP = 10;
const BOTTOM = 18;

type Measure = 'rows' | 'seconds' | 'bytes';

const CHARTS: { measure: Measure; label: string; format: (value: number) => string }[] = [
  { measure: 'rows', label: 'Rows', format: formatNumber },
  { measure: 'seconds', label: 'Duration', format: formatSeconds },
  { measure: 'bytes', label: 'Size', format: formatBytes },
];

/** Bar charts of the runs, oldest run first. The table of runs contains the same values. */
export function RunChart({ runs }: { runs: PageRun[] }) {
  const ordered = [...runs].reverse();
  return <div class="charts">{CHARTS.map(chart => <Bars key={chart.measure} runs={ordered} {...chart} />)}</div>;
}

function Bars({ runs, measure, label, format }: { runs: PageRun[] } & typeof CHARTS[number]) {
  const values = runs.map(run => run[measure]);
  const known = values.filter(value => value !== null);
  const dates = [...new Set(runs.map(run => formatTime(run.started_at).slice(0, 10)))];
  const failed = runs.filter(({ status }) => status === 'failed').length;
  const y = scaleLinear().domain([0, Math.max(1, ...known)]).nice(3).range([HEIGHT - BOTTOM, TOP]);
  // A minimum number of slots, because the bars of only a few runs would otherwise be very wide.
  const slots = Math.max(runs.length, 12);
  const x = scaleBand<number>().domain([...Array(slots).keys()]).range([LEFT, WIDTH]).padding(0.25);
  const lastRight = (x(runs.length - 1) ?? 0) + x.bandwidth();
  const summary = `${label} of ${runs.length} runs, ${failed} failed. `
    + (known.length > 0 ? `From ${format(Math.min(...known))} to ${format(Math.max(...known))}.` : 'No values.');
  return (
    <figure>
      <figcaption>{label}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 18}`} role="img" aria-label={summary}>
        {y.ticks(3).map(tick => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 8} y={y(tick)} dy="0.32em" text-anchor="end">{format(tick)}</text>
          </g>
        ))}
        {dates.length > 1 && (
          <>
            <text class="tick" x={LEFT} y={HEIGHT + 14}>{dates[0]}</text>
            <text class="tick" x={Math.max(LEFT + 160, lastRight)} y={HEIGHT + 14} text-anchor="end">
              {dates[dates.length - 1]}
            </text>
          </>
        )}
        {runs.map((run, index) => {
          const left = x(index) ?? 0;
          const top = y(values[index] ?? 0);
          const center = left + x.bandwidth() / 2;
          const value = run[measure];
          return (
            <g key={run.run_id} class={`run ${stateOf(run.status).tone}`}>
              <title>{`${formatTime(run.started_at)} UTC ${run.status} ${value === null ? '' : format(value)}`}</title>
              <rect class="hit" x={left} y={TOP} width={x.bandwidth()} height={HEIGHT - TOP} />
              {value !== null && (
                <rect class="bar" x={left} y={top} width={x.bandwidth()} height={Math.max(1, HEIGHT - BOTTOM - top)} />
              )}
              {run.status === 'failed' && (
                <path class="cross" d={`M${center - 4} ${HEIGHT - 13}l8 8m0 -8l-8 8`} />
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
