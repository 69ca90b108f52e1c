import * as fs from 'fs';
import * as readline from 'readline';
import { displayWidth, oneLine, pad } from './display-width';
import { Column, formatTable, Table } from './table';

/** The values of a row as text, because JavaScript numbers lose digits of a bigint or a decimal. */
type Row = (string | null)[];

/** A column of a result, with its type in DuckDB. */
interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** The result of a statement. */
export interface QueryResult {
  readonly columns: ResultColumn[];
  readonly rows: Row[];
}

/** How NULL is shown in a table. The string `NULL` looks the same; `--csv` and `--json` distinguish the two. */
const NULL = 'NULL';

/** Reads all results from the file that query.py writes. They must fit in memory. */
export function readQueryResults(file: string): QueryResult[] {
  const results: { columns: ResultColumn[]; rows: Row[] }[] = [];
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const columns = columnsOf(line);
    if (columns) {
      results.push({ columns, rows: [] });
    } else if (line) {
      results[results.length - 1].rows.push(JSON.parse(line) as Row);
    }
  }
  return results;
}

/** The result as a text table. */
export function formatQueryResult(result: QueryResult, width: number): string[] {
  return formatTable(displayColumns(result.columns), result.rows.map(displayRow), width);
}

/** The number of columns that do not fit into a text table of this width. */
export function omittedColumns(result: QueryResult, width: number): number {
  const table = new Table(displayColumns(result.columns), width);
  result.rows.forEach(row => table.fit(displayRow(row)));
  return table.omitted;
}

/** The text tables of results of any size. Reads the file twice: for the column widths, then for the rows. */
export async function* tableLines(file: string): AsyncGenerator<string> {
  const tables: Table[] = [];
  for await (const line of linesOf(file)) {
    const columns = columnsOf(line);
    if (columns) {
      tables.push(new Table(displayColumns(columns), Infinity));
    } else {
      tables[tables.length - 1].fit(displayRow(JSON.parse(line) as Row));
    }
  }
  let number = -1;
  for await (const line of linesOf(file)) {
    if (columnsOf(line)) {
      number++;
      yield `${number > 0 ? '\n' : ''}${tables[number].heading()}\n`;
    } else {
      yield `${tables[number].line(displayRow(JSON.parse(line) as Row))}\n`;
    }
  }
}

/** One line per value, and an empty line between rows. */
export async function* valueLines(file: string): AsyncGenerator<string> {
  let columns: ResultColumn[] = [];
  let isFirst = true;
  for await (const line of linesOf(file)) {
    const next = columnsOf(line);
    if (next) {
      columns = next;
      continue;
    }
    const row = JSON.parse(line) as Row;
    const width = Math.max(...columns.map(({ name }) => displayWidth(oneLine(name))));
    yield isFirst ? '' : '\n';
    yield* columns.map(({ name }, index) => `${pad(oneLine(name), width)}  ${oneLine(row[index] ?? NULL)}\n`);
    isFirst = false;
  }
}

/** CSV as in RFC 4180, with a header. NULL is an empty field, and an empty string is `""`. */
export async function* csvLines(file: string): AsyncGenerator<string> {
  let isFirst = true;
  for await (const line of linesOf(file)) {
    const columns = columnsOf(line);
    const fields = columns ? columns.map(({ name }) => name) : JSON.parse(line) as Row;
    yield columns && !isFirst ? '\n' : '';
    yield `${fields.map(csvField).join(',')}\n`;
    isFirst = false;
  }
}

function csvField(value: string | null): string {
  return value === null ? '' : /^$|[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** The columns of a new result. Undefined if the line is a row. */
function columnsOf(line: string): ResultColumn[] | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as { columns: ResultColumn[] }).columns : undefined;
}

function linesOf(file: string): readline.Interface {
  return readline.createInterface({ input: fs.createReadStream(file) });
}

function displayRow(row: Row): string[] {
  return row.map(value => value ?? NULL);
}

const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)|DOUBLE|FLOAT)$/;

function displayColumns(columns: ResultColumn[]): Column[] {
  return columns.map(({ name, type }) => ({ name, right: NUMBER_TYPE.test(type) }));
}
