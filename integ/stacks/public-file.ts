/**
 * Returns the URL of a file in the npm package `vega-datasets` (BSD-3-Clause). The version is pinned, so the file never
 * changes.
 */
export function publicFile(name: string): string {
  return `https://cdn.jsdelivr.net/npm/vega-datasets@3.2.1/data/${name}`;
}
