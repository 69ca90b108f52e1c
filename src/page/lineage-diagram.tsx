import { linkHorizontal } from 'd3-shape';
import { keyOf } from './lake-index';
import { Lineage, LineageNode } from './lineage';
import { columnLink } from './route';

const WIDTH = 210;
const HEIGHT = 46;
const GAP = 14;
const RANK_GAP = 64;
const MARGIN = 8;

const link = linkHorizontal<{ source: [number, number]; target: [number, number] }, [number, number]>();

/** The lineage of a column as a graph from left to right. The lists in the column view contain the same columns. */
export function LineageDiagram({ lineage }: { lineage: Lineage }) {
  const { nodes, edges } = lineage;
  const ranks = new Map<number, LineageNode[]>();
  nodes.forEach(node => ranks.set(node.depth, [...ranks.get(node.depth) ?? [], node]));
  const depths = [...ranks.keys()].sort((a, b) => a - b);
  const tallest = Math.max(...[...ranks.values()].map(each => each.length));
  const height = 2 * MARGIN + tallest * (HEIGHT + GAP) - GAP;
  const width = 2 * MARGIN + depths.length * (WIDTH + RANK_GAP) - RANK_GAP;
  const positions = new Map(depths.flatMap((depth, rank) => {
    const members = ranks.get(depth) ?? [];
    const offset = (height - (members.length * (HEIGHT + GAP) - GAP)) / 2;
    return members.map((node, index) => [keyOf(node), {
      x: MARGIN + rank * (WIDTH + RANK_GAP), y: offset + index * (HEIGHT + GAP),
    }] as const);
  }));
  return (
    <div class="graph-frame" role="group" aria-label="Graph of the columns, scrollable" tabIndex={0}>
      <div class="graph-content" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          {edges.map(({ from, to, kind }) => {
            const [start, end] = [positions.get(keyOf(from)), positions.get(keyOf(to))];
            return start && end && (
              <path key={`${keyOf(from)} ${keyOf(to)} ${kind}`} class={`edge ${kind}`} d={link({
                source: [start.x + WIDTH, start.y + HEIGHT / 2], target: [end.x, end.y + HEIGHT / 2],
              }) ?? ''} />
            );
          })}
        </svg>
        <ul>
          {nodes.map(node => {
            const position = positions.get(keyOf(node));
            return (
              <li key={keyOf(node)} style={{
                left: `${position?.x}px`, top: `${position?.y}px`, width: `${WIDTH}px`, height: `${HEIGHT}px`,
              }}>
                <a class={`node column${node.depth === 0 ? ' highlighted' : ''}`} href={columnLink(node)}
                  title={`${node.table}.${node.column}`} aria-current={node.depth === 0 ? 'true' : undefined}>
                  <bdi class="node-name">{node.column}</bdi>
                  <bdi class="node-state">{node.table}</bdi>
                </a>
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
