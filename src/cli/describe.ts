import { displayWidth, oneLine, wrap } from './display-width';
import { Lake } from './lake';
import { PipelineResult } from './pipeline-result';
import { paint } from './progress';
import { ReadInput } from './publication';
import { formatQueryResult, QueryResult } from './query-result';
import { relativePath } from './relative-path';
import { Result, ResultTable } from './result';
import { Column, formatTable, outputWidth } from './table';

/** The type and the meaning of the metadata columns that the job adds. Derived tables have only meta_run_id. */
const META_COLUMNS: Record<string, [type: string, meaning: string]> = {
  meta_run_id: ['string', 'ID of the run'],
  meta_rescued: ['string', 'values that do not match the data type'],
  meta_source_date: ['date', 'date in the URL of the source'],
};

/**
 * The text output for a table: its columns, sample rows, and the path for other tools. The path of a Parquet table is
 * its folder. The path of an Iceberg table is its metadata file, because its folder contains the files of several
 * publications.
 */
export function describeTable(table: ResultTable, sample: QueryResult, lake: Lake): string[] {
  const width = outputWidth();
  const bold = (text: string) => paint('bold', text, process.stdout);
  const dataColumns = table.columns.map(({ name, type }) => [name, type, '']);
  const metaColumns = sample.columns
    .filter(({ name }) => name in META_COLUMNS)
    .map(({ name }) => [name, ...META_COLUMNS[name]]);
  const [, ...columns] = formatTable(
    [{ name: '' }, { name: '' }, { name: '' }],
    [...dataColumns, ...metaColumns],
    width - 2,
  );
  const [heading, ...rows] = formatQueryResult(sample, width - 2);
  return [
    '',
    `${bold(`${table.database}.${table.name}`)}  ${count(table.rows, 'row')}${describeRescued(table.rescued ?? {})}`,
    ...columns.map((line, index) => `  ${index < dataColumns.length ? line : paint('dim', line, process.stdout)}`),
    '',
    `  ${bold(heading)}`,
    ...rows.map(line => `  ${line}`),
    '',
    `  ${relativePath(lake.pathOf(table.metadata_location ?? table.location))}`,
    `  ${table.location} after deployment`,
  ];
}

/** The text output for the inputs of a derived dataset. */
export function describeInputs(inputs: ReadInput[]): string[] {
  const [, ...lines] = formatTable(
    [{ name: '' }, { name: '' }],
    inputs.map(input => [input.dataset, `run ${input.run_id}`]),
    outputWidth() - 2,
  );
  return lines.length > 0 ? ['', 'Inputs', ...lines.map(line => `  ${line}`)] : [];
}

/** The text output for quality gates that failed but were allowed to fail. */
export function describeAllowed(allowed: string[]): string[] {
  return allowed.length > 0
    ? ['', 'Failed quality gates that were allowed to fail', ...allowed.map(each => `  ${each}`)]
    : [];
}

/** The text output for the warnings of a run. */
export function describeWarnings(warnings: string[]): string[] {
  return warnings.length > 0 ? ['', 'Warnings', ...warnings.map(each => `  ${oneLine(each)}`)] : [];
}

/**
 * The text output for several datasets: a table with one line per dataset. On a terminal, errors that do not fit into
 * the table follow the line of their dataset.
 */
export function describeResults(results: Result[], width = outputWidth()): string[] {
  const columns = [
    { name: 'dataset', canShrink: true, minWidth: 20 },
    { name: 'layer' },
    { name: 'status' },
    { name: 'rows', right: true },
    { name: 'seconds', right: true },
  ];
  const cells = results.map(({ dataset, layer, status, tables, seconds }) => {
    const rows = tables.length > 0 ? tables.reduce((sum, table) => sum + table.rows, 0).toLocaleString('en') : null;
    return [dataset, layer, status, rows, status === 'skipped' ? null : seconds.toFixed(1)];
  });
  const notes = results.map(({ error, warning, allowed, warnings }) => error ?? warning ?? [
    ...allowed ? [`allowed: ${allowed.join('; ')}`] : [],
    ...warnings ? [`warning: ${warnings.join('; ')}`] : [],
  ].join('; '));
  return formatSummary(columns, cells, { name: 'error', notes }, width);
}

/** The text output for a pipeline: a table with one line per dataset, as in {@link describeResults}. */
export function describePipeline({ datasets }: PipelineResult, width = outputWidth()): string[] {
  const columns = [
    { name: 'dataset', canShrink: true, minWidth: 20 },
    { name: 'status' },
    { name: 'rows', right: true },
    { name: 'seconds', right: true },
    { name: 'run' },
  ];
  const cells = datasets.map(({ dataset, status, rows, seconds, run_id: runId }) =>
    [dataset, status, rows?.toLocaleString('en') ?? null, seconds?.toFixed(1) ?? null, runId ?? null]);
  return formatSummary(columns, cells, { name: 'reason', notes: datasets.map(({ reason = '' }) => reason) }, width);
}

/** A table with notes in its last column. If the table is too wide, each note follows the line of its row instead. */
function formatSummary(
  columns: Column[],
  cells: (string | null)[][],
  { name, notes: texts }: { readonly name: string; readonly notes: string[] },
  width: number,
): string[] {
  const notes = texts.map(oneLine);
  const complete = formatTable([...columns, { name }], cells.map((row, index) => [...row, notes[index]]), Infinity);
  const isComplete = complete.every(line => displayWidth(line) <= width);
  const [heading, ...lines] = isComplete ? complete : formatTable(columns, cells, width);
  return [
    '',
    paint('bold', heading, process.stdout),
    ...lines.flatMap((line, index) => [
      line,
      ...(isComplete || !notes[index] ? [] : wrap(notes[index], width - 4).map(part => `    ${part}`)),
    ]),
  ];
}

/**
 * Formats a table in which the notes about a row follow the line of the row.
 *
 * @param isHighlighted whether the line of a row, and its notes, are red on a terminal
 */
export function describeNotes(
  columns: Column[],
  cells: (string | null)[][],
  notes: string[][],
  width: number,
  isHighlighted: (row: number) => boolean,
): string[] {
  const [heading, ...lines] = formatTable(columns, cells, width);
  return [
    paint('bold', heading, process.stdout),
    ...lines.flatMap((line, index) => [
      line,
      ...notes[index].flatMap(note => wrap(oneLine(note), width - 4).map(part => `    ${part}`)),
    ].map(each => isHighlighted(index) ? paint('red', each, process.stdout) : each)),
  ];
}

/** The rescued values as text: `, 3 values in meta_rescued (price 2, _surplus 1)`. Empty if there are none. */
function describeRescued(rescued: Record<string, number>): string {
  const columns = Object.entries(rescued);
  const total = columns.reduce((sum, [, values]) => sum + values, 0);
  return total > 0
    ? `, ${count(total, 'value')} in meta_rescued `
        + `(${columns.map(([name, values]) => `${name} ${values.toLocaleString('en')}`).join(', ')})`
    : '';
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
