import { Dataset, fullName, Input } from './dataset';
import { Failure } from './failure';

/** What decides which datasets run beside those that are asked for. */
export interface RunOrderOptions {
  /** The app's assembly and the folder of the lake, for errors. */
  readonly app: string;
  readonly data: string;
  /** Also runs inputs that have a table. */
  readonly withInputs?: true;
  /** Whether a dataset has a table in the lake, by the prefix of its runs' records. */
  readonly hasTable: (runs: string) => boolean;
}

/** What the order depends on. */
export type Ordered = Pick<Dataset, 'dataset' | 'layer' | 'stack' | 'assembly' | 'runs' | 'inputs'>;

/**
 * The datasets that a command runs, each once and after what it is made from.
 *
 * To those that are asked for come the inputs that have no table yet, and what these are made from.
 *
 * @param wanted those that are asked for
 * @param datasets all of the app
 */
export function runOrder<D extends Ordered>(wanted: D[], datasets: D[], options: RunOrderOptions): D[] {
  const order = new Set<D>();
  const visit = (dataset: D, above: D[]) => {
    if (order.has(dataset)) {
      return;
    }
    if (above.includes(dataset)) {
      const circle = [...above.slice(above.indexOf(dataset)), dataset].map(fullName).join(' ← ');
      throw new Failure(
        `${fullName(dataset)} is made from itself: ${circle}. Take one of these inputs out, and run \`npx cdk synth\`.`,
        2,
      );
    }
    for (const input of dataset.inputs) {
      const its = datasetOf(input, dataset, datasets);
      if (its === undefined && !options.hasTable(input.runs)) {
        throw new Failure(
          `The input ${input.dataset} of ${fullName(dataset)} is not in the app at ${options.app}, and has no `
            + `table in the lake at ${options.data}. `
            + `Run it first, out of the app that has it: npx medallion --app DIR --data ${options.data} run `
            + `${input.dataset}.`,
          2,
        );
      }
      if (its !== undefined && (options.withInputs || wanted.includes(its) || !options.hasTable(input.runs))) {
        visit(its, [...above, dataset]);
      }
    }
    order.add(dataset);
  };
  wanted.forEach(dataset => visit(dataset, []));
  refuseTwins([...order]);
  return [...order];
}

/** The dataset of the app that an input is: that of the same stage, where several stages have it. */
function datasetOf<D extends Ordered>(input: Input, of: D, datasets: D[]): D | undefined {
  const found = datasets.filter(each => each.runs === input.runs);
  return found.find(each => each.assembly === of.assembly) ?? found[0];
}

/** Two stages without an account of their own have the same lake here, and would write the same tables. */
function refuseTwins(order: Ordered[]): void {
  const seen = new Map<string, Ordered>();
  for (const dataset of order) {
    const twin = seen.get(dataset.runs);
    if (twin) {
      throw new Failure(
        `${fullName(dataset)} is in stack ${twin.stack} and in stack ${dataset.stack}, and both write the same tables. `
          + 'Name one of the stacks with --stack, or the assembly of one stage: --app cdk.out/assembly-STAGE.',
        2,
      );
    }
    seen.set(dataset.runs, dataset);
  }
}
