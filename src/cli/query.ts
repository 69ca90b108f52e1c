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

/** Rows shown to a person on a terminal. */
const SHOWN_ROWS = 40;

/** Texts, since a number of JavaScript would lose digits of a bigint or a decimal. */
type Row = (string | null)[];

/** What a query gives to a person. */
export interface QueryResult {
  readonly columns: { readonly name: string; readonly type: string }[];
  readonly rows: Row[];
}

/** Answers SQL over the tables of the lake, named as in Athena. */
export async function query(sql: string, options: { data: string; json: boolean }): Promise<void> {
  if (!sql.trim()) {
    throw new Failure('The SQL is empty. For example: npx medallion query "SELECT * FROM pp_dw_bronze.zipcodes"', 2);
  }
  if (!Lake.isLake(options.data)) {
    throw new Failure(
      `There is no lake at ${options.data}. Run a dataset first: npx medallion run DATASET. Or name its `
        + 'folder with --data DIR.',
      2,
    );
  }
  const progress = new Progress();
  const lake = Lake.open(options.data);
  const python = await setUpLake(progress);
  const emulator = await Emulator.start(python, lake);
  try {
    if (options.json) {
      // Passed through as it comes: JavaScript's numbers would change it.
      await pipeline(fs.createReadStream(await executeQuery(python, emulator, lake, sql, ['--json'])), process.stdout, {
        end: false,
      });
      return;
    }
    if (!process.stdout.isTTY) {
      await pipeline(Readable.from(tableOf(await executeQuery(python, emulator, lake, sql, []))), process.stdout, {
        end: false,
      });
      return;
    }
    const { columns, rows } = readQueryResult(
      await executeQuery(python, emulator, lake, sql, ['--limit', String(SHOWN_ROWS + 1)]),
    );
    const [heading, ...lines] = formatQueryResult({ columns, rows: rows.slice(0, SHOWN_ROWS) }, outputWidth());
    process.stdout.write([paint('bold', heading, process.stdout), ...lines, ''].join('\n'));
    if (rows.length > SHOWN_ROWS) {
      progress.line(
        paint('dim', `The first ${SHOWN_ROWS} rows. All of them: add --json, or send the output to a file.`),
      );
    }
  } finally {
    await emulator.stop();
  }
}

/** The answer in columns. */
export function formatQueryResult(answer: QueryResult, width: number): string[] {
  return formatTable(toShow(answer.columns), answer.rows, width);
}

/** An answer of few rows. */
export function readQueryResult(file: string): QueryResult {
  const [columns, ...rows] = fs.readFileSync(file, 'utf8').trim().split('\n');
  return { columns: JSON.parse(columns) as QueryResult['columns'], rows: rows.map(row => JSON.parse(row) as Row) };
}

/** The lines of a table of an answer, however long it is: it is read once for the widths and once for the rows. */
async function* tableOf(file: string): AsyncGenerator<string> {
  let table: Table | undefined;
  for await (const line of linesOf(file)) {
    if (table) {
      table.fit(JSON.parse(line) as Row);
    } else {
      table = new Table(toShow(JSON.parse(line) as QueryResult['columns']), Infinity);
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

function toShow(columns: QueryResult['columns']): Column[] {
  return columns.map(({ name, type }) => ({ name, right: /INT|DECIMAL|DOUBLE|FLOAT/.test(type) }));
}

/**
 * Has DuckDB answer.
 *
 * @param args of query.py
 * @returns the file with the answer, there until the next question
 */
export async function executeQuery(
  python: string,
  emulator: Emulator,
  lake: Lake,
  sql: string,
  args: string[],
): Promise<string> {
  const log = path.join(lake.scratch, 'query.log');
  const answer = path.join(lake.scratch, 'answer');
  const child = new Child(python, [path.join(LOCAL_GLUE, 'query.py'), ...args, '--', sql, answer], {
    env: cleanEnvironment({ ...emulator.clientEnvironment, AWS_REGION: 'us-east-1', TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  const code = await Promise.race([child.exit, emulator.broken()]);
  if (code !== 0) {
    const said = fs.readFileSync(log, 'utf8').trim();
    throw new Failure(code === 2 ? said : `The query failed: ${said.split('\n').pop() ?? ''}`, code === 2 ? 2 : 1);
  }
  return answer;
}
