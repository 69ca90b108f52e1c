import * as path from 'path';
import { runConcurrently } from './concurrency';
import { Dataset, fullName } from './dataset';
import { unknownValueOf } from './dataset-document';
import { Emulator } from './emulator';
import { GLUE_VERSIONS } from './environment';
import { JobProgress } from './job-progress';
import { JobSessions } from './job-sessions';
import { Lake } from './lake';
import { withLocalCommands } from './local-command';
import { Ended } from './pipeline-rules';
import { paint, Progress, statusMark } from './progress';
import { relativePath } from './relative-path';
import { hasSucceeded, Result, resultOf, skippedInPipeline, skippedResult, unknownValueResult } from './result';
import { runJob } from './run-job';
import { keepPublication } from './stored-publications';
import { Substitutes } from './substitutes';
import { PipelineNode } from '../private/state-machines/pipeline-machine';

/** The objects that all runs of a command share. */
export interface RunnerContext {
  readonly sessions: JobSessions;
  readonly emulator: Emulator;
  readonly lake: Lake;
  readonly substitutes: Substitutes;
  readonly progress: Progress;
}

/** The rules that decide which jobs of a command start. */
export interface RunRules {
  /** The datasets, each after its inputs. */
  readonly nodes: PipelineNode[];
  /** The datasets that have already ended and do not run. */
  readonly done: ReadonlyMap<string, Ended>;
  /** Whether a dataset still runs if an input has failed. It then reads the published tables of this input. */
  readonly usesPublished: boolean;
  /** The name of a dataset in `nodes`. It is unique. */
  nameOf(dataset: Dataset): string;
  /**
   * The result of a dataset whose job does not start. Undefined if the job starts.
   *
   * @param results the results so far, keyed by dataset name
   */
  resultWithoutJob(dataset: Dataset, results: ReadonlyMap<string, Result>): Result | undefined;
}

/**
 * The rules for datasets that are not run as a pipeline: all jobs start, except jobs with an input that has no
 * published table.
 */
export function defaultRules(order: Dataset[], lake: Lake): RunRules {
  const members = new Set(order.map(({ runs }) => runs));
  return {
    nameOf: ({ runs }) => runs,
    nodes: order.map(({ runs, inputs }) =>
      ({ dataset: runs, inputs: inputs.map(input => input.runs).filter(input => members.has(input)) })),
    done: new Map(),
    usesPublished: true,
    resultWithoutJob: (dataset, results) => {
      const missing = dataset.inputs
        .filter(input => !lake.hasTable(input.runs))
        .flatMap(input => results.get(input.runs) ?? []);
      return missing.length > 0 ? skippedResult(dataset, missing) : undefined;
    },
  };
}

/** Runs the datasets of one command and reports their progress. */
export class DatasetRunner {
  private readonly results = new Map<string, Result>();
  /** The progress of each running job, keyed by the label of its dataset. Undefined if there is no terminal. */
  private readonly running = new Map<string, JobProgress | undefined>();

  /**
   * @param order the datasets, each after its inputs
   */
  public constructor(
    private readonly order: Dataset[],
    private readonly context: RunnerContext,
    private readonly rules: RunRules = defaultRules(order, context.lake),
  ) {}

  /**
   * Runs the datasets concurrently.
   *
   * @param jobs the maximum number of concurrent runs
   * @returns the results in the order of the datasets
   */
  public async run(jobs: number): Promise<Result[]> {
    const { progress } = this.context;
    if (this.isSeveral) {
      progress.line(paint('dim', `${this.order.length} datasets, up to ${jobs} in parallel`));
    }
    const { nodes, done, usesPublished, nameOf } = this.rules;
    const datasets = new Map(this.order.map(dataset => [nameOf(dataset), dataset]));
    const datasetOf = (name: string) => datasets.get(name)!;
    await progress.during('running', show => {
      show(() => this.describeRunning());
      return runConcurrently(nodes, done, { max: jobs, usesPublished }, {
        process: async name => {
          const result = await this.resultFor(datasetOf(name));
          this.results.set(name, result);
          this.running.delete(this.labelOf(datasetOf(name)));
          return result;
        },
        skip: ({ dataset: name, reason }) => {
          const result = skippedInPipeline(datasetOf(name), reason);
          this.results.set(name, result);
          this.reportWithoutJob(datasetOf(name), result);
        },
      });
    });
    return this.order.flatMap(dataset => this.results.get(nameOf(dataset)) ?? []);
  }

  private reportWithoutJob(dataset: Dataset, result: Result): void {
    this.context.progress.line(
      `${statusMark(hasSucceeded(result))}${this.labelOf(dataset)} ${result.status}: ${result.error ?? result.reason}`,
    );
  }

  private get isSeveral(): boolean {
    return this.order.length > 1;
  }

  /** The activity of all jobs as text: `2 of 5 done  airports 37%, cars 3 of 8 tasks, zipcodes`. */
  private describeRunning(): string {
    const jobs = [...this.running];
    jobs.forEach(([, job]) => job?.update());
    if (!this.isSeveral) {
      return jobs[0]?.[1]?.describe() ?? '';
    }
    const isAlone = jobs.length === 1;
    const running = jobs.map(([label, job]) =>
      `${label} ${(isAlone ? job?.describe() : job?.describeBriefly()) ?? ''}`.trimEnd());
    return `${this.results.size} of ${this.order.length} done  ${running.join(', ')}`;
  }

  private async resultFor(dataset: Dataset): Promise<Result> {
    const { sessions, emulator, lake, substitutes, progress } = this.context;
    const label = this.labelOf(dataset);
    const unknown = unknownValueOf(dataset);
    const withoutJob = this.rules.resultWithoutJob(dataset, this.results)
      ?? (unknown === undefined ? undefined : unknownValueResult(dataset, unknown));
    if (withoutJob !== undefined) {
      this.reportWithoutJob(dataset, withoutJob);
      return withoutJob;
    }
    progress.line(
      paint('bold', `Running ${dataset.job}`)
        + paint('dim', `  Glue ${dataset.glueVersion}, ${GLUE_VERSIONS[dataset.glueVersion]}`),
    );
    keepPublication(lake, dataset);
    const log = lake.newLog(`${dataset.layer}-${dataset.dataset}`);
    const context = { sessions, emulator, lake, substitutes };
    const started = Date.now();
    const onLine = (line: string) => progress.line(`  ${this.prefixOf(label)}${withLocalCommands(line, label)}`);
    const jobProgress = progress.isRedrawn
      ? new JobProgress(path.join(lake.scratch, `${dataset.layer}-${dataset.dataset}-progress.json`))
      : undefined;
    this.running.set(label, jobProgress);
    const outcome = await runJob(dataset, context, { log, onLine, progressFile: jobProgress?.file });
    const result = resultOf(dataset, outcome, Math.round((Date.now() - started) / 100) / 10, label);
    if (hasSucceeded(result)) {
      progress.line(`${statusMark(true)}${label} ${outcome.record ? result.status : 'done'} in ${result.seconds} s`);
      if (result.warning !== undefined) {
        progress.line(`${paint('red', 'warning')}: ${label}: ${result.warning}`);
      }
    } else {
      // A job that wrote its record has also printed the error.
      progress.line(
        `${statusMark(false)}${label} failed after ${result.seconds} s`
          + (outcome.record?.error ? '' : `: ${result.error}`),
      );
      progress.line(`  Log of Spark and the job: ${relativePath(log)}`);
    }
    return result;
  }

  /** The label at the start of each line of a dataset. It is needed because concurrent runs interleave their lines. */
  private prefixOf(label: string): string {
    const width = Math.max(...this.order.map(dataset => this.labelOf(dataset).length));
    return this.isSeveral ? `${paint('dim', `${label.padEnd(width)} │`)} ` : '';
  }

  /** The name of the dataset, with its layer if several layers have a dataset with that name. */
  private labelOf(dataset: Dataset): string {
    return this.order.filter(each => each.dataset === dataset.dataset).length > 1 ? fullName(dataset) : dataset.dataset;
  }
}
