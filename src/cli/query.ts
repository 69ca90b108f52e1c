import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Emulator } from './emulator';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { Column, formatTable, outputWidth, Table } from './table';

/** The maximum number of rows on a terminal. */
const MAX_ROWS = 40;

/** Values as text: a JavaScript number loses digits of a bigint or a decimal. */
type Row = (string | null)[];

/** The result of a query for text output. */
export interface QueryResult {
  readonly columns: { readonly name: string; readonly type: string }[];
  readonly rows: Row[];
}

/** Queries the tables of the local lake, by their names in Athena. */
export async function query(sql: string, options: { data: string; json: boolean }): Promise<void> {
  if (!sql.trim()) {
    throw new Failure('The SQL is empty. Example: npx medallion query "SELECT * FROM pp_dw_bronze.zipcodes"', 2);
  }
  if (!Lake.isLake(options.data)) {
    throw new Failure(
      `${options.data} does not contain a local lake. Run a dataset first: npx medallion run DATASET. Or set the `
        + 'folder of the lake with --data DIR.',
      2,
    );
  }
  const progress = new Progress();
  const lake = Lake.open(options.data);
  const python = await setUpLake(progress);
  const emulator = await Emulator.start(python, lake);
  try {
    if (options.json) {
      // Passed through unparsed, because JavaScript numbers lose digits.
      await pipeline(fs.createReadStream(await executeQuery(python, emulator, lake, sql, ['--json'])), process.stdout, {
        end: false,
      });
      return;
    }
    if (!process.stdout.isTTY) {
      await pipeline(Readable.from(tableLines(await executeQuery(python, emulator, lake, sql, []))), process.stdout, {
        end: false,
      });
      return;
    }
    const { columns, rows } = readQueryResult(
      await executeQuery(python, emulator, lake, sql, ['--limit', String(MAX_ROWS + 1)]),
    );
    const [heading, ...lines] = formatQueryResult({ columns, rows: rows.slice(0, MAX_ROWS) }, outputWidth());
    process.stdout.write([paint('bold', heading, process.stdout), ...lines, ''].join('\n'));
    if (rows.length > MAX_ROWS) {
      progress.line(
        paint('dim', `Showing the first ${MAX_ROWS} rows. For all rows, add --json or redirect the output to a file.`),
      );
    }
  } finally {
    await emulator.stop();
  }
}

/** The result as a text table. */
export function formatQueryResult(result: QueryResult, width: number): string[] {
  return formatTable(displayColumns(result.columns), result.rows, width);
}

/** Reads a result that fits in memory. */
export function readQueryResult(file: string): QueryResult {
  const [columns, ...rows] = fs.readFileSync(file, 'utf8').trim().split('\n');
  return { columns: JSON.parse(columns) as QueryResult['columns'], rows: rows.map(row => JSON.parse(row) as Row) };
}

/** The text table of a result of any size. Reads the file twice: for the column widths, then for the rows. */
async function* tableLines(file: string): AsyncGenerator<string> {
  let table: Table | undefined;
  for await (const line of linesOf(file)) {
    if (table) {
      table.fit(JSON.parse(line) as Row);
    } else {
      table = new Table(displayColumns(JSON.parse(line) as QueryResult['columns']), Infinity);
    }
  }
  let first = true;
  for await (const line of linesOf(file)) {
    yield `${first ? table?.heading() : table?.line(JSON.parse(line) as Row)}\n`;
    first = false;
  }
}

function linesOf(file: string): readline.Interface {
  return readline.createInterface({ input: fs.createReadStream(file) });
}

function displayColumns(columns: QueryResult['columns']): Column[] {
  return columns.map(({ name, type }) => ({ name, right: /INT|DECIMAL|DOUBLE|FLOAT/.test(type) }));
}

/**
 * Runs a query with DuckDB.
 *
 * @param args options of query.py
 * @returns the file with the result, which the next query overwrites
 */
export async function executeQuery(
  python: string,
  emulator: Emulator,
  lake: Lake,
  sql: string,
  args: string[],
): Promise<string> {
  const log = path.join(lake.scratch, 'query.log');
  const result = path.join(lake.scratch, 'query-result');
  const child = new Child(python, [path.join(LOCAL_GLUE, 'query.py'), ...args, '--', sql, result], {
    env: cleanEnvironment({ ...emulator.clientEnvironment, AWS_REGION: 'us-east-1', TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  const code = await Promise.race([child.exit, emulator.failure()]);
  if (code !== 0) {
    const message = fs.readFileSync(log, 'utf8').trim();
    throw code === 2
      ? new Failure(message, 2)
      : new Failure(`The query failed: ${message.split('\n').pop() ?? ''}`, 1);
  }
  return result;
}
