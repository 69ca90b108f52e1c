import { displayWidth, oneLine, pad, truncate } from './display-width';

/** The width of standard output in terminal columns. Infinity if it is not a terminal. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Infinity;
}

/** A column of a text table. */
export interface Column {
  readonly name: string;
  /** Whether the values are aligned to the right, as for numbers. */
  readonly right?: boolean;
  /** Whether the values are truncated if the line is too long, before other columns are omitted. */
  readonly canShrink?: boolean;
  /** The minimum width to which the column can shrink. Default: the width of its name. */
  readonly minWidth?: number;
}

/** The maximum width of a cell on a terminal, in terminal columns, for columns that cannot shrink. */
const MAX_CELL = 40;
/** If the note about omitted columns would leave less width than this for the heading, the heading is not truncated. */
const MIN_HEADING = 8;
/** The maximum column width if the output is not a terminal. Longer cells overflow and are not truncated. */
const MAX_COLUMN_WIDTH = 60;

/**
 * A text table that is formatted in two passes, because there can be more rows than fit in memory: call {@link fit}
 * with each row to determine the column widths, then {@link line} with each row.
 */
export class Table {
  /** The widths of the columns, regardless of the maximum width of a line. */
  private readonly widths: number[];
  /** The widths of the columns that fit into the line. Undefined until they are computed again after a change. */
  private fittingWidths: number[] | undefined;

  /**
   * @param width the maximum width of a line, in terminal columns. Columns that do not fit are omitted, and the heading
   * shows their number. If the width is Infinity, nothing is omitted or truncated
   */
  public constructor(private readonly columns: Column[], private readonly width: number) {
    this.widths = columns.map(column => displayWidth(oneLine(column.name)));
  }

  /** Adjusts the column widths to a row. Null is an empty cell. */
  public fit(row: (string | null)[]): void {
    this.fittingWidths = undefined;
    const widest = this.width === Infinity ? MAX_COLUMN_WIDTH : this.width;
    row.forEach((cell, index) => {
      const width = displayWidth(oneLine(cell ?? ''));
      this.widths[index] = Math.max(this.widths[index], Math.min(width, this.maxLengthOf(index), widest));
    });
  }

  /** The number of columns that do not fit into the width. */
  public get omitted(): number {
    return this.columns.length - this.fitting().length;
  }

  /** The line with the column names. */
  public heading(): string {
    const { omitted } = this;
    const heading = this.lineOf(this.columns.map(column => oneLine(column.name)));
    const note = omitted ? `  (+ ${omitted} more column${omitted > 1 ? 's' : ''})` : '';
    const available = this.width - displayWidth(note);
    return `${omitted && available >= MIN_HEADING ? truncate(heading, available) : heading}${note}`;
  }

  /** The line of a row. */
  public line(row: (string | null)[]): string {
    return this.lineOf(row.map(cell => oneLine(cell ?? '')));
  }

  private lineOf(texts: string[]): string {
    return this.fitting()
      .map((width, index) => {
        const text = this.width === Infinity ? texts[index] : truncate(texts[index], width);
        return pad(text, width, this.columns[index].right);
      })
      .join('  ')
      .trimEnd();
  }

  private maxLengthOf(index: number): number {
    return this.width === Infinity || this.columns[index].canShrink ? Infinity : MAX_CELL;
  }

  /** The widths of the columns that fit into the line, at least one column. The widest columns shrink first. */
  private fitting(): number[] {
    this.fittingWidths ??= this.shrunk();
    return this.fittingWidths;
  }

  private shrunk(): number[] {
    const minWidths = this.widths.map((width, index) => {
      const { name, canShrink, minWidth = 0 } = this.columns[index];
      return canShrink ? Math.min(width, Math.max(displayWidth(oneLine(name)), minWidth)) : width;
    });
    let count = this.columns.length;
    while (count > 1 && total(minWidths.slice(0, count)) > this.width) {
      count--;
    }
    const widths = this.widths.slice(0, count).map(width => Math.min(width, this.width));
    while (total(widths) > this.width) {
      const shrinkable = widths.map((width, index) => width > minWidths[index] ? width : 0);
      const widest = shrinkable.indexOf(Math.max(...shrinkable));
      widths[widest]--;
    }
    return widths;
  }
}

/** The width of a line with columns of these widths. */
function total(widths: number[]): number {
  return widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1));
}

/**
 * The lines of a text table that fits in memory: the heading and one line per row.
 *
 * @param width the maximum width of a line, as in {@link Table}
 */
export function formatTable(columns: Column[], rows: (string | null)[][], width: number): string[] {
  const table = new Table(columns, width);
  rows.forEach(row => table.fit(row));
  return [table.heading(), ...rows.map(row => table.line(row))];
}
