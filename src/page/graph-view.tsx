import { curveBumpX, line } from 'd3-shape';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { freshnessText, Icon, shortFreshnessText, stateOf } from './badges';
import { LakeIndex } from './lake-index';
import { datasetLink } from './route';
import { NODE_HEIGHT, NODE_WIDTH, PageNode } from '../cli/page-document';

const path = line().curve(curveBumpX);
const LAYERS = ['source', 'bronze', 'silver', 'gold'];
const SCALES = [0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5];
/** The width of a printed page, in pixels: A4 with margins. */
const PRINTED_WIDTH = 690;
/** The smallest scale that the Fit button sets. At a smaller scale, the text is unreadable. */
const SMALLEST_FIT = 0.65;

/**
 * The graph of the lake. It can be scrolled if it is larger than its frame.
 *
 * @param highlighted the IDs of the nodes to highlight. The edges between these nodes are highlighted too.
 */
export function GraphView({ lake, highlighted }: { lake: LakeIndex; highlighted?: ReadonlySet<string> }) {
  const { width, height, nodes, edges } = lake.document.graph;
  const frame = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const id = useId();
  const skip = (event: Event) => {
    event.preventDefault();
    end.current?.focus();
  };
  const [scale, setScale] = useState(1);
  const fit = () => {
    const available = frame.current?.clientWidth ?? width;
    setScale(Math.max(SMALLEST_FIT, Math.min(1, available / width)));
  };
  useLayoutEffect(fit, [width]);
  useLayoutEffect(() => {
    const first = frame.current?.querySelector<HTMLElement>('.node.highlighted')?.parentElement;
    if (first && frame.current) {
      frame.current.scrollTop = Math.max(0, first.offsetTop * scale - frame.current.clientHeight / 2);
    }
  }, [highlighted, scale]);
  const zoom = (direction: 1 | -1) => setScale(current => (direction === 1
    ? SCALES.find(each => each > current + 0.01)
    : [...SCALES].reverse().find(each => each < current - 0.01)) ?? current);
  return (
    <div class="graph">
      <div class="graph-tools" role="group" aria-label="Size of the graph">
        <button type="button" onClick={() => zoom(-1)} aria-label="Smaller">−</button>
        <button type="button" onClick={() => zoom(1)} aria-label="Larger">+</button>
        <button type="button" onClick={fit}>Fit</button>
        <span class="legend" aria-hidden="true">
          {LAYERS.map(layer => <span key={layer} class={`layer ${layer}`}>{layer}</span>)}
        </span>
      </div>
      <a class="skip-graph" href={`#${id}`} onClick={skip}>Skip the graph</a>
      <div class="graph-frame" ref={frame} role="group" aria-label="Graph of the lake, scrollable" tabIndex={0}
        style={{ '--print-zoom': Math.min(1, PRINTED_WIDTH / width) }}>
        <div class="graph-size" style={{ width: `${width * scale}px`, height: `${height * scale}px` }}>
          <div class="graph-content" style={{
            width: `${width}px`,
            height: `${height}px`,
            transform: `scale(${scale})`,
          }}>
            <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
              {edges.map(({ from, to, points }) => (
                <path key={`${from} ${to}`} d={path(points) ?? ''}
                  class={highlighted?.has(from) && highlighted.has(to) ? 'edge highlighted' : 'edge'} />
              ))}
            </svg>
            <ul>
              {nodes.map(node => (
                <li key={node.id} style={{
                  left: `${node.x - NODE_WIDTH / 2}px`,
                  top: `${node.y - NODE_HEIGHT / 2}px`,
                  width: `${NODE_WIDTH}px`,
                  height: `${NODE_HEIGHT}px`,
                }}>
                  <Node lake={lake} node={node} isHighlighted={highlighted?.has(node.id) ?? false} />
                </li>
              ))}
            </ul>
          </div>
        </div>
      </div>
      <div id={id} ref={end} tabIndex={-1} />
    </div>
  );
}

function Node({ lake, node, isHighlighted }: { lake: LakeIndex; node: PageNode; isHighlighted: boolean }) {
  const dataset = lake.dataset(node.id);
  const style = `node ${node.layer}${isHighlighted ? ' highlighted' : ''}`;
  if (dataset === undefined) {
    return (
      <div class={style} title={node.label}>
        <bdi class="node-name">{node.label}</bdi>
        <span class="node-state">{node.layer === 'source' ? 'source' : `${node.layer}, in another app`}</span>
      </div>
    );
  }
  const { tone, label } = stateOf(dataset.state);
  const isLate = dataset.stale || dataset.newer_inputs.length > 0;
  return (
    <a class={style} href={datasetLink(node.id)} title={`${dataset.id}: ${label}, ${freshnessText(dataset)}`}>
      <bdi class="node-name">{node.label}</bdi>
      <span class="node-state">
        <span class={`tone ${tone}`}><Icon tone={tone} />{label}</span>
        {dataset.age_hours !== null || isLate
          ? (
            <span class={isLate ? 'tone warning' : ''}>
              {isLate && <Icon tone="warning" />}
              {shortFreshnessText(dataset)}
            </span>
          )
          : null}
      </span>
    </a>
  );
}
