import { defaultConcurrency } from './concurrency';
import { Dataset, usesIceberg } from './dataset';
import { unknownValueOf } from './dataset-document';
import { DatasetRunner, defaultRules, RunnerContext, RunRules } from './dataset-runner';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS, setUpLake, setUpRun } from './environment';
import { Failure } from './failure';
import { JobSessions } from './job-sessions';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { readSubstitutes, requireBuckets, Substitutes } from './substitutes';
import { changedSinceSynth, synthesize } from './synth';
import { usesSpark } from './uses-spark';

/** The options of all runs. */
export interface SessionOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly jobs?: number;
  readonly secret: string[];
  readonly bucket: string[];
  readonly value: string[];
  readonly glueVersion?: string;
  readonly stack?: string;
  /** Run `cdk synth` first. */
  readonly synth?: true;
}

/** Synthesizes the app if requested, and warns if a file of the app has changed since the last synthesis. */
export function prepareAssembly({ app, data, synth }: SessionOptions, progress: Progress): void {
  if (synth) {
    synthesize(app);
  }
  const changed = changedSinceSynth(app, data);
  if (changed !== undefined) {
    progress.line(
      `${paint('red', 'warning')}: ${changed} has changed since \`cdk synth\`, and this run does not use the change. `
        + 'Run `npx cdk synth`, or add --synth.',
    );
  }
}

/** Applies `--glue-version` to a dataset. Fails if local runs do not support the Glue version. */
export function withGlueVersion(dataset: Dataset, options: Pick<SessionOptions, 'glueVersion'>): Dataset {
  const glueVersion = options.glueVersion ?? dataset.glueVersion;
  if (!(glueVersion in GLUE_VERSIONS)) {
    const supported = Object.keys(GLUE_VERSIONS).join(', ');
    throw new Failure(
      `Dataset ${dataset.dataset} uses Glue ${glueVersion}, which is not supported for local runs. `
        + `Add --glue-version with a supported version: ${supported}.`,
      2,
    );
  }
  return { ...dataset, glueVersion };
}

/** The datasets that run in a session, and the objects that they use. */
export interface SessionProps {
  /** The datasets, each after its inputs. */
  readonly order: Dataset[];
  readonly lake: Lake;
  readonly progress: Progress;
  readonly rules?: RunRules;
  /** Whether the jobs run without the source buckets, because they read stored originals or snapshots. */
  readonly needsNoBuckets?: boolean;
}

/** The local substitutes for AWS services while a command runs datasets: S3, Glue and secrets. */
export class RunSession {
  /**
   * Starts the S3 emulator, and starts Spark for the first dataset that uses Spark.
   *
   * @param max the maximum number of jobs that run at the same time, which is also the maximum number of JVMs
   */
  public static async open(
    { order, lake, progress, needsNoBuckets }: SessionProps, options: SessionOptions, max: number, warmsUp = false,
  ): Promise<RunSession> {
    const substitutes = readSubstitutes(options.secret, options.bucket);
    const environments: Record<string, Environment> = {};
    if (!needsNoBuckets) {
      requireAllBuckets(order, substitutes);
    }
    await setUpEnvironments(environments, order, progress);
    const python = await setUpLake(progress);
    const sessions = new JobSessions(environments, lake, max, warmsUp);
    // Spark starts in parallel with the emulator and with datasets that do not use Spark.
    new Set([order.at(0), order.find(usesSpark)]).forEach(dataset => dataset && sessions.prepare(dataset));
    const emulator = await Emulator.start(python, lake);
    return new RunSession(python, { sessions, emulator, lake, substitutes, progress }, environments);
  }

  /** @param python the Python interpreter that reads the lake */
  private constructor(
    public readonly python: string,
    private readonly context: RunnerContext,
    private readonly environments: Record<string, Environment>,
  ) {}

  /** Sets up the environments of datasets that were not known when the session was opened. */
  public async add(order: Dataset[]): Promise<void> {
    requireAllBuckets(order, this.context.substitutes);
    await setUpEnvironments(this.environments, order, this.context.progress);
  }

  /** Rejects if the S3 emulator ends unexpectedly. */
  public failure(): Promise<never> {
    return this.context.emulator.failure();
  }

  /** Starts Spark for datasets in advance, so that their next runs do not wait for it. */
  public async prepare(datasets: Dataset[]): Promise<void> {
    const supported = datasets.filter(({ glueVersion }) => glueVersion in GLUE_VERSIONS);
    await setUpEnvironments(this.environments, supported, this.context.progress);
    supported.forEach(dataset => this.context.sessions.prepare(dataset));
  }

  /** @param order the datasets, each after its inputs */
  public runner(order: Dataset[], rules: RunRules = defaultRules(order, this.context.lake)): DatasetRunner {
    return new DatasetRunner(order, this.context, rules);
  }

  public async close(): Promise<void> {
    await Promise.all([this.context.sessions.stop(), this.context.emulator.stop()]);
  }
}

/** Opens a session, does the work, and closes the session. */
export async function inSession<T>(
  props: SessionProps,
  options: SessionOptions,
  work: (runner: DatasetRunner, python: string) => Promise<T>,
): Promise<T> {
  const session = await RunSession.open(props, options, options.jobs ?? defaultConcurrency());
  try {
    return await work(session.runner(props.order, props.rules), session.python);
  } finally {
    await session.close();
  }
}

function requireAllBuckets(order: Dataset[], substitutes: Substitutes): void {
  order.filter(dataset => unknownValueOf(dataset) === undefined).forEach(each => requireBuckets(each, substitutes));
}

/** Sets up the environments of datasets, by Glue version. */
async function setUpEnvironments(
  environments: Record<string, Environment>, order: Dataset[], progress: Progress,
): Promise<void> {
  for (const version of new Set(order.map(dataset => dataset.glueVersion))) {
    const needsIceberg = order.some(dataset => dataset.glueVersion === version && usesIceberg(dataset));
    if (environments[version] === undefined || (needsIceberg && environments[version].icebergJars === undefined)) {
      environments[version] = await setUpRun(version, progress, needsIceberg);
    }
  }
}
