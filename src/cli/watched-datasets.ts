import { Dataset, readDatasets, selectDataset, selectDatasets } from './dataset';
import { contentHash } from './dataset-content';
import { readValues } from './substitutes';

/** The options that select the datasets that `medallion dev` watches. */
export interface WatchedDatasetsProps {
  readonly app: string;
  readonly value: string[];
  readonly stack?: string;
}

/** The datasets that `medallion dev` watches, as of the last synthesis. */
export class WatchedDatasets {
  /** The datasets that run when they change. */
  public watched: Dataset[] = [];
  /** All datasets of the app. */
  public all: Dataset[] = [];
  private readonly contents = new Map<string, string>();

  /** @param names the datasets to watch, each with its inputs. If empty, all datasets are watched */
  public constructor(private readonly names: readonly string[], private readonly props: WatchedDatasetsProps) {
    this.read();
  }

  /** The datasets that the user named. */
  public named(): Dataset[] {
    return this.names.map(name => selectDataset(this.all, name, this.props.stack));
  }

  /** Reads the cloud assembly. Returns the datasets that are new or have changed since the last time. */
  public read(): Dataset[] {
    this.all = readDatasets(this.props.app, readValues(this.props.value));
    const named = this.named();
    this.watched = named.length > 0 ? withInputs(named, this.all) : selectDatasets(this.all, this.props.stack);
    return this.watched.filter(dataset => {
      const content = contentHash(dataset);
      const isChanged = this.contents.get(dataset.runs) !== content;
      this.contents.set(dataset.runs, content);
      return isChanged;
    });
  }

  /** Makes the next call to `read` return the given datasets as changed. */
  public forget(datasets: readonly Dataset[]): void {
    datasets.forEach(({ runs }) => this.contents.delete(runs));
  }

  /**
   * The given datasets, and the watched datasets that depend on them.
   *
   * @param hasTable whether the dataset with the given prefix of run records has a published table. Dependent
   * datasets without a published table are omitted
   */
  public withDependents(datasets: readonly Dataset[], hasTable: (runs: string) => boolean): Dataset[] {
    const found = new Set(datasets);
    // The loop also visits the datasets that are added to the set.
    for (const { runs } of found) {
      this.watched
        .filter(each => each.inputs.some(input => input.runs === runs) && hasTable(each.runs))
        .forEach(each => found.add(each));
    }
    return [...found];
  }
}

/** The datasets with all their inputs in the app. */
function withInputs(datasets: readonly Dataset[], all: readonly Dataset[]): Dataset[] {
  const found = new Set(datasets);
  for (const { inputs } of found) {
    all.filter(({ runs }) => inputs.some(input => input.runs === runs)).forEach(each => found.add(each));
  }
  return [...found];
}
