import { Dataset, usesIceberg } from './dataset';
import { unknownValueOf } from './dataset-document';
import { DatasetRunner, defaultRules, RunRules } from './dataset-runner';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS, setUpLake, setUpRun } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { readSubstitutes, requireBuckets } from './substitutes';
import { changedSinceSynth, synthesize } from './synth';

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

/** What the datasets of a command run with. */
export interface Session {
  readonly runner: DatasetRunner;
  /** The Python interpreter that reads the lake. */
  readonly python: string;
}

/** Synthesizes the app if requested, and warns if a file of the app has changed since then. */
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

/** The dataset with the Glue version of `--glue-version`. Fails if it cannot run on this machine. */
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

/** What runs in a session. */
export interface SessionProps {
  /** The datasets, each after its inputs. */
  readonly order: Dataset[];
  readonly lake: Lake;
  readonly progress: Progress;
  readonly rules?: RunRules;
  /** Whether the buckets of the sources are not read. */
  readonly needsNoBuckets?: boolean;
}

/** Starts the S3 emulator, does the work, and stops the emulator. */
export async function inSession<T>(
  { order, lake, progress, rules = defaultRules(order, lake), needsNoBuckets }: SessionProps,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const substitutes = readSubstitutes(options.secret, options.bucket);
  if (!needsNoBuckets) {
    order.filter(dataset => unknownValueOf(dataset) === undefined).forEach(each => requireBuckets(each, substitutes));
  }
  const environments: Record<string, Environment> = {};
  for (const version of new Set(order.map(dataset => dataset.glueVersion))) {
    const needsIceberg = order.some(dataset => dataset.glueVersion === version && usesIceberg(dataset));
    environments[version] = await setUpRun(version, progress, needsIceberg);
  }
  const python = await setUpLake(progress);
  const emulator = await Emulator.start(python, lake);
  try {
    const context = { environments, emulator, lake, substitutes, progress };
    return await work({ runner: new DatasetRunner(order, context, rules), python });
  } finally {
    await emulator.stop();
  }
}
