import * as fs from 'fs';
import * as path from 'path';
import { Readable } from 'stream';
import { text } from 'stream/consumers';
import { pipeline } from 'stream/promises';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { DeployedLake } from './deployed-lake';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { Lake } from './lake';
import { requireDeployed } from './open-history';
import { paint, Progress } from './progress';
import { csvLines, formatQueryResult, omittedColumns, readQueryResults, tableLines, valueLines } from './query-result';
import { existingPath } from './substitutes';
import { outputWidth } from './table';

/** The maximum number of rows of each result on a terminal. */
const MAX_ROWS = 40;

const EXAMPLE = 'Example: npx medallion query "SELECT * FROM pp_dw_bronze.zipcodes"';

/** Matches SQL that uses a view of the run records, such as `medallion.runs`. run_views.py defines the views. */
const RUN_VIEWS = /\bmedallion"?\s*\.\s*"?(runs|tables|columns|lineage|rules)\b/i;

/** The options of `medallion query`. */
export interface QueryOptions extends HistoryOptions {
  readonly csv?: true;
  readonly line?: true;
  /** The file with the SQL; `-` for standard input. */
  readonly file?: string;
}

/**
 * Queries the tables of the local lake, by their names in Athena.
 *
 * @param sql the statements; undefined to read them from a file or standard input
 */
export async function query(sql: string | undefined, options: QueryOptions): Promise<void> {
  if (options.json && (options.csv || options.line)) {
    throw new Failure(`--json cannot be combined with ${options.csv ? '--csv' : '--line'}. Omit one of them.`, 2);
  }
  requireDeployed(options);
  const statements = await readSql(sql, options.file);
  const progress = new Progress();
  const execute = options.deployed
    ? await deployedQuery(statements, options, progress)
    : await localQuery(statements, options, progress);
  const isTable = !options.json && !options.csv && !options.line;
  if (isTable && process.stdout.isTTY) {
    printTables(await execute({ json: false, limit: MAX_ROWS + 1 }), progress);
    return;
  }
  const result = await execute({ json: options.json });
  // JSON is passed through unparsed, because JavaScript numbers lose digits.
  const output = options.json
    ? fs.createReadStream(result)
    : Readable.from(options.csv ? csvLines(result) : options.line ? valueLines(result) : tableLines(result));
  await pipeline(output, process.stdout, { end: false });
}

/** Runs the SQL, and returns the file with the results. */
type Execute = (options: { readonly json: boolean; readonly limit?: number }) => Promise<string>;

async function localQuery(sql: string, { data }: QueryOptions, progress: Progress): Promise<Execute> {
  Lake.require(data);
  const python = await setUpLake(progress);
  const lake = Lake.read(data);
  return options => executeQuery(python, lake, sql, argumentsOf(options));
}

/**
 * Runs the SQL with Athena. SQL that uses the views of the run records is run with DuckDB instead, on the records of
 * the deployed lake.
 */
async function deployedQuery(sql: string, options: QueryOptions, progress: Progress): Promise<Execute> {
  const lake = await DeployedLake.open(options, progress);
  if (!RUN_VIEWS.test(sql)) {
    return ({ json, limit }) => lake.query(sql, json, limit);
  }
  const history = await lake.history({ jobRuns: false });
  return each =>
    executeQuery(lake.python, lake.reader, sql, [...argumentsOf(each), '--records-only'], history.objects);
}

function argumentsOf({ json, limit }: Parameters<Execute>[0]): string[] {
  return [...json ? ['--json'] : [], ...limit === undefined ? [] : ['--limit', String(limit)]];
}

async function readSql(sql: string | undefined, file: string | undefined): Promise<string> {
  if (sql !== undefined && file !== undefined) {
    throw new Failure('The SQL is specified twice, as an argument and with --file. Omit one of them.', 2);
  }
  if (sql === undefined && (file === undefined || file === '-')) {
    if (file === undefined && process.stdin.isTTY) {
      throw new Failure(`missing required argument 'sql'. ${EXAMPLE}. Or read it from a file: --file FILE`, 2);
    }
    const input = await text(process.stdin);
    if (!input.trim()) {
      throw new Failure(`missing required argument 'sql', and standard input is empty. ${EXAMPLE}`, 2);
    }
    return input;
  }
  let statements = sql ?? '';
  if (file !== undefined) {
    statements = fs.readFileSync(existingPath('--file', file, 'file'), 'utf8').replace(/^\ufeff/, '');
  }
  if (!statements.trim()) {
    throw new Failure(file === undefined ? `The SQL is empty. ${EXAMPLE}` : `The file ${file} is empty.`, 2);
  }
  return statements;
}

/** Prints results on a terminal. */
function printTables(file: string, progress: Progress): void {
  const width = outputWidth();
  readQueryResults(file).forEach(({ columns, rows }, index) => {
    const shown = { columns, rows: rows.slice(0, MAX_ROWS) };
    const [heading, ...lines] = formatQueryResult(shown, width);
    process.stdout.write([...(index > 0 ? [''] : []), paint('bold', heading, process.stdout), ...lines, ''].join('\n'));
    const hints = [
      ...(rows.length > MAX_ROWS
        ? [`Showing the first ${MAX_ROWS} rows. For all rows, add --csv or --json, or use a pipe.`]
        : []),
      ...(omittedColumns(shown, width) > 0 ? ['For all columns, add --line.'] : []),
    ];
    hints.forEach(hint => progress.line(paint('dim', hint)));
  });
}

/**
 * Runs statements with DuckDB.
 *
 * @param args options of query.py
 * @param objects the folder that contains one folder per bucket
 * @returns the file with the results, which the next query overwrites
 */
export async function executeQuery(
  python: string, lake: Lake, sql: string, args: string[], objects = lake.objects,
): Promise<string> {
  const log = path.join(lake.scratch, 'query.log');
  const sqlFile = path.join(lake.scratch, 'query.sql');
  const result = path.join(lake.scratch, 'query-result');
  fs.writeFileSync(sqlFile, sql);
  const child = new Child(python, [path.join(LOCAL_GLUE, 'query.py'), ...args, '--', objects, sqlFile, result], {
    env: cleanEnvironment({ PYTHONPATH: path.join(LOCAL_GLUE, '..'), TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  const code = await child.exit;
  if (code !== 0) {
    const message = fs.readFileSync(log, 'utf8').trim();
    throw code === 2
      ? new Failure(message, 2)
      : new Failure(`The query failed: ${message.split('\n').pop() ?? ''}`, 1);
  }
  return result;
}
