import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import {
  Alerts, BronzeDataset, DataSizeCategory, EtlCore, EtlPipeline, EtlPipelineProps, Freshness, GoldDataset, IDataset,
  Source, TableFormat, Transform,
} from '../../src';
import { readStacks, resourcesOf } from '../../src/cli/assembly';
import { interrupt } from '../../src/cli/child';
import { resolve } from '../../src/cli/intrinsics';
import { DatasetResult } from '../../src/cli/pipeline-result';
import { Progress } from '../../src/cli/progress';
import { temporaryFolder } from '../cli/assembly-fixture';
import { Aws } from '../deploy/aws';
import { ACCOUNT, clientEnvironment, REGION, setUpPython, startEmulator } from '../deploy/emulator';

/** The factor that shortens the waits of state machines and the duration of simulated runs. */
const SCALE = 0.004;

/** Stays below the limit of resources in a stack. */
const DATASETS_PER_STACK = 100;

/** One attempt of a simulated run. See glue-templates/tests/deploy/played_glue.py. */
export interface PlayedRun {
  readonly state?: 'SUCCEEDED' | 'FAILED' | 'TIMEOUT' | 'STOPPED';
  readonly seconds?: number;
  readonly status?: 'published' | 'unchanged';
  readonly rows?: number;
  readonly error?: string;
  readonly schema_changes?: boolean;
  readonly record?: false | 'large';
  readonly command?: string[];
}

/** What happens in the next executions. */
export interface Script {
  /** The attempts of the runs of a dataset, or the state in which the crawls of a crawler end. */
  readonly [name: string]: PlayedRun[] | string | { readonly [call: string]: number } | number | undefined;
  readonly throttled?: { readonly [call: string]: number };
  readonly list_delay?: number;
}

/** An ended execution of a pipeline. */
export interface Outcome {
  readonly arn: string;
  readonly status: string;
  readonly error?: string;
  /** The output or the cause, as text. */
  readonly text: string;
  readonly datasets: DatasetResult[];
}

/** The inputs of each dataset, keyed by `layer/dataset`. Datasets come after their inputs. */
export interface Inputs {
  readonly [dataset: string]: string[];
}

/** The alerts of the lake, and the settings of all its datasets. */
export interface LakeSettings {
  readonly alerts?: Alerts;
  readonly freshness?: Freshness;
  readonly tableFormat?: TableFormat;
}

/** A lake in the emulator: its state machines run, and its Glue jobs are simulated. */
export class PlayedLake {
  /** Starts an emulator. */
  static async start(): Promise<PlayedLake> {
    const folder = temporaryFolder();
    const python = await setUpPython(new Progress());
    const log = path.join(folder, 'emulator.log');
    const endpoint = await startEmulator(python, folder, log, PlayedLake.environment(folder));
    return new PlayedLake(folder, new Aws(python, clientEnvironment(endpoint)), endpoint);
  }

  /** The environment variables of an emulator whose script and logs are in a folder. */
  static environment(folder: string): { [name: string]: string } {
    return {
      PLAYED_RUNS: path.join(folder, 'script.json'),
      PLAYED_LOG: path.join(folder, 'log.jsonl'),
      COUNTS: path.join(folder, 'counts.json'),
      SFN_WAIT_SCALE: String(SCALE),
    };
  }

  /**
   * @param folder the folder of the emulator
   * @param aws a client of the emulator
   * @param endpoint the endpoint of the emulator
   */
  constructor(readonly folder: string, private readonly aws: Aws, readonly endpoint: string) {}

  async stop(): Promise<void> {
    this.aws.close();
    await interrupt();
  }

  /** Creates the jobs, crawlers and state machines of a lake with one pipeline, named daily. */
  async create(
    prefix: string,
    inputs: Inputs,
    props: Partial<EtlPipelineProps> = {},
    { alerts, freshness, tableFormat }: LakeSettings = {},
  ): Promise<void> {
    const app = new App({ outdir: path.join(this.folder, prefix) });
    const env = { account: ACCOUNT, region: REGION };
    const coreStack = new Stack(app, 'Lake', { env });
    const core = new EtlCore(coreStack, 'Core', { resourcePrefix: prefix, alerts, tableFormat });
    const datasets = new Map<string, IDataset>();
    let stack = coreStack;
    for (const [name, names] of Object.entries(inputs)) {
      if (datasets.size % DATASETS_PER_STACK === 0) {
        stack = new Stack(app, `Datasets${datasets.size}`, { env });
      }
      const [layer, dataset] = name.split('/');
      const common = { core, dataset, dataSizeCategory: DataSizeCategory.SMALL, freshness };
      datasets.set(name, layer === 'bronze'
        ? new BronzeDataset(stack, name, { ...common, source: Source.url('https://example.org/a.csv') })
        : new GoldDataset(stack, name, {
          ...common, inputs: names.map(each => datasets.get(each)!), transform: Transform.sql('SELECT 1 AS one'),
        }));
    }
    new EtlPipeline(coreStack, 'Daily', { core, datasets: [...datasets.values()], ...props });
    app.synth();
    await this.call('s3', 'create_bucket', { Bucket: `${prefix}-${ACCOUNT}` });
    await this.deploy(app.outdir);
  }

  /** Creates the jobs, crawlers and state machines of an app. */
  async deploy(assembly: string): Promise<void> {
    for (const stack of readStacks(assembly, {})) {
      const all = (type: string) => resourcesOf(stack, type).map(([, { Properties }]) =>
        Object.fromEntries(Object.entries(Properties ?? {}).map(([name, value]) => [name, resolve(value, stack)]))) as
          { [property: string]: any }[];
      for (const { Name, Role, Command, DefaultArguments, MaxRetries } of all('AWS::Glue::Job')) {
        await this.call('glue', 'create_job', { Name, Role, Command, DefaultArguments, MaxRetries });
      }
      for (const { Name, Role, DatabaseName, Targets } of all('AWS::Glue::Crawler')) {
        await this.call('glue', 'create_crawler', { Name, Role, DatabaseName, Targets });
      }
      for (const { StateMachineName, DefinitionString } of all('AWS::StepFunctions::StateMachine')) {
        await this.call('stepfunctions', 'create_state_machine', {
          name: StateMachineName, definition: DefinitionString, roleArn: `arn:aws:iam::${ACCOUNT}:role/any`,
        });
      }
    }
  }

  /** Sets what happens from now on. Datasets are `layer/dataset`, crawlers `layer/dataset-crawler`. */
  play(prefix: string, script: Script): void {
    const named = Object.entries(script).map(([key, value]) =>
      [key.includes('/') ? `${prefix}-${key.replace('/', '-')}` : key, value]);
    fs.writeFileSync(path.join(this.folder, 'script.json'), JSON.stringify(Object.fromEntries(named)));
  }

  /** Starts the job of a dataset outside of the pipeline, as a person can do. */
  async startJob(prefix: string, dataset: string): Promise<void> {
    await this.call('glue', 'start_job_run', { JobName: `${prefix}-${dataset.replace('/', '-')}` });
  }

  async startCrawler(prefix: string, dataset: string): Promise<void> {
    await this.call('glue', 'start_crawler', { Name: `${prefix}-${dataset.replace('/', '-')}-crawler` });
  }

  async call(service: string, operation: string, parameters: object): Promise<any> {
    const result = await this.aws.call(service, operation, parameters);
    if ('error' in result) {
      throw new Error(`${service}.${operation}: ${result.error}`);
    }
    return result.response;
  }

  machine(prefix: string, name = 'daily'): string {
    return `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${prefix}-${name}`;
  }

  /** Starts an execution of the pipeline. */
  async startExecution(prefix: string, input: object = {}): Promise<string> {
    const { executionArn } = await this.call('stepfunctions', 'start_execution', {
      stateMachineArn: this.machine(prefix), input: JSON.stringify(input),
    });
    return executionArn;
  }

  /** Waits until an execution ends. */
  async end(arn: string, timeoutSeconds = 120): Promise<Outcome> {
    const deadline = Date.now() + timeoutSeconds * 1000;
    for (;;) {
      const { status, output, error, cause } = await this.call(
        'stepfunctions', 'describe_execution', { executionArn: arn },
      );
      if (status !== 'RUNNING') {
        const text = status === 'SUCCEEDED' ? output : cause ?? '';
        const datasets = text.startsWith('{"pipeline"') ? JSON.parse(text).datasets : [];
        return { arn, status, error, text, datasets };
      }
      if (Date.now() > deadline) {
        throw new Error(`${arn} has not ended`);
      }
      await new Promise(wait => setTimeout(wait, 50));
    }
  }

  async run(prefix: string, input: object = {}): Promise<Outcome> {
    return this.end(await this.startExecution(prefix, input));
  }

  /** Runs the pipeline. Returns its outcome, and the runs and crawls that it started. */
  async round(prefix: string, input: object = {}): Promise<Outcome & { readonly started: string[] }> {
    const before = this.log(prefix).length;
    const outcome = await this.run(prefix, input);
    const started = this.log(prefix).slice(before).filter(line => line.endsWith(' start'));
    return { ...outcome, started: started.map(line => line.replace(' start', '')) };
  }

  /** The starts and ends of simulated runs and crawls, as `bronze/a start` and `bronze/a-crawler start`, in order. */
  log(prefix: string): string[] {
    const file = path.join(this.folder, 'log.jsonl');
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.filter(Boolean).map(line => JSON.parse(line))
      .filter(({ job }) => job.startsWith(`${prefix}-`))
      .map(({ job, event }) => `${job.slice(prefix.length + 1).replace('-', '/')} ${event}`);
  }

  /**
   * The counts of an execution of the only pipeline of a lake, as AWS counts: state transitions, including those of its
   * datasets, and events in the history of the execution.
   */
  async counts(prefix: string, arn: string): Promise<{ readonly events: number; readonly transitions: number }> {
    await new Promise(wait => setTimeout(wait, 500));
    const counts = JSON.parse(fs.readFileSync(path.join(this.folder, 'counts.json'), 'utf8'));
    const { startDate } = await this.call('stepfunctions', 'describe_execution', { executionArn: arn });
    const { executions } = await this.call('stepfunctions', 'list_executions', {
      stateMachineArn: this.machine(prefix, 'dataset'), maxResults: 1000,
    });
    const children = executions.filter((each: any) => new Date(each.startDate) >= new Date(startDate));
    const arns = [arn, ...children.map((each: any) => each.executionArn)];
    return {
      events: counts[arn].events,
      transitions: arns.reduce((sum, each) => sum + (counts[each]?.transitions ?? 0), 0),
    };
  }

  /** The definition of the pipeline of a lake. */
  async definition(prefix: string): Promise<string> {
    const { definition } = await this.call(
      'stepfunctions', 'describe_state_machine', { stateMachineArn: this.machine(prefix) },
    );
    return definition;
  }
}
