import { defaultConcurrency } from './concurrency';
import { Dataset, fullName, readDatasets, selectDataset, selectDatasets } from './dataset';
import { requireKnownValues } from './dataset-document';
import { describeAllowed, describeInputs, describeResults, describeWarnings } from './describe';
import { Failure } from './failure';
import { DEFAULT_DATA, Lake } from './lake';
import { Progress } from './progress';
import { hasSucceeded, Result } from './result';
import { argumentsOf, SingleRunOptions } from './run-job';
import { runOrder } from './run-order';
import { inSession, prepareAssembly, SessionOptions, withGlueVersion } from './run-session';
import { readValues } from './substitutes';
import { describeTableWithSample } from './table-sample';
import { Layer } from '../layer';

/** The options of `medallion run` for datasets. {@link SingleRunOptions} apply only to the requested dataset. */
export interface RunOptions extends SessionOptions, SingleRunOptions {
  readonly all?: true;
  readonly withInputs?: true;
}

/**
 * Runs the jobs of datasets on this machine and prints the results.
 *
 * @param name the dataset, or `layer/dataset`; undefined with `all`
 * @returns whether all runs succeeded
 */
export async function run(name: string | undefined, options: RunOptions): Promise<boolean> {
  const progress = new Progress();
  prepareAssembly(options, progress);
  const datasets = readDatasets(options.app, readValues(options.value));
  const requested = requestedDatasets(name, datasets, options);
  const lake = Lake.open(options.data);
  const order = withRunOptions(
    runOrder(requested, datasets, { ...options, hasTable: runs => lake.hasTable(runs) }),
    requested,
    options,
  );
  if (!options.all) {
    // With --all, only datasets that need an unknown value fail.
    order.forEach(requireKnownValues);
  }
  const needsNoBuckets = options.fromRun !== undefined;
  return inSession({ order, lake, progress, needsNoBuckets }, options, async (runner, python) => {
    const results = await runner.run(options.jobs ?? defaultConcurrency());
    await printResults(results, options, python, lake, progress);
    return results.every(hasSucceeded);
  });
}

function requestedDatasets(name: string | undefined, datasets: Dataset[], options: RunOptions): Dataset[] {
  if (options.all) {
    if (name !== undefined) {
      throw new Failure(`--all cannot be combined with a dataset ("${name}"). Omit one of them.`, 2);
    }
    return selectDatasets(datasets, options.stack);
  }
  if (name === undefined && datasets.length === 1) {
    return requestedDatasets(fullName(datasets[0]), datasets, options);
  }
  if (name === undefined) {
    throw new Failure(
      'No dataset is specified. Run one dataset with `medallion run DATASET` (`medallion list` lists them), or all '
        + 'datasets with `medallion run --all`.',
      2,
    );
  }
  const dataset = selectDataset(datasets, name, options.stack);
  const bronzeOption = options.resetContract
    ? '--reset-contract'
    : options.fromRun !== undefined
      ? '--from-run'
      : options.date !== undefined
        ? '--date'
        : undefined;
  if (bronzeOption && dataset.layer !== Layer.BRONZE) {
    const inputs = dataset.inputs.map(input => input.dataset).join(', ');
    throw new Failure(
      `${bronzeOption} applies to bronze datasets, but ${name} is a ${dataset.layer} dataset. ` +
      `Run an input with ${bronzeOption}${inputs && ` (${inputs})`}, then run ${name} without it.`, 2);
  }
  return [dataset];
}

/** Applies `--glue-version` to all datasets, and the options of a single run to the requested ones. */
function withRunOptions(order: Dataset[], requested: Dataset[], options: RunOptions): Dataset[] {
  return order.map(dataset => ({
    ...withGlueVersion(dataset, options),
    arguments: requested.includes(dataset) ? argumentsOf(dataset, options) : dataset.arguments,
  }));
}

/** Prints a summary table for `--all`, otherwise the tables of the requested dataset with sample rows. */
export async function printResults(
  results: Result[],
  options: Pick<RunOptions, 'all' | 'data' | 'json'>,
  python: string,
  lake: Lake,
  progress: Progress,
): Promise<void> {
  const ranFirst = results.slice(0, -1);
  const last = results[results.length - 1];
  if (options.json) {
    const document = options.all ? results : { ...last, ...(ranFirst.length > 0 && { ran_first: ranFirst }) };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  if (options.all) {
    process.stdout.write(`${describeResults(results).join('\n')}\n`);
  } else {
    for (const table of last.tables) {
      process.stdout.write(`${(await describeTableWithSample(table, python, lake)).join('\n')}\n`);
    }
    const lines = [
      ...hasSucceeded(last) ? [...describeInputs(last.inputs ?? []), ...describeAllowed(last.allowed ?? [])] : [],
      ...describeWarnings(last.warnings ?? []),
    ];
    process.stdout.write(lines.map(line => `${line}\n`).join(''));
  }
  const [first] = last.tables;
  if (first) {
    const data = options.data === DEFAULT_DATA ? '' : `--data ${options.data} `;
    progress.line(`\nNext: npx medallion ${data}query "SELECT * FROM ${first.database}.${first.name} LIMIT 10"`);
  }
}
