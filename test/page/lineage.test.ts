import { PageDocument, PageLineage } from '../../src/cli/page-document';
import { LakeIndex } from '../../src/page/lake-index';
import { lineageOf, MAX_NODES, OriginNode, originTree } from '../../src/page/lineage';

/** A lake with one column `c` per table, which is computed from the column `c` of other tables. */
function lakeOf(inputs: Record<string, string[]>): LakeIndex {
  const from = (tables: string[]): PageLineage[] => tables.map(table => ({ table, column: 'c', kind: 'identity' }));
  const datasets = Object.entries(inputs).map(([name, tables]) => ({
    id: name, inputs: tables, tables: [{ name, columns: [{ name: 'c', type: 'string', from: from(tables) }] }],
  }));
  return new LakeIndex({ datasets } as unknown as PageDocument);
}

const C = (table: string) => ({ table, column: 'c' });
/** The tables of a tree. */
function shape(nodes: OriginNode[]): unknown[] {
  return nodes.map(({ table, from, isRepeated }) => {
    const name = isRepeated ? `${table} again` : table;
    return from.length > 0 ? [name, shape(from)] : name;
  });
}

test('the origin of a column goes through all layers, and expands a column once', () => {
  const lake = lakeOf({ gold: ['left', 'right'], left: ['bronze'], right: ['bronze'], bronze: ['source'], source: [] });
  expect(shape(originTree(lake, C('gold')))).toEqual([
    ['left', [['bronze', ['source']]]], ['right', ['bronze again']],
  ]);
});

test('a cycle ends', () => {
  const lake = lakeOf({ a: ['b'], b: ['a'] });
  expect(shape(originTree(lake, C('a')))).toEqual([['b', ['a again']]]);
  expect(lineageOf(lake, C('a')).nodes.map(({ table }) => table)).toEqual(['a', 'b']);
});

test('a column whose table is not in the app ends the lineage', () => {
  expect(shape(originTree(lakeOf({ gold: ['other'] }), C('gold')))).toEqual(['other']);
});

test('the lineage has what a column is computed from and what is computed from it, by distance', () => {
  const lake = lakeOf({ gold: ['silver'], silver: ['bronze'], bronze: [], other: [] });
  const { nodes, edges } = lineageOf(lake, C('silver'));
  expect(nodes.map(({ table, depth }) => [table, depth])).toEqual([['silver', 0], ['bronze', -1], ['gold', 1]]);
  expect(edges.map(({ from, to }) => [from.table, to.table])).toEqual([['bronze', 'silver'], ['silver', 'gold']]);
});

test('layers of columns that are all computed from each other are limited, and expanded in linear time', () => {
  const layers = Array.from({ length: 30 }, (_, layer) =>
    Array.from({ length: 12 }, (__, index) => `t${layer}_${index}`));
  const lake = lakeOf(Object.fromEntries(layers.flatMap((layer, index) =>
    layer.map(table => [table, layers[index + 1] ?? []]))));
  expect(lineageOf(lake, C('t0_0')).nodes.length).toBe(MAX_NODES);
  const count = (nodes: OriginNode[]): number => nodes.reduce((sum, each) => sum + 1 + count(each.from), 0);
  expect(count(originTree(lake, C('t0_0')))).toBe(12 + 28 * 12 * 12);
});
