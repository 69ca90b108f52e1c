import { Dataset, fullName, readDatasets, selectDataset } from './dataset';
import { requireKnownValues } from './dataset-document';
import { Failure } from './failure';
import { KeptPublication, keptPublications } from './kept-publications';
import { Lake } from './lake';
import { paint, Progress } from './progress';
import { hasSucceeded } from './result';
import { printResults } from './run';
import { argumentsOf } from './run-job';
import { inSession, prepareAssembly, withGlueVersion } from './run-session';
import { readValues } from './substitutes';
import { formatTable, outputWidth } from './table';
import { showUnknown } from './unknown-value';
import { Layer } from '../layer';

/** The options of `medallion rollback`. */
export interface RollbackOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
  /** The run whose publication becomes current again. If undefined, the publications are listed. */
  readonly to?: string;
  readonly stack?: string;
  readonly glueVersion?: string;
}

/**
 * Makes an earlier publication of a dataset current again, or lists the publications that can be restored.
 *
 * The snapshots of Iceberg tables are restored. The Parquet tables of a bronze dataset are rebuilt from the originals.
 *
 * @param name the dataset, or `layer/dataset`
 * @returns whether it succeeded
 */
export async function rollback(name: string, options: RollbackOptions): Promise<boolean> {
  const dataset = selectDataset(readDatasets(options.app, readValues(options.value)), name, options.stack);
  requireRollback(dataset, name);
  Lake.require(options.data, name);
  const publications = keptPublications(dataset, options.data);
  if (publications.length === 0) {
    throw new Failure(
      `${fullName(dataset)} has no publication in the local lake ${options.data} that can be restored. Run `
        + `the dataset first: npx medallion run ${name}. Or set the folder of the lake with --data DIR.`,
      2,
    );
  }
  if (options.to === undefined) {
    printPublications(dataset, name, publications, options.json);
    return true;
  }
  requireKept(options.to, dataset, publications);
  return rollBackTo(options.to, dataset, options);
}

/** Fails for a derived dataset with Parquet tables, because only its current publication exists. */
function requireRollback({ dataset, layer, tableFormat, inputs }: Dataset, name: string): void {
  if (tableFormat === 'parquet' && layer !== Layer.BRONZE) {
    throw new Failure(
      `${name} is a ${layer} dataset with Parquet tables, of which only the current publication exists. Roll back its `
        + `inputs (${inputs.map(input => input.dataset).join(', ')}), then run it: npx medallion run ${name}. Or set `
        + `the table format of ${dataset} to Iceberg, which keeps earlier publications.`,
      2,
    );
  }
}

function requireKept(runId: string, dataset: Dataset, publications: KeptPublication[]): void {
  const runIds = publications.map(each => each.run_id);
  if (!runIds.includes(runId)) {
    throw new Failure(
      `Run ${runId} has no publication of ${fullName(dataset)} that can be restored. `
        + `The latest publications: ${runIds.slice(0, 5).join(', ')}.`,
      2,
    );
  }
}

async function rollBackTo(runId: string, selected: Dataset, options: RollbackOptions): Promise<boolean> {
  const session = { ...options, secret: [], bucket: [] };
  const progress = new Progress();
  prepareAssembly(session, progress);
  requireKnownValues(selected);
  const isIceberg = selected.tableFormat === 'iceberg';
  const runOptions = { allow: [], ...isIceberg ? { rollbackTo: runId } : { fromRun: runId } };
  const dataset = { ...withGlueVersion(selected, options), arguments: argumentsOf(selected, runOptions) };
  const lake = Lake.open(options.data);
  const props = { order: [dataset], lake, progress, needsNoBuckets: true };
  return inSession(props, session, async (runner, python) => {
    const results = await runner.run(1);
    await printResults(results, options, python, lake, progress);
    return results.every(hasSucceeded);
  });
}

function printPublications(
  dataset: Dataset, name: string, publications: KeptPublication[], isJson: boolean,
): void {
  if (isJson) {
    process.stdout.write(
      `${JSON.stringify({ dataset: dataset.dataset, layer: dataset.layer, publications })}\n`,
    );
    return;
  }
  const columns = [{ name: 'run' }, { name: 'published at' }, { name: 'rows', right: true }, { name: '' }];
  const rows = publications.map(each =>
    [each.run_id, each.published_at, each.rows.toLocaleString('en'), each.current ? 'current' : '']);
  const [heading, ...lines] = formatTable(columns, rows, outputWidth());
  process.stdout.write([
    paint('bold', heading, process.stdout),
    ...lines,
    '',
    'Roll back the local lake:',
    `  npx medallion rollback ${name} --to RUN_ID`,
    '',
    'Runs in AWS have different IDs. To list the publications in AWS, and to roll back:',
    ...awsCommands(dataset).map(line => `  ${line}`),
    '',
  ].join('\n'));
}

/** The equivalent commands of the AWS CLI. They are never wrapped, so that users can copy them. */
function awsCommands({ job, runs, tableFormat, arguments: jobArguments }: Dataset): string[] {
  const isIceberg = tableFormat === 'iceberg';
  const { raw = '' } = JSON.parse(jobArguments['--names']) as { raw?: string };
  const runOptions = JSON.stringify({ [isIceberg ? 'rollback_to' : 'from_run']: 'RUN_ID' });
  return [
    showUnknown(`aws s3 ls ${isIceberg ? `${runs}publications/` : raw}`),
    showUnknown(`aws glue start-job-run --job-name ${job} \\`),
    `  --arguments '${JSON.stringify({ '--run_options': runOptions })}'`,
  ];
}
