import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, usesIceberg } from './dataset';
import { Emulator } from './emulator';
import { Environment } from './environment';
import { JobSessions } from './job-sessions';
import { Lake } from './lake';
import { Publication, ReadInput } from './publication';
import { Substitutes } from './substitutes';

/** Options that apply to one run of one dataset. */
export interface SingleRunOptions {
  readonly force?: true;
  readonly allow: string[];
  readonly resetContract?: true;
  readonly fromRun?: string;
  /** The run whose publication becomes current again. Valid only for Iceberg tables, and without other options. */
  readonly rollbackTo?: string;
  /** The date in the URL, such as 2026-11-02. */
  readonly date?: string;
}

/** A table in the run record. */
export interface RecordedTable {
  readonly name: string;
  /** The number of values in meta_rescued per column. Only set for bronze datasets. */
  readonly rescued?: Record<string, number>;
}

/** The file that run_job.py writes when the job ends. */
export interface Outcome {
  readonly exit_code: number;
  readonly error: string | null;
  readonly record: {
    readonly run_id: string;
    readonly status: string;
    readonly error: string | null;
    readonly error_code?: string | null;
    readonly tables?: RecordedTable[];
    /** The findings of the quality gates that failed but were allowed to fail. */
    readonly allowed?: string[];
    /** The warnings of the run, such as violated rules that do not fail the run. */
    readonly warnings?: string[];
    /** The inputs that were read. Set for derived datasets only. */
    readonly inputs?: ReadInput[];
    /** The run whose publication a rollback has made current again. */
    readonly rolled_back_to?: string;
  } | null;
  readonly published: Publication | null;
}

/** The maximum time for closing the record of an interrupted run, in milliseconds. */
const CLOSE_TIMEOUT = 20_000;

/** The arguments of the job with the options of this run, as `aws glue start-job-run --arguments` passes them. */
export function argumentsOf(
  dataset: Pick<Dataset, 'arguments'>,
  { force, allow, resetContract, fromRun, rollbackTo, date }: SingleRunOptions,
): Record<string, string> {
  const runOptions = {
    // Tables are rebuilt from the originals of an earlier run even if the source is unchanged.
    ...((force || fromRun !== undefined) && { force: true }),
    ...(allow.length > 0 && { allow }),
    ...(resetContract && { reset_contract: true }),
    ...(fromRun !== undefined && { from_run: fromRun }),
    ...(rollbackTo !== undefined && { rollback_to: rollbackTo }),
    ...(date !== undefined && { date }),
  };
  return Object.keys(runOptions).length > 0
    ? { ...dataset.arguments, '--run_options': JSON.stringify(runOptions) }
    : dataset.arguments;
}

/** The objects that a job needs on this machine. */
export interface JobContext {
  readonly sessions: JobSessions;
  readonly emulator: Emulator;
  readonly lake: Lake;
  readonly substitutes: Substitutes;
}

/** Receives the output and the progress of a job. */
export interface JobObserver {
  /** The file for the output of Spark and the job. */
  readonly log: string;
  /** Called with each line that the job prints. */
  readonly onLine: (line: string) => void;
  /** The file for the progress of the job. If it is set, the progress is not logged. See {@link JobProgress}. */
  readonly progressFile?: string;
}

/** Runs the job of a dataset and waits until it has ended. */
export async function runJob(
  dataset: Dataset,
  { sessions, emulator, lake, substitutes }: JobContext,
  { log, onLine, progressFile }: JobObserver,
): Promise<Outcome> {
  const folder = lake.newScratch(`${dataset.layer}-${dataset.dataset}`);
  const result = path.join(folder, 'result.json');
  const request = path.join(folder, 'request.json');
  const work = path.join(folder, 'job');
  const accessKey = `job-${dataset.layer}-${dataset.dataset}`;
  const environment = sessions.environmentOf(dataset);
  emulator.limit(accessKey, dataset.policies());
  fs.mkdirSync(work);
  fs.writeFileSync(log, '');
  fs.writeFileSync(request, JSON.stringify({
    job_name: dataset.job,
    script: dataset.script,
    arguments: dataset.arguments,
    bucket: dataset.bucket,
    runs: dataset.runs,
    deployments: dataset.deployments(),
    secrets: substitutes.secrets,
    buckets: substitutes.buckets,
    endpoint: emulator.endpoint,
    access_key: accessKey,
    jars: environment.jars,
    iceberg_jars: usesIceberg(dataset) ? environment.icebergJars : null,
    java_options: environment.javaOptions,
    environment: emulator.clientEnvironment,
    work,
    result,
    progress: progressFile ?? null,
  }));
  let onEnded: () => void = () => undefined;
  const ended = new Promise<void>(resolve => { onEnded = resolve; });
  await Promise.race([
    sessions.run(dataset, {
      request,
      onLine: line => {
        appendTo(log, line);
        onLine(line);
      },
      onErrorLine: line => appendTo(log, line),
      onInterrupt: () => closeRun(dataset, environment, emulator, log, onLine),
      onEnded,
    }),
    emulator.failure(),
  ]);
  const outcome = fs.existsSync(result) ? JSON.parse(fs.readFileSync(result, 'utf8')) as Outcome : outcomeFromLog(log);
  void ended.then(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return outcome;
}

/** Appends a line to a log. A full disk is ignored here, because the emulator then also ends and reports the cause. */
function appendTo(log: string, line: string): void {
  try {
    fs.appendFileSync(log, `${line}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') {
      throw error;
    }
  }
}

/** Closes the run record of a job that was interrupted, and reports how the run ended. */
async function closeRun(
  dataset: Dataset,
  environment: Environment,
  emulator: Emulator,
  log: string,
  onLine: (line: string) => void,
): Promise<void> {
  const script = path.join(LOCAL_GLUE, 'close_run.py');
  const child = new Child(environment.jobPython, [script, dataset.arguments['--names']], {
    env: cleanEnvironment({
      ...emulator.clientEnvironment,
      AWS_REGION: dataset.region,
      AWS_DEFAULT_REGION: dataset.region,
      PYTHONPATH: path.join(LOCAL_GLUE, '..'),
      TZ: 'UTC',
    }),
    log,
    onLine: line => {
      const { run_id: runId, status } = JSON.parse(line) as { run_id: string; status: string };
      onLine(status === 'published'
        ? `stopped  run ${runId} had published its tables`
        : `stopped  run ${runId} failed: RUN_KILLED. The published tables are unchanged`);
    },
  });
  const timeout = setTimeout(() => void child.stop(), CLOSE_TIMEOUT);
  await child.exit;
  clearTimeout(timeout);
}

/** The outcome of a job that was killed or did not start. */
function outcomeFromLog(log: string): Outcome {
  const lastLine = fs.readFileSync(log, 'utf8').trim().split('\n').pop();
  return { exit_code: 1, error: lastLine || 'The job ended without output.', record: null, published: null };
}
