/** How many characters fit on a line of standard output: all, where it is no terminal. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Infinity;
}

/** A column as it is shown. */
export interface Column {
  readonly name: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

/** Longest cell on a terminal, in characters. */
const LONGEST_CELL = 40;

/**
 * Rows in columns, for a person.
 *
 * @param cells texts by row; null is shown as nothing
 * @param width how many characters fit; columns that do not are left out, and counted in the heading. Infinity: nothing is cut
 */
export function formatTable(columns: Column[], cells: (string | null)[][], width: number): string[] {
  const longest = width === Infinity ? Infinity : LONGEST_CELL;
  const shown = cells.map(row => row.map(cell => clip(cell ?? '', longest)));
  const widths = columns.map((column, index) => Math.max(column.name.length, ...shown.map(row => row[index].length)));
  let fitting = 0;
  for (let used = 0; fitting < columns.length && (used += widths[fitting] + 2) <= width + 2; fitting++);
  fitting = Math.max(1, fitting);
  const left = columns.length - fitting;
  const line = (row: string[]) => row.slice(0, fitting)
    .map((cell, index) => columns[index].right ? cell.padStart(widths[index]) : cell.padEnd(widths[index])).join('  ').trimEnd();
  return [line(columns.map(column => column.name)) + (left ? `  (+ ${left} more column${left > 1 ? 's' : ''})` : ''), ...shown.map(line)];
}

function clip(cell: string, longest: number): string {
  const oneLine = cell.replace(/[\r\n\t]/g, ' ');
  return oneLine.length > longest ? `${oneLine.slice(0, longest - 1)}…` : oneLine;
}
