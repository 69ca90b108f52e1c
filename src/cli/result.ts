import { Dataset, fullName } from './dataset';
import { Outcome, PublishedTable, ReadInput } from './run-job';

/** A table of a result: `rescued` is null where the run counted none, since it made no table or is of gold. */
export type ResultTable = PublishedTable & {
  readonly database: string;
  readonly rescued: Record<string, number> | null;
};

/** What came of a dataset in a command, as `--json` has it. */
export interface Result {
  readonly dataset: string;
  readonly layer: string;
  readonly run_id: string | null;
  /** published, unchanged, failed, or skipped where it was not run. */
  readonly status: string;
  readonly seconds: number;
  readonly tables: ResultTable[];
  /** Which run of each input was read. Of gold only. */
  readonly inputs?: ReadInput[];
  readonly error?: string;
}

/** The result of a job that ended. */
export function resultOf({ dataset, layer }: Dataset, outcome: Outcome, seconds: number): Result {
  const { exit_code: exitCode, record, published } = outcome;
  const good = exitCode === 0;
  return {
    dataset,
    layer,
    run_id: record?.run_id ?? null,
    status: good ? (record?.status ?? 'succeeded') : 'failed',
    seconds,
    tables:
      good && published
        ? Object.values(published.tables).map(table => resultTable(table, published.database, outcome))
        : [],
    ...(record?.inputs && { inputs: record.inputs.map(input => ({ dataset: input.dataset, run_id: input.run_id })) }),
    ...(!good && { error: record?.error ?? outcome.error ?? `the script ended with exit code ${exitCode}` }),
  };
}

/**
 * The result of a dataset that is not run: inputs of it failed or were skipped, and have no table from before either.
 */
export function skipped({ dataset, layer }: Pick<Dataset, 'dataset' | 'layer'>, inputs: Result[]): Result {
  const what = inputs
    .map(input => `${fullName(input)} ${input.status === 'skipped' ? 'was skipped' : 'failed'}`)
    .join(' and ');
  const error = `Its input${inputs.length === 1 ? '' : 's'} ${what}, and no table is there from before.`;
  return { dataset, layer, run_id: null, status: 'skipped', seconds: 0, tables: [], error };
}

/** Whether what was asked for is there. */
export function isGood({ error }: Result): boolean {
  return error === undefined;
}

function resultTable(
  { name, rows, location, columns }: PublishedTable,
  database: string,
  { record }: Outcome,
): ResultTable {
  const rescued = record?.tables?.find(table => table.name === name)?.rescued ?? null;
  return {
    name,
    database,
    rows,
    location,
    columns: columns.map(column => ({ name: column.name, type: column.type })),
    rescued,
  };
}
