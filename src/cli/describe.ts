import * as path from 'path';
import { Lake } from './lake';
import { paint } from './progress';
import { QueryResult, formatQueryResult } from './query';
import { Result, ResultTable } from './result';
import { ReadInput } from './run-job';
import { formatTable, outputWidth } from './table';

/** Columns that the job adds, and what they hold: bronze tables have both, gold tables the first. */
const META_COLUMNS: Record<string, string> = { meta_run_id: 'its run', meta_rescued: 'unfitting values' };

/** A table for a person: its columns, a few rows, where its files are. */
export function describeTable(table: ResultTable, sample: QueryResult, lake: Lake): string[] {
  const width = outputWidth();
  const bold = (text: string) => paint('bold', text, process.stdout);
  const own = table.columns.map(({ name, type }) => [name, type, '']);
  const added = sample.columns
    .filter(({ name }) => name in META_COLUMNS)
    .map(({ name }) => [name, 'string', META_COLUMNS[name]]);
  const [, ...columns] = formatTable([{ name: '' }, { name: '' }, { name: '' }], [...own, ...added], width - 2);
  const [heading, ...rows] = formatQueryResult(sample, width - 2);
  return [
    '',
    `${bold(`${table.database}.${table.name}`)}  ${count(table.rows, 'row')}${describeRescued(table.rescued ?? {})}`,
    ...columns.map((line, index) => `  ${index < own.length ? line : paint('dim', line, process.stdout)}`),
    '',
    `  ${bold(heading)}`,
    ...rows.map(line => `  ${line}`),
    '',
    `  ${here(lake.pathOf(table.location))}`,
    `  ${table.location} once deployed`,
  ];
}

/** What a gold dataset was made from. */
export function describeInputs(inputs: ReadInput[]): string[] {
  const [, ...lines] = formatTable(
    [{ name: '' }, { name: '' }],
    inputs.map(input => [input.dataset, `run ${input.run_id}`]),
    outputWidth() - 2,
  );
  return lines.length > 0 ? ['', 'Made from', ...lines.map(line => `  ${line}`)] : [];
}

/** A table with a line for each dataset of a command. */
export function describeResults(results: Result[]): string[] {
  const columns = [
    { name: 'dataset' },
    { name: 'layer' },
    { name: 'status' },
    { name: 'rows', right: true },
    { name: 'seconds', right: true },
    { name: 'error', givesWay: true },
  ];
  const [heading, ...lines] = formatTable(columns, results.map(({ dataset, layer, status, tables, seconds, error }) => {
    const rows = tables.length > 0 ? tables.reduce((sum, table) => sum + table.rows, 0).toLocaleString('en') : null;
    return [dataset, layer, status, rows, status === 'skipped' ? null : seconds.toFixed(1), error ?? null];
  }), outputWidth());
  return ['', paint('bold', heading, process.stdout), ...lines];
}

/** A path as one would type it here. */
export function here(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}

/** As in `, 3 values in meta_rescued (price 2, _surplus 1)`; nothing where every value fits. */
function describeRescued(rescued: Record<string, number>): string {
  const columns = Object.entries(rescued);
  const all = columns.reduce((sum, [, values]) => sum + values, 0);
  return all > 0
    ? `, ${count(all, 'value')} in meta_rescued `
        + `(${columns.map(([name, values]) => `${name} ${values.toLocaleString('en')}`).join(', ')})`
    : '';
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}
