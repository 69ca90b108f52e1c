import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset } from './dataset';
import { Emulator } from './emulator';
import { Environment } from './environment';
import { Lake } from './lake';
import { Substitutes } from './substitutes';

/** What may be asked of one run. */
export interface RunRequest {
  readonly force?: true;
  readonly allow: string[];
  readonly resetContract?: true;
  readonly fromRun?: string;
}

/** A table as published.json has it. */
export interface PublishedTable {
  readonly name: string;
  readonly rows: number;
  readonly location: string;
  readonly columns: { readonly name: string; readonly type: string }[];
}

/** What the run's record says of a table that it published. */
export interface RecordedTable {
  readonly name: string;
  /** How many values of a column did not fit it and went into meta_rescued. Of bronze only. */
  readonly rescued?: Record<string, number>;
}

/** Which run of an input was read, the input as `layer/dataset`. */
export interface ReadInput {
  readonly dataset: string;
  readonly run_id: string;
}

/** What run_job.py writes when the job has ended. */
export interface Outcome {
  readonly exit_code: number;
  readonly error: string | null;
  readonly record: {
    readonly run_id: string;
    readonly status: string;
    readonly error: string | null;
    readonly tables?: RecordedTable[];
    /** Of gold only. */
    readonly inputs?: ReadInput[];
  } | null;
  readonly published: {
    readonly run_id: string;
    readonly database: string;
    readonly tables: Record<string, PublishedTable>;
  } | null;
}

/** The job's arguments, with what is asked of this one run: as `aws glue start-job-run --arguments` would give them. */
export function argumentsOf(
  dataset: Pick<Dataset, 'arguments'>,
  { force, allow, resetContract, fromRun }: RunRequest,
): Record<string, string> {
  const asked = {
    // What a run made before is to be made again, whatever the source says now.
    ...((force || fromRun !== undefined) && { force: true }),
    ...(allow.length > 0 && { allow }),
    ...(resetContract && { reset_contract: true }),
    ...(fromRun !== undefined && { from_run: fromRun }),
  };
  return Object.keys(asked).length > 0
    ? { ...dataset.arguments, '--run_options': JSON.stringify(asked) }
    : dataset.arguments;
}

/** Where a job runs. Several may run at once: each has a folder of its own. */
export interface Machine {
  readonly environment: Environment;
  readonly emulator: Emulator;
  readonly lake: Lake;
  readonly substitutes: Substitutes;
}

/**
 * Runs a dataset's job to its end, in a process of its own.
 *
 * @param log file for what Spark and the job write
 * @param onLine called with each line that the job prints
 */
export async function runJob(
  dataset: Dataset, { environment, emulator, lake, substitutes }: Machine, log: string, onLine: (line: string) => void,
): Promise<Outcome> {
  const folder = lake.newScratch(`${dataset.layer}-${dataset.dataset}`);
  const result = path.join(folder, 'result.json');
  const request = path.join(folder, 'request.json');
  const work = path.join(folder, 'job');
  fs.mkdirSync(work);
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
    jars: environment.jars,
    java_options: environment.javaOptions,
    work,
    result,
  }));
  const child = new Child(environment.jobPython, [path.join(LOCAL_GLUE, 'run_job.py'), request], {
    env: cleanEnvironment({
      ...emulator.clientEnvironment,
      AWS_REGION: dataset.region,
      AWS_DEFAULT_REGION: dataset.region,
      JAVA_HOME: environment.javaHome,
      TMPDIR: work,
      TZ: 'UTC',
    }),
    log,
    onLine: line => {
      fs.appendFileSync(log, `${line}\n`);
      onLine(line);
    },
  });
  await Promise.race([child.exit, emulator.broken()]);
  const outcome = fs.existsSync(result) ? JSON.parse(fs.readFileSync(result, 'utf8')) as Outcome : outcomeFromLog(log);
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return outcome;
}

/** Of a job that was stopped from outside, or could not begin. */
function outcomeFromLog(log: string): Outcome {
  const said = fs.readFileSync(log, 'utf8').trim().split('\n').pop();
  return { exit_code: 1, error: said || 'the job ended without a word', record: null, published: null };
}
