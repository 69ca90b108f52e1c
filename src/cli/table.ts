import { displayWidth, oneLine, pad, truncate } from './display-width';

/** The width of standard output in terminal columns. Infinity if it is not a terminal. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Infinity;
}

/** A column of a text table. */
export interface Column {
  readonly name: string;
  /** Aligned to the right, for numbers. */
  readonly right?: boolean;
  /** Truncated if the line is too long, before other columns are omitted. */
  readonly canShrink?: boolean;
}

/** The maximum width of a cell on a terminal, in terminal columns, for columns that cannot shrink. */
const MAX_CELL = 40;
/** The maximum column width without a terminal. Longer cells overflow and are not truncated. */
const MAX_COLUMN_WIDTH = 60;

/**
 * A text table that is formatted in two passes, because there can be more rows than fit in memory: call {@link fit}
 * with each row to determine the column widths, then {@link line} with each row.
 */
export class Table {
  private readonly widths: number[];

  /**
   * @param width the maximum width of a line, in terminal columns. Columns that do not fit are omitted, and the heading
   * shows their number.
   * Infinity: nothing is omitted or truncated.
   */
  public constructor(private readonly columns: Column[], private readonly width: number) {
    this.widths = columns.map(column => displayWidth(oneLine(column.name)));
  }

  /** Adjusts the column widths to a row. Null is an empty cell. */
  public fit(row: (string | null)[]): void {
    const widest = this.width === Infinity ? MAX_COLUMN_WIDTH : this.width;
    row.forEach((cell, index) => {
      const width = displayWidth(oneLine(cell ?? ''));
      this.widths[index] = Math.max(this.widths[index], Math.min(width, this.maxLengthOf(index), widest));
    });
  }

  /** The number of columns that do not fit into the width. */
  public get omitted(): number {
    return this.columns.length - this.fitting();
  }

  /** The line with the column names. */
  public heading(): string {
    const { omitted } = this;
    return (
      this.lineOf(this.columns.map(column => oneLine(column.name)))
      + (omitted ? `  (+ ${omitted} more column${omitted > 1 ? 's' : ''})` : '')
    );
  }

  /** The line of a row. */
  public line(row: (string | null)[]): string {
    return this.lineOf(
      row.map((cell, index) => truncate(oneLine(cell ?? ''), Math.min(this.maxLengthOf(index), this.limitOf(index)))),
    );
  }

  private lineOf(texts: string[]): string {
    return texts
      .slice(0, this.fitting())
      .map((text, index) => pad(text, this.widthOf(index), this.columns[index].right))
      .join('  ')
      .trimEnd();
  }

  private maxLengthOf(index: number): number {
    return this.width === Infinity || this.columns[index].canShrink ? Infinity : MAX_CELL;
  }

  private widthOf(index: number): number {
    return Math.min(this.widths[index], this.limitOf(index));
  }

  /** The maximum width of a column. A column that can shrink gets the remaining width of the line. */
  private limitOf(index: number): number {
    const { name, canShrink } = this.columns[index];
    const others = () => this.widths.reduce((sum, width, other) => other === index ? sum : sum + width + 2, 0);
    return canShrink ? Math.max(displayWidth(name), this.width - others()) : Infinity;
  }

  /** The number of columns that fit, minimum 1. */
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
 * The lines of a text table that fits in memory: the heading and one line per row.
 *
 * @param width as for {@link Table}
 */
export function formatTable(columns: Column[], rows: (string | null)[][], width: number): string[] {
  const table = new Table(columns, width);
  rows.forEach(row => table.fit(row));
  return [table.heading(), ...rows.map(row => table.line(row))];
}
