import { runConcurrently } from './concurrency';
import { Dataset, fullName } from './dataset';
import { here } from './describe';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS } from './environment';
import { Lake } from './lake';
import { mark, paint, Progress } from './progress';
import { isGood, Result, resultOf, skipped } from './result';
import { runJob } from './run-job';
import { Substitutes } from './substitutes';

/** What the runs of a command share. */
export interface Shared {
  /** By Glue version. */
  readonly environments: Record<string, Environment>;
  readonly emulator: Emulator;
  readonly lake: Lake;
  readonly substitutes: Substitutes;
  readonly progress: Progress;
}

/** The runs of one command, told on standard error while they go on. */
export class Runs {
  private readonly results = new Map<string, Result>();
  private readonly running = new Set<string>();

  /**
   * @param order the datasets, each after its inputs
   */
  public constructor(private readonly order: Dataset[], private readonly shared: Shared) {}

  /**
   * Runs them, several at once. One that fails stops none but those that cannot do without it.
   *
   * @param jobs how many at once
   * @returns the results in the order of the datasets
   */
  public async run(jobs: number): Promise<Result[]> {
    const { progress } = this.shared;
    if (this.isSeveral) {
      progress.line(paint('dim', `${this.order.length} datasets, ${jobs} at once at most`));
    }
    await progress.during('running', detail => runConcurrently(this.order, jobs, async dataset => {
      this.running.add(this.labelOf(dataset));
      this.tell(detail);
      this.results.set(dataset.runs, await this.resultFor(dataset));
      this.running.delete(this.labelOf(dataset));
      this.tell(detail);
    }));
    return this.order.flatMap(dataset => this.results.get(dataset.runs) ?? []);
  }

  private get isSeveral(): boolean {
    return this.order.length > 1;
  }

  private tell(detail: (text: string) => void): void {
    if (this.isSeveral) {
      detail(`${this.results.size} of ${this.order.length} done  ${[...this.running].join(', ')}`);
    }
  }

  private async resultFor(dataset: Dataset): Promise<Result> {
    const { environments, emulator, lake, substitutes, progress } = this.shared;
    const label = this.labelOf(dataset);
    const missing = dataset.inputs
      .filter(input => !lake.hasTable(input.runs))
      .flatMap(input => this.results.get(input.runs) ?? []);
    if (missing.length > 0) {
      const result = skipped(dataset, missing);
      progress.line(`${mark(false)}${label} skipped: ${result.error}`);
      return result;
    }
    progress.line(
      paint('bold', `Running ${dataset.job}`)
        + paint('dim', `  Glue ${dataset.glueVersion}, ${GLUE_VERSIONS[dataset.glueVersion]}`),
    );
    const log = lake.newLog(`${dataset.layer}-${dataset.dataset}`);
    const machine = { environment: environments[dataset.glueVersion], emulator, lake, substitutes };
    const started = Date.now();
    const outcome = await runJob(dataset, machine, log, line => progress.line(`  ${this.prefixOf(label)}${line}`));
    const result = resultOf(dataset, outcome, Math.round((Date.now() - started) / 100) / 10);
    if (isGood(result)) {
      progress.line(`${mark(true)}${label} ${outcome.record ? result.status : 'done'} in ${result.seconds} s`);
    } else {
      // The job has said why, unless it could not even write its record.
      progress.line(
        `${mark(false)}${label} failed after ${result.seconds} s${outcome.record?.error ? '' : `: ${result.error}`}`,
      );
      progress.line(`  What Spark and the job wrote: ${here(log)}`);
    }
    return result;
  }

  /** Stands before the lines of one of several: they come mixed. */
  private prefixOf(label: string): string {
    const width = Math.max(...this.order.map(dataset => this.labelOf(dataset).length));
    return this.isSeveral ? `${paint('dim', `${label.padEnd(width)} │`)} ` : '';
  }

  /** The dataset's name, with its layer where both layers have one of that name. */
  private labelOf(dataset: Dataset): string {
    return this.order.filter(each => each.dataset === dataset.dataset).length > 1 ? fullName(dataset) : dataset.dataset;
  }
}
