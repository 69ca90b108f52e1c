import * as path from 'path';
import { runConcurrently } from './concurrency';
import { Dataset, fullName } from './dataset';
import { unknownValueOf } from './dataset-document';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS } from './environment';
import { JobProgress } from './job-progress';
import { Lake } from './lake';
import { withLocalCommands } from './local-command';
import { paint, Progress, statusMark } from './progress';
import { relativePath } from './relative-path';
import { hasSucceeded, Result, resultOf, skippedResult, unknownValueResult } from './result';
import { runJob } from './run-job';
import { Substitutes } from './substitutes';

/** What all runs of a command share. */
export interface RunnerContext {
  /** By Glue version. */
  readonly environments: Record<string, Environment>;
  readonly emulator: Emulator;
  readonly lake: Lake;
  readonly substitutes: Substitutes;
  readonly progress: Progress;
}

/** Runs the datasets of one command and reports their progress. */
export class DatasetRunner {
  private readonly results = new Map<string, Result>();
  /** The progress of each running job, by the label of its dataset. Undefined without a terminal. */
  private readonly running = new Map<string, JobProgress | undefined>();

  /**
   * @param order the datasets, each after its inputs
   */
  public constructor(private readonly order: Dataset[], private readonly context: RunnerContext) {}

  /**
   * Runs the datasets concurrently. If a dataset fails and has no published table, the datasets that read it are
   * skipped.
   *
   * @param jobs the maximum number of concurrent runs
   * @returns the results in the order of the datasets
   */
  public async run(jobs: number): Promise<Result[]> {
    const { progress } = this.context;
    if (this.isSeveral) {
      progress.line(paint('dim', `${this.order.length} datasets, up to ${jobs} in parallel`));
    }
    await progress.during('running', show => {
      show(() => this.describeRunning());
      return runConcurrently(this.order, jobs, async dataset => {
        this.results.set(dataset.runs, await this.resultFor(dataset));
        this.running.delete(this.labelOf(dataset));
      });
    });
    return this.order.flatMap(dataset => this.results.get(dataset.runs) ?? []);
  }

  private get isSeveral(): boolean {
    return this.order.length > 1;
  }

  /** For example `2 of 5 done  airports 37 %, cars 3 of 8 tasks, zipcodes`. */
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
    const { environments, emulator, lake, substitutes, progress } = this.context;
    const label = this.labelOf(dataset);
    const missing = dataset.inputs
      .filter(input => !lake.hasTable(input.runs))
      .flatMap(input => this.results.get(input.runs) ?? []);
    if (missing.length > 0) {
      const result = skippedResult(dataset, missing);
      progress.line(`${statusMark(false)}${label} skipped: ${result.error}`);
      return result;
    }
    const unknown = unknownValueOf(dataset);
    if (unknown !== undefined) {
      const result = unknownValueResult(dataset, unknown);
      progress.line(`${statusMark(false)}${label} failed: ${result.error}`);
      return result;
    }
    progress.line(
      paint('bold', `Running ${dataset.job}`)
        + paint('dim', `  Glue ${dataset.glueVersion}, ${GLUE_VERSIONS[dataset.glueVersion]}`),
    );
    const log = lake.newLog(`${dataset.layer}-${dataset.dataset}`);
    const context = { environment: environments[dataset.glueVersion], emulator, lake, substitutes };
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

  /** The label before each line of a dataset, because the lines of concurrent runs are interleaved. */
  private prefixOf(label: string): string {
    const width = Math.max(...this.order.map(dataset => this.labelOf(dataset).length));
    return this.isSeveral ? `${paint('dim', `${label.padEnd(width)} │`)} ` : '';
  }

  /** The name of the dataset, with its layer if several layers have a dataset of that name. */
  private labelOf(dataset: Dataset): string {
    return this.order.filter(each => each.dataset === dataset.dataset).length > 1 ? fullName(dataset) : dataset.dataset;
  }
}
