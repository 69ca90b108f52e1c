import * as fs from 'fs';
import { fullName, selectDataset } from './dataset';
import { oneLine } from './display-width';
import { Failure } from './failure';
import { HistoryOptions, openHistory } from './history-options';
import { Lake } from './lake';
import { Run } from './lake-history';
import { relativePath } from './relative-path';

/** The options of `medallion logs`. */
export interface LogsOptions extends HistoryOptions {
  /** Default: the last run. */
  readonly run?: string;
  readonly stack?: string;
  /** The number of lines at the end of the log. Default: all. */
  readonly tail?: number;
}

/**
 * Prints the log of a run: of Spark and the job.
 *
 * @param name the dataset, or `layer/dataset`
 */
export async function logs(name: string, options: LogsOptions): Promise<void> {
  const history = await openHistory(options);
  const dataset = selectDataset(history.datasets, name, options.stack);
  const run = options.run === undefined ? undefined : history.find(options.run);
  if (options.run !== undefined && run?.dataset !== dataset) {
    throw new Failure(
      `Run ${options.run} is not a run of ${fullName(dataset)}. List its runs: npx medallion runs ${name}.`,
      2,
    );
  }
  const file = Lake.logOf(options.data, `${dataset.layer}-${dataset.dataset}`, run?.record.run_id);
  if (file === undefined) {
    throw new Failure(run
      ? `The log of run ${run.record.run_id} does not exist any more: the local lake keeps the logs of recent runs.`
      : `${fullName(dataset)} has no log in ${options.data} yet. Run the dataset: npx medallion run ${name}. Or set `
        + 'the folder of the lake with --data DIR.', 1);
  }
  const all = linesIn(file);
  const lines = options.tail === undefined ? all : all.slice(-options.tail);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ dataset: dataset.dataset, layer: dataset.layer, file, lines })}\n`);
  } else {
    process.stderr.write(`${relativePath(file)}\n`);
    process.stdout.write(lines.map(line => `${printable(line)}\n`).join(''));
  }
}

/** The log of a run. Fails if it does not exist any more. */
export async function logLines(run: Run, { data }: Pick<LogsOptions, 'data'>): Promise<string[]> {
  const file = localLogOf(run, data);
  if (file === undefined) {
    throw new Failure(`The log of run ${run.record.run_id} does not exist any more.`, 1);
  }
  return Promise.resolve(linesIn(file).map(printable));
}

/** The file with the log of a run. Undefined if it does not exist any more. */
export function localLogOf({ dataset, record }: Run, data: string): string | undefined {
  return Lake.logOf(data, `${dataset.layer}-${dataset.dataset}`, record.run_id);
}

function linesIn(file: string): string[] {
  return fs.readFileSync(file, 'utf8').replace(/\n$/, '').split('\n');
}

/** A line without characters that change the terminal. On other outputs, the line is unchanged. */
function printable(line: string): string {
  return process.stdout.isTTY ? line.split('\t').map(oneLine).join('\t') : line;
}
