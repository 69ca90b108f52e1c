import { keyOf, LakeIndex } from './lake-index';
import { PageColumnName, PageLineage } from '../cli/page-document';

/** A column in the lineage of another column. */
export interface LineageNode extends PageColumnName {
  /** The distance from the selected column: negative for columns that it is computed from. */
  readonly depth: number;
}

/** An edge between two columns of the lineage, in the direction of the data. */
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

/** More columns cannot be shown in a way that helps. */
export const MAX_NODES = 200;

/** All columns that a column is computed from, and all columns that are computed from it. */
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

/** A column that another column is computed from, and the columns from which it is computed itself. */
export interface OriginNode extends PageLineage {
  /** Empty if the column is the end of the lineage, or was expanded before. */
  readonly from: OriginNode[];
  /** Whether the tree contains the columns that it is computed from elsewhere. */
  readonly isRepeated: boolean;
}

/** The columns that a column is computed from as a tree, in which each column is expanded once. */
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
