import { defaultConcurrency } from './concurrency';
import { Dataset, fullName, pickDataset, pickDatasets, readDatasets } from './dataset';
import { describeInputs, describeResults, describeTable } from './describe';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS, setUpLake, setUpRun } from './environment';
import { Failure } from './failure';
import { DEFAULT_DATA, Lake } from './lake';
import { Progress } from './progress';
import { executeQuery, readQueryResult } from './query';
import { isGood, Result } from './result';
import { argumentsOf, RunRequest } from './run-job';
import { runOrder } from './run-order';
import { Runs } from './runs';
import { readSubstitutes, requireBuckets } from './substitutes';

/** Rows shown of each table after a run. */
const SAMPLE_ROWS = 5;

/** How `medallion run` is called. What is asked of one run is asked of the named dataset's. */
export interface RunOptions extends RunRequest {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly all?: true;
  readonly withInputs?: true;
  readonly jobs?: number;
  readonly secret: string[];
  readonly bucket: string[];
  readonly glueVersion?: string;
  readonly stack?: string;
}

/**
 * Runs the deployed jobs of datasets on this machine, and shows what came out.
 *
 * @param name the dataset, or `layer/dataset`; none with `all`
 * @returns whether all of them succeeded
 */
export async function run(name: string | undefined, options: RunOptions): Promise<boolean> {
  const datasets = readDatasets(options.app);
  const wanted = wantedDatasets(name, datasets, options);
  const substitutes = readSubstitutes(options.secret, options.bucket);
  const progress = new Progress();
  const lake = Lake.open(options.data);
  const order = asAsked(
    runOrder(wanted, datasets, { ...options, hasTable: runs => lake.hasTable(runs) }),
    wanted,
    options,
  );
  if (options.fromRun === undefined) {
    order.forEach(dataset => requireBuckets(dataset, substitutes));
  }
  const environments: Record<string, Environment> = {};
  for (const version of new Set(order.map(dataset => dataset.glueVersion))) {
    environments[version] = await setUpRun(version, progress);
  }
  const python = await setUpLake(progress);
  const emulator = await Emulator.start(python, lake);
  try {
    const results = await new Runs(order, { environments, emulator, lake, substitutes, progress }).run(
      options.jobs ?? defaultConcurrency(),
    );
    await show(results, options, python, emulator, lake, progress);
    return results.every(isGood);
  } finally {
    await emulator.stop();
  }
}

/** The datasets that are asked for. Fails where that is not clear, or cannot be. */
function wantedDatasets(name: string | undefined, datasets: Dataset[], options: RunOptions): Dataset[] {
  if (options.all) {
    if (name !== undefined) {
      throw new Failure(`--all runs every dataset, and "${name}" names one. Leave out either.`, 2);
    }
    return pickDatasets(datasets, options.stack);
  }
  if (name === undefined && datasets.length === 1) {
    return wantedDatasets(fullName(datasets[0]), datasets, options);
  }
  if (name === undefined) {
    throw new Failure(
      'No dataset is named. Name one, medallion run DATASET (medallion list shows them), or run all of them: '
        + 'medallion run --all.',
      2,
    );
  }
  const dataset = pickDataset(datasets, name, options.stack);
  const ofBronze = options.resetContract
    ? '--reset-contract'
    : options.fromRun === undefined
      ? undefined
      : '--from-run';
  if (ofBronze && dataset.layer === 'gold') {
    const inputs = dataset.inputs.map(input => input.dataset).join(', ');
    throw new Failure(
      `${ofBronze} is for bronze, and ${name} is gold: it is made of what its inputs have published. ` +
      `Run an input with ${ofBronze}${inputs && ` (${inputs})`}, then ${name} without.`, 2);
  }
  return [dataset];
}

/**
 * The datasets as they run in this command: with what is asked of those that are wanted, and on the version that is
 * asked for.
 */
function asAsked(order: Dataset[], wanted: Dataset[], options: RunOptions): Dataset[] {
  return order.map(dataset => {
    const glueVersion = options.glueVersion ?? dataset.glueVersion;
    if (!(glueVersion in GLUE_VERSIONS)) {
      const known = Object.keys(GLUE_VERSIONS).join(', ');
      throw new Failure(
        `Glue ${glueVersion} of ${dataset.dataset} cannot be run here yet; these can: ${known}. Add --glue-version.`,
        2,
      );
    }
    return {
      ...dataset,
      glueVersion,
      arguments: wanted.includes(dataset) ? argumentsOf(dataset, options) : dataset.arguments,
    };
  });
}

/** Shows the results: of all as a table, of one dataset what is in its tables. */
async function show(
  results: Result[],
  options: RunOptions,
  python: string,
  emulator: Emulator,
  lake: Lake,
  progress: Progress,
): Promise<void> {
  const before = results.slice(0, -1);
  const last = results[results.length - 1];
  if (options.json) {
    const document = options.all ? results : { ...last, ...(before.length > 0 && { ran_first: before }) };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  if (options.all) {
    process.stdout.write(`${describeResults(results).join('\n')}\n`);
  } else {
    for (const table of last.tables) {
      const sample = await executeQuery(
        python,
        emulator,
        lake,
        `SELECT * FROM ${table.database}."${table.name}" LIMIT ${SAMPLE_ROWS}`,
        [],
      );
      process.stdout.write(`${describeTable(table, readQueryResult(sample), lake).join('\n')}\n`);
    }
    if (isGood(last)) {
      process.stdout.write(
        describeInputs(last.inputs ?? [])
          .map(line => `${line}\n`)
          .join(''),
      );
    }
  }
  const [first] = last.tables;
  if (first) {
    const data = options.data === DEFAULT_DATA ? '' : `--data ${options.data} `;
    progress.line(`\nNext: npx medallion ${data}query "SELECT * FROM ${first.database}.${first.name} LIMIT 10"`);
  }
}
