import { Dataset } from './dataset';
import { Publication, readPublished, readRunRecord, runIdsOf } from './run-records';

/** The properties that identify a dataset and its inputs. */
type RunningDataset = Pick<Dataset, 'runs' | 'inputs'>;

/** An input with a newer publication than the one that the tables of a dataset were built from. */
export interface NewerInput {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  /** The s3:// prefix of the run records of the dataset. */
  readonly runs: string;
  /** The run whose publication was read. */
  readonly read: string;
  /** The run of the current publication of the input. */
  readonly current: string;
}

/**
 * Determines when the tables of datasets were last confirmed to be up to date.
 *
 * A run confirms tables if it publishes them or finds the source unchanged. If the tables of a dataset are built from
 * the current publications of all its inputs, a run that confirms the inputs also confirms these tables, because a
 * pipeline does not start the job of the dataset in this case.
 */
export class Confirmations {
  private readonly datasets: ReadonlyMap<string, RunningDataset>;
  private readonly publications = new Map<string, Publication | undefined>();
  private readonly times = new Map<string, number | undefined>();

  /**
   * @param objects the folder that contains one folder per bucket
   * @param datasets the datasets of the app. For an input that is not among them, only its own runs count
   */
  public constructor(private readonly objects: string, datasets: RunningDataset[]) {
    this.datasets = new Map(datasets.map(dataset => [dataset.runs, dataset]));
  }

  /** The time of the last confirmation, in milliseconds since the epoch. Undefined if nothing was ever published. */
  public confirmedAt(dataset: RunningDataset): number | undefined {
    if (!this.times.has(dataset.runs)) {
      this.times.set(dataset.runs, undefined); // prevents an infinite recursion if inputs form a cycle
      this.times.set(dataset.runs, this.timeOf(dataset));
    }
    return this.times.get(dataset.runs);
  }

  /** The inputs whose current publication differs from the one that the tables of a dataset were built from. */
  public newerInputs({ runs, inputs }: RunningDataset): NewerInput[] {
    return (this.publicationOf(runs)?.inputs ?? []).flatMap(({ dataset, run_id: read }) => {
      const input = inputs.find(each => each.dataset === dataset);
      const current = input && this.publicationOf(input.runs)?.run_id;
      return input && current !== undefined && current !== read ? [{ dataset, runs: input.runs, read, current }] : [];
    });
  }

  private timeOf(dataset: RunningDataset): number | undefined {
    const published = Date.parse(this.publicationOf(dataset.runs)?.published_at ?? '');
    if (Number.isNaN(published)) {
      return undefined;
    }
    const { inputs } = dataset;
    const areCurrent = inputs.length > 0 && this.newerInputs(dataset).length === 0;
    const ofInputs = areCurrent
      ? Math.min(...inputs.map(({ runs }) => this.confirmedAt(this.datasets.get(runs) ?? { runs, inputs: [] }) ?? 0))
      : 0;
    return Math.max(published, this.lastConfirmingRun(dataset.runs), ofInputs);
  }

  /** The end of the newest run that published the tables or found them unchanged. 0 if there is no such run. */
  private lastConfirmingRun(runs: string): number {
    for (const runId of runIdsOf(this.objects, runs)) {
      const { status, finished_at: end } = readRunRecord(this.objects, runs, runId) ?? {};
      const time = Date.parse(end ?? '');
      if ((status === 'unchanged' || status === 'published') && !Number.isNaN(time)) {
        return time;
      }
    }
    return 0;
  }

  private publicationOf(runs: string): Publication | undefined {
    if (!this.publications.has(runs)) {
      this.publications.set(runs, readPublished(this.objects, runs));
    }
    return this.publications.get(runs);
  }
}
