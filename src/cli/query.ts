import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Emulator } from './emulator';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { formatTable, outputWidth } from './table';

/** Rows shown to a person on a terminal. */
const SHOWN_ROWS = 40;

/** What a query gives to a person. */
export interface Answer {
  readonly columns: { readonly name: string; readonly type: string }[];
  /** Texts, since a number of JavaScript would lose digits of a bigint or a decimal. */
  readonly rows: (string | null)[][];
  /** Whether there are more rows than were asked for. */
  readonly more: boolean;
}

/** Answers SQL over the tables of the lake, named as in Athena. */
export async function query(sql: string, options: { data: string; json: boolean }): Promise<void> {
  if (!Lake.isLake(options.data)) {
    throw new Failure(`There is no lake at ${options.data}. Run a dataset first: npx medallion run DATASET`, 2);
  }
  const progress = new Progress();
  const python = await setUpLake(progress);
  const lake = Lake.open(options.data);
  const emulator = await Emulator.start(python, lake);
  try {
    if (options.json) {
      // Passed through as it comes: JavaScript's numbers would change it.
      process.stdout.write(`${await ask(python, emulator, lake, sql, ['--json'])}\n`);
      return;
    }
    const limit = process.stdout.isTTY ? ['--limit', String(SHOWN_ROWS)] : [];
    const answer = JSON.parse(await ask(python, emulator, lake, sql, limit)) as Answer;
    const width = outputWidth();
    const [heading, ...rows] = formatAnswer(answer, width);
    process.stdout.write([paint('bold', heading, process.stdout), ...rows, ''].join('\n'));
    if (answer.more) {
      progress.line(paint('dim', `The first ${SHOWN_ROWS} rows. All of them: add --json, or send the output to a file.`));
    }
  } finally {
    await emulator.stop();
  }
}

/** The answer in columns. */
export function formatAnswer(answer: Answer, width: number): string[] {
  const columns = answer.columns.map(({ name, type }) => ({ name, right: /INT|DECIMAL|DOUBLE|FLOAT/.test(type) }));
  return formatTable(columns, answer.rows, width);
}

/**
 * Has DuckDB answer.
 *
 * @param args of query.py
 * @returns what it printed
 */
export async function ask(python: string, emulator: Emulator, lake: Lake, sql: string, args: string[]): Promise<string> {
  const log = path.join(lake.scratch, 'query.log');
  const lines: string[] = [];
  const child = new Child(python, [path.join(LOCAL_GLUE, 'query.py'), ...args, sql], {
    env: cleanEnvironment({ ...emulator.clientEnvironment, AWS_REGION: 'us-east-1', TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: line => lines.push(line),
  });
  const code = await Promise.race([child.exit, emulator.broken()]);
  if (code !== 0) {
    const said = fs.readFileSync(log, 'utf8').trim();
    throw new Failure(code === 2 ? said : `The query failed: ${said.split('\n').pop() ?? ''}`, code === 2 ? 2 : 1);
  }
  return lines.join('\n');
}
