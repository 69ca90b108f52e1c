import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, readDatasets } from './dataset';
import { setUpLake } from './environment';
import { createFolder, Failure } from './failure';
import { HistoryOptions } from './history-options';
import { JobRun } from './job-run';
import { Lake } from './lake';
import { LakeHistory } from './lake-history';
import { Progress } from './progress';
import { readValues } from './substitutes';
import { unknownMessage, unknownValuesIn } from './unknown-value';

/** The number of days for which run records are read by default. Glue keeps job runs for the same number of days. */
const HISTORY_DAYS = 90;
/** The maximum number of records that are read per dataset. */
const MAX_RECORDS = 200;
const DAY = 86_400_000;

/** The result of the command `identity` of deployed_lake.py. */
interface Identity {
  readonly account: string;
  readonly arn: string;
  readonly region: string | null;
}

/** A job run that `medallion run --deployed` started and that has ended. */
export type EndedRun = JobRun & { readonly job_run_id: string };

/** An event of a job that `medallion run --deployed` started. Each event has exactly one of these keys. */
export interface JobEvent {
  readonly job_run_id?: string;
  readonly state?: string;
  readonly line?: string;
  readonly warning?: string;
}

/** Functions that are called while a program accesses AWS. */
interface CallOptions {
  readonly onLine?: (line: string) => void;
  readonly onInterrupt?: () => Promise<void>;
}

/** The lake in AWS, which is accessed with the credentials of the user. */
export class DeployedLake {
  /**
   * Determines the account of the AWS credentials, and reads the datasets of the app.
   *
   * Fails if the app deploys to another account.
   */
  public static async open(options: HistoryOptions, progress: Progress): Promise<DeployedLake> {
    const python = await setUpLake(progress);
    createFolder(options.data, 'lake', '--data DIR');
    fs.writeFileSync(path.join(options.data, '.gitignore'), '*\n');
    const reader = Lake.read(options.data);
    const values = readValues(options.value);
    // The request for the account requires a Region. The Region of the app is used, because the credentials might not
    // have one.
    const region = options.region ?? readDatasets(options.app, values, UNKNOWN).map(each => each.region).find(Boolean);
    const lake = new DeployedLake(python, reader, [], region, options);
    const identity = await progress.during('AWS account', () => lake.call<Identity>('identity', {}));
    const environment = { account: identity.account, region: region ?? identity.region ?? '' };
    const datasets = readDatasets(options.app, values, environment);
    datasets.forEach(dataset => requireAccount(dataset, identity));
    return new DeployedLake(python, reader, datasets, environment.region, options);
  }

  private constructor(
    /** The Python interpreter of the lake's environment. */
    public readonly python: string,
    /** The folder of the local lake, for temporary files. */
    public readonly reader: Lake,
    public readonly datasets: Dataset[],
    private readonly region: string | undefined,
    private readonly options: HistoryOptions,
  ) {}

  /**
   * Copies the new records to the folder `deployed` of the local lake, and reads them.
   *
   * @param since the start of the period whose runs are needed; default: 90 days ago
   * @param datasets default: all
   * @param jobRuns whether to request the runs of the Glue jobs
   */
  public async history({ since, datasets = this.datasets, jobRuns = true }: {
    readonly since?: Date;
    readonly datasets?: Dataset[];
    readonly jobRuns?: boolean;
  } = {}): Promise<LakeHistory> {
    const start = new Date(Math.min(since?.getTime() ?? Infinity, Date.now() - HISTORY_DAYS * DAY));
    const folder = path.join(this.reader.folder, 'deployed');
    const found: Record<string, JobRun[]> = {};
    for (const region of new Set(datasets.map(each => each.region))) {
      const inRegion = datasets.filter(each => each.region === region);
      inRegion.forEach(requireKnownNames);
      Object.assign(found, await new Progress().during('Records of the lake in AWS', () =>
        this.call<Record<string, JobRun[]>>('mirror', {
          region: this.options.region ?? region,
          account: inRegion[0].account,
          folder,
          since: start.toISOString(),
          limit: MAX_RECORDS,
          job_runs: jobRuns,
          datasets: inRegion.map(({ runs, job }) => ({ runs, job })),
        })));
    }
    return new LakeHistory({ datasets: this.datasets, objects: folder, jobRuns: found, maxRecords: MAX_RECORDS });
  }

  /**
   * Runs SQL with the Athena workgroup of the lake. Ctrl-C cancels the query.
   *
   * @returns the file with the result, in the format of query.py
   */
  public async query(sql: string, json: boolean, limit?: number): Promise<string> {
    const dataset = this.datasets.find(each => sql.includes(each.tables[0].split('.')[0])) ?? this.datasets[0];
    if (!dataset) {
      throw new Failure('The app does not contain a dataset yet. Add a BronzeDataset to a stack, and deploy it.', 2);
    }
    const output = path.join(this.reader.scratch, 'athena-result');
    const region = this.options.region ?? dataset.region;
    let queryId: string | undefined;
    const workgroup = path.posix.basename(logGroupOf(dataset));
    await this.call('query', { region, workgroup, sql, output, json, limit }, {
      onLine: line => { queryId ??= line; },
      onInterrupt: async () => {
        if (queryId !== undefined) {
          await this.call('stop-query', { region, query_id: queryId });
        }
      },
    });
    return output;
  }

  /**
   * Reads a log in CloudWatch and calls `onLine` with each line.
   *
   * @param stream `output`: the log of the job, `error`: the log of Spark
   * @returns the number of lines
   */
  public async log(
    dataset: Dataset, jobRunId: string, stream: 'output' | 'error', onLine: (line: string) => void,
  ): Promise<number> {
    const region = this.options.region ?? dataset.region;
    const groups = [`${logGroupOf(dataset)}/${stream}`];
    return (await this.call<{ lines: number }>('logs', { region, groups, job_run_id: jobRunId }, { onLine })).lines;
  }

  /** Starts the job of a dataset and follows it until it ends. Ctrl-C does not stop the job. */
  public async run(
    dataset: Dataset,
    jobArguments: Record<string, string>,
    onEvent: (event: JobEvent) => void,
    onInterrupt: () => void,
  ): Promise<EndedRun> {
    requireKnownNames(dataset);
    return this.call<EndedRun>('run', {
      region: this.options.region ?? dataset.region,
      job: dataset.job,
      arguments: jobArguments,
      group: `${logGroupOf(dataset)}/output`,
    }, {
      onLine: line => onEvent(JSON.parse(line) as JobEvent),
      onInterrupt: () => Promise.resolve(onInterrupt()),
    });
  }

  /** Runs a command of deployed_lake.py. If the command fails, the last line of its output is the error message. */
  private async call<T>(command: string, request: object, { onLine, onInterrupt }: CallOptions = {}): Promise<T> {
    const file = (name: string) => path.join(this.reader.scratch, `${command}-${name}`);
    [file('result'), file('log')].forEach(each => fs.rmSync(each, { force: true }));
    const complete = { region: this.region || undefined, profile: this.options.profile, ...request };
    fs.writeFileSync(file('request'), JSON.stringify(complete));
    const script = path.join(LOCAL_GLUE, 'deployed_lake.py');
    const variables = { ...awsVariables(), PYTHONPATH: path.join(LOCAL_GLUE, '..'), TMPDIR: this.reader.scratch };
    const child = new Child(this.python, [script, command, file('request'), file('result')], {
      env: cleanEnvironment(variables),
      log: file('log'),
      onLine: onLine ?? (() => undefined),
      ...onInterrupt && { onInterrupt },
    });
    const code = await child.exit;
    if (code !== 0) {
      const lines = fs.readFileSync(file('log'), 'utf8').trim().split('\n');
      throw new Failure(lines[lines.length - 1] || `Cannot read the lake in AWS (${command}).`, code === 2 ? 2 : 1);
    }
    return (fs.existsSync(file('result')) ? JSON.parse(fs.readFileSync(file('result'), 'utf8')) : undefined) as T;
  }
}

/** Stacks without an explicit environment have no account and no Region yet. */
const UNKNOWN = { account: '', region: '' };

/** The environment variables that select the AWS credentials, the Region and the endpoints. */
function awsVariables(): Record<string, string> {
  const variables = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  return Object.fromEntries(variables) as Record<string, string>;
}

/**
 * The prefix of the log groups of the job. Its last part is the prefix of the lake, which is also the name of the
 * Athena workgroup.
 */
function logGroupOf(dataset: Dataset): string {
  return dataset.arguments['--custom-logGroup-prefix'] ?? '/aws-glue/jobs';
}

function requireAccount({ account, stack }: Dataset, identity: Identity): void {
  if (account !== identity.account) {
    throw new Failure(
      `Stack ${stack} is for the account ${account}, but the AWS credentials are for the account ${identity.account} `
        + `(${identity.arn}). Select a profile of that account with --profile or AWS_PROFILE.`,
      2,
    );
  }
}

/** Fails if the name of the job or of the bucket is only known at deployment. */
function requireKnownNames({ job, runs, dataset }: Dataset): void {
  const [unknown] = [job, runs].flatMap(unknownValuesIn);
  if (unknown) {
    throw new Failure(unknownMessage(`The name of the job or of the bucket of ${dataset}`, unknown), 2);
  }
}
