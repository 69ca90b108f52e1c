import { Dataset, fullName, Input } from './dataset';
import { Failure } from './failure';

/** The options that determine which inputs run in addition to the requested datasets. */
export interface RunOrderOptions {
  /** The cloud assembly and the folder of the lake, for errors. */
  readonly app: string;
  readonly data: string;
  /** Also run inputs that have a published table. */
  readonly withInputs?: true;
  /** Whether a dataset has a published table in the lake. `runs` is the prefix of the dataset's run records. */
  readonly hasTable: (runs: string) => boolean;
}

/** The properties of a dataset that determine the order. */
export type DatasetNode = Pick<Dataset, 'dataset' | 'layer' | 'stack' | 'assembly' | 'runs' | 'inputs'>;

/**
 * The datasets that a command runs, in topological order.
 *
 * These are the requested datasets and, recursively, their inputs that have no published table.
 *
 * @param requested the datasets that the user requested
 * @param datasets all datasets of the app
 */
export function runOrder<D extends DatasetNode>(requested: D[], datasets: D[], options: RunOrderOptions): D[] {
  const order = new Set<D>();
  const visit = (dataset: D, path: D[]) => {
    if (order.has(dataset)) {
      return;
    }
    if (path.includes(dataset)) {
      const cycle = [...path.slice(path.indexOf(dataset)), dataset].map(fullName).join(' ← ');
      throw new Failure(
        `${fullName(dataset)} depends on itself: ${cycle}. Remove one of these inputs, and run \`npx cdk synth\`.`,
        2,
      );
    }
    for (const input of dataset.inputs) {
      const inputDataset = datasetOf(input, dataset, datasets);
      const hasTable = options.hasTable(input.runs);
      if (inputDataset === undefined && !hasTable) {
        throw new Failure(
          `The input ${input.dataset} of ${fullName(dataset)} is not in the app at ${options.app} and has no `
            + `published table in the lake at ${options.data}. Run it from the app that contains it: `
            + `npx medallion --app DIR --data ${options.data} run ${input.dataset}.`,
          2,
        );
      }
      if (inputDataset !== undefined && (options.withInputs || requested.includes(inputDataset) || !hasTable)) {
        visit(inputDataset, [...path, dataset]);
      }
    }
    order.add(dataset);
  };
  requested.forEach(dataset => visit(dataset, []));
  requireUniqueTables([...order]);
  return [...order];
}

/**
 * The dataset that an input refers to. If several stages contain this dataset, the stage of the dependent dataset takes
 * precedence.
 */
function datasetOf<D extends DatasetNode>(input: Input, dependent: D, datasets: D[]): D | undefined {
  const candidates = datasets.filter(each => each.runs === input.runs);
  return candidates.find(each => each.assembly === dependent.assembly) ?? candidates[0];
}

/**
 * Fails if the same dataset would run in two stages. Stages without an explicit account share the local lake, so both
 * runs would write the same tables.
 */
function requireUniqueTables(order: DatasetNode[]): void {
  const seen = new Map<string, DatasetNode>();
  for (const dataset of order) {
    const other = seen.get(dataset.runs);
    if (other) {
      throw new Failure(
        `${fullName(dataset)} is in the stacks ${other.stack} and ${dataset.stack}, which write the same tables. `
          + 'Select one stack with --stack STACK, or the assembly of one stage with --app cdk.out/assembly-STAGE.',
        2,
      );
    }
    seen.set(dataset.runs, dataset);
  }
}
