import { keyOf, LakeIndex } from './lake-index';
import { PageColumnName, PageLineage } from '../cli/page-document';

/** A column in the lineage of another column. */
export interface LineageNode extends PageColumnName {
  /** The distance from the selected column. Negative for the columns from which the selected column is computed. */
  readonly depth: number;
}

/** An edge between two columns of the lineage, in the direction in which the data flows. */
export interface LineageEdge {
  readonly from: PageColumnName;
  readonly to: PageColumnName;
  readonly kind: string;
}

/** The lineage of a column through all layers. */
export interface Lineage {
  readonly nodes: LineageNode[];
  readonly edges: LineageEdge[];
}

/** The maximum number of columns in the lineage graph. A graph with more columns would be hard to read. */
export const MAX_NODES = 200;

/** The lineage of the selected column: the columns from which it is computed, and the columns computed from it. */
export function lineageOf(lake: LakeIndex, selected: PageColumnName): Lineage {
  const nodes = new Map<string, LineageNode>([[keyOf(selected), { ...selected, depth: 0 }]]);
  const edges: LineageEdge[] = [];
  for (const direction of [-1, 1] as const) {
    let level: PageColumnName[] = [selected];
    for (let depth = direction; level.length > 0; depth += direction) {
      const next: PageColumnName[] = [];
      for (const column of level) {
        for (const { kind, ...other } of neighbors(lake, column, direction)) {
          const isNew = !nodes.has(keyOf(other));
          if (isNew && nodes.size >= MAX_NODES) {
            continue;
          }
          if (isNew) {
            nodes.set(keyOf(other), { ...other, depth });
            next.push(other);
          }
          edges.push(direction === -1 ? { from: other, to: column, kind } : { from: column, to: other, kind });
        }
      }
      level = next;
    }
  }
  return { nodes: [...nodes.values()], edges };
}

/**
 * A column from which another column is computed. Its children in the tree are the columns from which it is itself
 * computed.
 */
export interface OriginNode extends PageLineage {
  /** Empty if the lineage ends at this column, or if the column is already expanded elsewhere in the tree. */
  readonly from: OriginNode[];
  /** Whether the column is already expanded elsewhere in the tree. */
  readonly isRepeated: boolean;
}

/** The columns from which a column is computed, as a tree in which each column is expanded only once. */
export function originTree(
  lake: LakeIndex, column: PageColumnName, expanded = new Set<string>([keyOf(column)]),
): OriginNode[] {
  return neighbors(lake, column, -1).map(each => {
    const isRepeated = expanded.has(keyOf(each));
    expanded.add(keyOf(each));
    return { ...each, isRepeated, from: isRepeated ? [] : originTree(lake, each, expanded) };
  });
}

function neighbors(lake: LakeIndex, column: PageColumnName, direction: -1 | 1): PageLineage[] {
  return direction === -1 ? lake.column(column)?.column.from ?? [] : lake.computedFrom(column);
}
