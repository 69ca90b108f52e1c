/** How many characters fit on a line of standard output: all, where it is no terminal. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Infinity;
}

/** A column as it is shown. */
export interface Column {
  readonly name: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** Cut where the line would be too long, before any column is left out. */
  readonly givesWay?: boolean;
}

/** Longest cell on a terminal, in characters, of a column that does not give way. */
const LONGEST_CELL = 40;
/** Widest column in a pipe, in characters: a longer cell is not cut, it sticks out. */
const WIDEST_COLUMN = 60;

/**
 * Rows in columns, for a person. Made of all rows first, and then asked for the line of each: there may be too many to
 * keep.
 */
export class Table {
  private readonly widths: number[];

  /**
   * @param width how many characters fit; columns that do not are left out, and counted in the heading. Infinity:
   * nothing is cut
   */
  public constructor(private readonly columns: Column[], private readonly width: number) {
    this.widths = columns.map(column => column.name.length);
  }

  /** Makes room for a row: texts by column; null is shown as nothing. */
  public fit(row: (string | null)[]): void {
    const widest = this.width === Infinity ? WIDEST_COLUMN : this.width;
    row.forEach((cell, index) => {
      this.widths[index] = Math.max(this.widths[index], Math.min(cell?.length ?? 0, this.longestOf(index), widest));
    });
  }

  /** The names of the columns. */
  public heading(): string {
    const left = this.columns.length - this.fitting();
    return (
      this.lineOf(this.columns.map(column => column.name))
      + (left ? `  (+ ${left} more column${left > 1 ? 's' : ''})` : '')
    );
  }

  /** A row's line. */
  public line(row: (string | null)[]): string {
    return this.lineOf(
      row.map((cell, index) => clip(cell ?? '', Math.min(this.longestOf(index), this.limitOf(index)))),
    );
  }

  private lineOf(texts: string[]): string {
    return texts
      .slice(0, this.fitting())
      .map((text, index) =>
        this.columns[index].right ? text.padStart(this.widthOf(index)) : text.padEnd(this.widthOf(index)),
      )
      .join('  ')
      .trimEnd();
  }

  private longestOf(index: number): number {
    return this.width === Infinity || this.columns[index].givesWay ? Infinity : LONGEST_CELL;
  }

  private widthOf(index: number): number {
    return Math.min(this.widths[index], this.limitOf(index));
  }

  /** How wide a column may be: one that gives way, what the others leave of the line. */
  private limitOf(index: number): number {
    const { name, givesWay } = this.columns[index];
    const others = () => this.widths.reduce((sum, width, other) => other === index ? sum : sum + width + 2, 0);
    return givesWay ? Math.max(name.length, this.width - others()) : Infinity;
  }

  /** How many columns fit: one at least. */
  private fitting(): number {
    let fitting = 0;
    for (
      let used = 0;
      fitting < this.columns.length && (used += this.widthOf(fitting) + 2) <= this.width + 2;
      fitting++
    );
    return Math.max(1, fitting);
  }
}

/**
 * Few rows in columns: the heading and a line for each.
 *
 * @param width as for {@link Table}
 */
export function formatTable(columns: Column[], rows: (string | null)[][], width: number): string[] {
  const table = new Table(columns, width);
  rows.forEach(row => table.fit(row));
  return [table.heading(), ...rows.map(row => table.line(row))];
}

function clip(cell: string, longest: number): string {
  const oneLine = cell.replace(/[\r\n\t]/g, ' ');
  return oneLine.length > longest ? `${oneLine.slice(0, longest - 1)}…` : oneLine;
}
