import { Dataset, fullName } from './dataset';
import { withLocalCommands } from './local-command';
import { Publication, PublishedTable, ReadInput } from './publication';
import { Outcome } from './run-job';
import { Layer } from '../layer';
import { entryPointOf, howToPublish } from '../private/scripts/script-entry-point';

/** A table of a result. `rescued` is null if the run published no bronze table. */
export type ResultTable = PublishedTable & {
  readonly database: string;
  readonly rescued: Record<string, number> | null;
};

/** The result of one dataset, as `medallion run --json` prints it. */
export interface Result {
  readonly dataset: string;
  readonly layer: string;
  readonly run_id: string | null;
  /** `published`, `unchanged`, `succeeded` (a job without a run record), `failed` or `skipped`. */
  readonly status: string;
  readonly seconds: number;
  readonly tables: ResultTable[];
  /** The inputs that the job read, each with the run that published it. Undefined for a dataset without inputs. */
  readonly inputs?: ReadInput[];
  /** The findings of the quality gates that failed but were allowed to fail, if there are any. */
  readonly allowed?: string[];
  /** The warnings of the run, such as violations of rules that do not make the run fail, if there are any. */
  readonly warnings?: string[];
  /** The run whose publication a rollback has made current again. */
  readonly rolled_back_to?: string;
  /** The warning about a successful run whose custom script published nothing. */
  readonly warning?: string;
  /** Failed and skipped datasets only. docs/reference/error-codes.md lists the codes. */
  readonly error_code?: string;
  /** Starts with the error code. Failed and skipped datasets only. */
  readonly error?: string;
  /** Why the job did not start, if the dataset did not fail. Pipelines only. */
  readonly reason?: string;
}

/**
 * The result of a job that ended.
 *
 * @param label the name of the dataset in commands
 */
export function resultOf({ dataset, layer }: Dataset, outcome: Outcome, seconds: number, label: string): Result {
  const { exit_code: exitCode, record, published } = outcome;
  const succeeded = exitCode === 0;
  return {
    dataset,
    layer,
    run_id: record?.run_id ?? null,
    status: succeeded ? (record?.status ?? 'succeeded') : 'failed',
    seconds,
    tables:
      succeeded && record && published
        ? resultTables(published, outcome)
        : [],
    ...(record?.inputs && { inputs: record.inputs.map(input => ({ dataset: input.dataset, run_id: input.run_id })) }),
    ...(succeeded && record?.allowed?.length && { allowed: record.allowed }),
    ...(record?.warnings?.length && { warnings: record.warnings }),
    ...(succeeded && record?.rolled_back_to && { rolled_back_to: record.rolled_back_to }),
    ...(succeeded && !record && { warning: nothingPublished(layer) }),
    ...(!succeeded && errorOf(label, outcome)),
  };
}

/** The warning about a custom script that wrote no run record. Packaged scripts always write one. */
function nothingPublished(layer: string): string {
  return `The script published nothing: it ended without calling ${entryPointOf(layer as Layer)}. `
    + howToPublish(layer as Layer);
}

/** The result of a dataset that is not run because `inputs`, which failed or were skipped, have no published tables. */
export function skippedResult(dataset: Pick<Dataset, 'dataset' | 'layer'>, inputs: Result[]): Result {
  const names = inputs.map(input => `${fullName(input)} (${input.status})`).join(' and ');
  return notRun(dataset, 'skipped', 'INPUT_NOT_PUBLISHED', inputs.length > 1
    ? `The inputs ${names} have no published tables.`
    : `The input ${names} has no published table.`);
}

/** The result of a dataset that is skipped by the rules of its pipeline. */
export function skippedInPipeline({ dataset, layer }: Pick<Dataset, 'dataset' | 'layer'>, reason: string): Result {
  return { dataset, layer, run_id: null, status: 'skipped', seconds: 0, tables: [], error: reason };
}

/** The result of a dataset whose publication is up to date, so that its job does not start. */
export function upToDateResult({ dataset, layer }: Pick<Dataset, 'dataset' | 'layer'>, published: Publication): Result {
  return {
    dataset,
    layer,
    run_id: published.run_id,
    status: 'unchanged',
    seconds: 0,
    tables: resultTables(published),
    reason: 'no input has published since the last run',
  };
}

const VALUE_UNKNOWN = 'VALUE_UNKNOWN';
/** The code of a test file with invalid syntax. Other errors in test files have the same codes as synthesis errors. */
export const YAML_INVALID = 'YAML_INVALID';

/** The error codes that occur only in local runs and tests. */
export const LOCAL_ERROR_CODES = [VALUE_UNKNOWN, YAML_INVALID];

/** The result of a dataset that is not run because it needs a value that is only known at deployment. */
export function unknownValueResult(dataset: Pick<Dataset, 'dataset' | 'layer'>, message: string): Result {
  return notRun(dataset, 'failed', VALUE_UNKNOWN, message);
}

function notRun(
  { dataset, layer }: Pick<Dataset, 'dataset' | 'layer'>, status: string, code: string, message: string,
): Result {
  return { dataset, layer, run_id: null, status, seconds: 0, tables: [], ...withCode(code, message) };
}

export function hasSucceeded({ error }: Result): boolean {
  return error === undefined;
}

const UNEXPECTED_ERROR = 'UNEXPECTED_ERROR';

/**
 * The error of a job. If the job wrote no record, the error code is taken from the start of the message, if possible.
 */
function errorOf(
  label: string,
  { exit_code: exitCode, error, record }: Outcome,
): Required<Pick<Result, 'error' | 'error_code'>> {
  const message = record?.error ?? error ?? `The job's script ended with exit code ${exitCode}.`;
  const code = record?.error_code ?? /^([A-Z]+(?:_[A-Z]+)+): /.exec(message)?.[1] ?? UNEXPECTED_ERROR;
  return withCode(code, withLocalCommands(message, label));
}

function withCode(code: string, message: string): Required<Pick<Result, 'error' | 'error_code'>> {
  return { error_code: code, error: message.startsWith(`${code}: `) ? message : `${code}: ${message}` };
}

function resultTables({ database, tables }: Publication, outcome?: Outcome): ResultTable[] {
  return Object.values(tables).map(table => resultTable(table, database, outcome));
}

function resultTable(
  { name, rows, location, metadata_location: metadata, columns }: PublishedTable,
  database: string,
  outcome?: Outcome,
): ResultTable {
  const rescued = outcome?.record?.tables?.find(table => table.name === name)?.rescued ?? null;
  return {
    name,
    database,
    rows,
    location,
    ...(metadata !== undefined && { metadata_location: metadata }),
    columns: columns.map(column => ({ name: column.name, type: column.type })),
    rescued,
  };
}
