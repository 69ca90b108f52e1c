import { paint } from './progress';
import { formatTable } from './table';

type Row = Record<string, string | null>;

/** The differences between the rows of two publications of a table, as diff.py writes them. */
export interface Comparison {
  /** The columns by which rows were compared. Null if they were compared as a whole. */
  readonly key: string[] | null;
  /** Why rows were compared as a whole. */
  readonly note: string | null;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
  /** The number of changed rows by column. */
  readonly columns: Record<string, number>;
  readonly samples: {
    readonly added: Row[];
    readonly removed: Row[];
    readonly changed: { readonly key: Row; readonly values: Record<string, [string | null, string | null]> }[];
  };
}

/** A publication that was compared. */
export interface SideOfDiff {
  readonly run_id: string;
  readonly finished_at: string | null;
  /** Whether its rows are stored in the local lake. */
  readonly has_rows: boolean;
}

/** The differences between two publications of a table. */
export interface TableDiff {
  readonly name: string;
  /** The row count in the old publication. Null if this publication does not have the table. */
  readonly old_rows: number | null;
  /** The row count in the new publication. Null if this publication does not have the table. */
  readonly new_rows: number | null;
  readonly columns: {
    readonly added: { readonly name: string; readonly type: string }[];
    readonly removed: { readonly name: string; readonly type: string }[];
    readonly changed: { readonly name: string; readonly old_type: string; readonly new_type: string }[];
  };
  /** The differences between the rows. Null if the rows of one of the publications are no longer stored. */
  readonly rows: Comparison | null;
}

/** The differences between two publications of a dataset. */
export interface DiffResult {
  readonly dataset: string;
  readonly layer: string;
  readonly old: SideOfDiff;
  readonly new: SideOfDiff;
  readonly tables: TableDiff[];
}

const NULL = 'NULL';

/** The lines of the text output of `medallion diff`. */
export function formatDiff(result: DiffResult, database: string, width: number): string[] {
  const sides = [['old', result.old], ['new', result.new]] as const;
  const notes = sides.filter(([, side]) => !side.has_rows).map(([, side]) =>
    `The rows of run ${side.run_id} are no longer stored, so only columns and row counts are compared.`);
  return [
    ...sides.map(([label, side]) =>
      `${label}  run ${side.run_id}${side.finished_at === null ? '' : `  ${side.finished_at}`}`),
    ...notes,
    ...result.tables.flatMap(table => ['', ...formatTableDiff(table, database, width)]),
    '',
  ];
}

/** The lines for the differences of a table. */
export function formatTableDiff(table: TableDiff, database: string, width: number): string[] {
  const heading = paint('bold', `${database}.${table.name}`, process.stdout);
  const columns = formatColumns(table);
  return [
    `${heading}  ${rowsText(table.old_rows, table.new_rows)}`,
    ...columns,
    ...table.rows === null ? [] : formatRows(table.rows, width),
  ];
}

function rowsText(before: number | null, after: number | null): string {
  if (before === null || after === null) {
    return before === null ? `new table, ${count(after ?? 0, 'row')}` : `removed table, ${count(before, 'row')}`;
  }
  const change = after - before;
  const difference = change === 0 ? '' : ` (${change > 0 ? '+' : '−'}${number(Math.abs(change))})`;
  return `${number(before)} → ${count(after, 'row')}${difference}`;
}

function formatColumns({ columns }: TableDiff): string[] {
  return [
    ...columns.added.map(({ name, type }) => paint('green', `  + column ${name}  ${type}`, process.stdout)),
    ...columns.removed.map(({ name, type }) => paint('red', `  − column ${name}  ${type}`, process.stdout)),
    ...columns.changed.map(({ name, old_type: before, new_type: after }) =>
      `  ~ column ${name}  ${before} → ${after}`),
  ];
}

function formatRows(rows: Comparison, width: number): string[] {
  const counts = ([
    ['added', rows.added], ['removed', rows.removed], ['changed', rows.changed], ['unchanged', rows.unchanged],
  ] as const).filter(([, each]) => each > 0).map(([label, each]) => `${number(each)} ${label}`);
  const how = rows.key === null ? 'as a whole' : `by ${rows.key.join(', ')}`;
  const note = rows.note === null ? '' : `, because ${rows.note}`;
  const changes = Object.entries(rows.columns).sort(([, a], [, b]) => b - a)
    .map(([column, each]) => `${column} ${number(each)}`);
  return [
    `  rows: ${counts.join(', ') || 'none'} (compared ${how}${note})`,
    ...changes.length > 0 ? [`  changed columns: ${changes.join(', ')}`] : [],
    ...formatChanged(rows, width),
    ...formatSamples('added', rows.added, rows.samples.added, width),
    ...formatSamples('removed', rows.removed, rows.samples.removed, width),
  ];
}

/** A table of changed rows with one line per changed value. */
function formatChanged({ key, changed, samples }: Comparison, width: number): string[] {
  if (samples.changed.length === 0) {
    return [];
  }
  const keys = key ?? [];
  const columns = [
    ...keys.map(name => ({ name, canShrink: true })),
    { name: 'column' }, { name: 'old', canShrink: true }, { name: 'new', canShrink: true },
  ];
  const lines = samples.changed.flatMap(row => Object.entries(row.values).map(([column, [before, after]]) =>
    [...keys.map(name => row.key[name] ?? NULL), column, before ?? NULL, after ?? NULL]));
  return indented(`changed${shownOf(samples.changed.length, changed)}`, formatTable(columns, lines, width - 4));
}

function formatSamples(label: string, total: number, rows: Row[], width: number): string[] {
  if (rows.length === 0) {
    return [];
  }
  const names = Object.keys(rows[0]);
  const cells = rows.map(row => names.map(name => row[name] ?? NULL));
  return indented(
    `${label}${shownOf(rows.length, total)}`, formatTable(names.map(name => ({ name })), cells, width - 4),
  );
}

function indented(title: string, [heading, ...lines]: string[]): string[] {
  return [
    '', `  ${title}`, `    ${paint('bold', heading, process.stdout)}`, ...lines.map(line => `    ${line}`),
  ];
}

function shownOf(shown: number, total: number): string {
  return shown < total ? ` (${shown} of ${number(total)})` : '';
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}
