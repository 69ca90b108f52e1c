/**
 * The address of a file of the npm package `vega-datasets` (BSD-3-Clause), in the version that is fixed here: it never
 * changes.
 */
export function publicFile(name: string): string {
  return `https://cdn.jsdelivr.net/npm/vega-datasets@3.2.1/data/${name}`;
}
