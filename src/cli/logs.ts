import * as fs from 'fs';
import { fullName, selectDataset } from './dataset';
import { DeployedLake } from './deployed-lake';
import { oneLine } from './display-width';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { Lake } from './lake';
import { Run } from './lake-history';
import { openHistory } from './open-history';
import { Progress } from './progress';
import { relativePath } from './relative-path';

/** The options of `medallion logs`. */
export interface LogsOptions extends HistoryOptions {
  /** The ID of the run whose log is printed. Default: the last run. */
  readonly run?: string;
  readonly stack?: string;
  /** The number of lines at the end of the log. Default: all. */
  readonly tail?: number;
  /** Print the Spark log. Deployed lakes only: a local log already contains it. */
  readonly spark?: true;
}

/**
 * Prints the log of a run, with the output of Spark and of the job.
 *
 * @param name the dataset, or `layer/dataset`
 */
export async function logs(name: string, options: LogsOptions): Promise<void> {
  if (options.spark && !options.deployed) {
    throw new Failure(
      '--spark requires --deployed. The local log contains the output of both Spark and the job. Omit --spark.',
      2,
    );
  }
  const history = await openHistory(options);
  const dataset = selectDataset(history.datasets, name, options.stack);
  const run = options.run === undefined ? undefined : history.find(options.run);
  if (options.run !== undefined && run?.dataset !== dataset) {
    throw new Failure(
      `Run ${options.run} is not a run of ${fullName(dataset)}. List the runs of this dataset: npx medallion `
        + `runs ${name}.`,
      2,
    );
  }
  if (options.deployed) {
    const last = run ?? history.lastRun(dataset);
    if (!last) {
      throw new Failure(`${fullName(dataset)} has no run in the deployed lake yet.`, 1);
    }
    printLines(await deployedLines(last, options, options.spark ? 'error' : 'output'), last, options);
    return;
  }
  const file = Lake.logOf(options.data, `${dataset.layer}-${dataset.dataset}`, run?.record.run_id);
  if (file === undefined) {
    throw new Failure(run
      ? `The log of run ${run.record.run_id} no longer exists: the local lake keeps only the logs of recent runs.`
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

function printLines(all: string[], { dataset, record }: Run, { json, tail }: LogsOptions): void {
  const lines = tail === undefined ? all : all.slice(-tail);
  if (json) {
    const document = { dataset: dataset.dataset, layer: dataset.layer, job_run_id: record.job_run_id, lines };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stdout.write(lines.map(line => `${printable(line)}\n`).join(''));
  }
}

/** The log of a job run in CloudWatch. A run that ended before it printed a line has only a Spark log. */
async function deployedLines(run: Run, options: HistoryOptions, stream: 'output' | 'error'): Promise<string[]> {
  const jobRunId = run.record.job_run_id;
  if (jobRunId === undefined) {
    throw new Failure(
      `The record of run ${run.record.run_id} does not contain the ID of its Glue job run, so its log cannot be found.`,
      1,
    );
  }
  const lake = await DeployedLake.open(options, new Progress());
  const lines: string[] = [];
  const read = (each: 'output' | 'error') => lake.log(run.dataset, jobRunId, each, line => lines.push(line));
  if (await read(stream) === 0 && (stream === 'error' || await read('error') === 0)) {
    throw new Failure(
      `Run ${run.record.run_id} has no log in CloudWatch: it has expired, or the job run ${jobRunId} printed nothing.`,
      1,
    );
  }
  return lines;
}

/** The log of a run. Fails if it no longer exists. */
export async function logLines(run: Run, options: HistoryOptions): Promise<string[]> {
  if (options.deployed) {
    return (await deployedLines(run, options, 'output')).map(printable);
  }
  const file = localLogOf(run, options.data);
  if (file === undefined) {
    throw new Failure(`The log of run ${run.record.run_id} no longer exists.`, 1);
  }
  return linesIn(file).map(printable);
}

/** The file with the log of a run. Undefined if it no longer exists. */
export function localLogOf({ dataset, record }: Run, data: string): string | undefined {
  return Lake.logOf(data, `${dataset.layer}-${dataset.dataset}`, record.run_id);
}

function linesIn(file: string): string[] {
  return fs.readFileSync(file, 'utf8').replace(/\n$/, '').split('\n');
}

/** On a terminal, removes control characters from a line. For other outputs, the line is unchanged. */
function printable(line: string): string {
  return process.stdout.isTTY ? line.split('\t').map(oneLine).join('\t') : line;
}
