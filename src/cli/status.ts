import { Confirmations } from './confirmations';
import { Dataset, fullName } from './dataset';
import { freshnessOf, rounded } from './dataset-freshness';
import { describeNotes } from './describe';
import { wrap } from './display-width';
import { HistoryOptions } from './history-options';
import { LakeHistory, RunState } from './lake-history';
import { withLocalCommands } from './local-command';
import { openHistory } from './open-history';
import { paint } from './progress';
import { readPublished } from './run-records';
import { stateText } from './run-summary';
import { outputWidth } from './table';
import { durationText, timeAgo } from './time-text';

/** An input with a newer publication than the one that the tables were built from. */
interface NewerInput {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  /** The run whose publication the tables were built from. */
  readonly read: string;
  /** The run of the current publication. */
  readonly current: string;
}

/** The state of a dataset, as `medallion status --json` prints it. */
interface DatasetStatus {
  readonly dataset: string;
  readonly layer: string;
  readonly stack: string;
  /** The state of the last run. `never_run` without a run. */
  readonly state: RunState | 'never_run';
  readonly run_id: string | null;
  readonly started_at: string | null;
  readonly seconds: number | null;
  /** The usage that AWS Glue reports or, if it reports none, the estimate of the job. Set only for runs in AWS. */
  readonly dpu_seconds: number | null;
  readonly error_code: string | null;
  readonly error: string | null;
  /** If the last run was a rollback, the run whose publication is current again. */
  readonly rolled_back_to: string | null;
  /** The run of the current publication. */
  readonly published_run_id: string | null;
  readonly published_at: string | null;
  /** The rows of all published tables. */
  readonly rows: number | null;
  /** The hours since the tables were published, or since a run found them unchanged. */
  readonly age_hours: number | null;
  readonly max_age_hours: number | null;
  /** Whether the age exceeds the maximum. Null if the dataset does not declare freshness. */
  readonly stale: boolean | null;
  readonly newer_inputs: NewerInput[];
}

/** Prints the state of each dataset. */
export async function status(options: HistoryOptions): Promise<void> {
  const history = await openHistory(options);
  const now = Date.now();
  const confirmations = new Confirmations(history.objects, history.datasets);
  const statuses = history.datasets.map(dataset => statusOf(dataset, history, confirmations, now));
  if (options.json) {
    const printed = statuses.map(({ age_hours: age, ...each }) =>
      ({ ...each, age_hours: age === null ? null : rounded(age) }));
    process.stdout.write(`${JSON.stringify(printed)}\n`);
    return;
  }
  if (statuses.length === 0) {
    process.stderr.write(
      'The app does not contain a dataset yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.\n',
    );
    return;
  }
  process.stdout.write([...describeStatuses(statuses, now), '', ...summaryOf(statuses), ''].join('\n'));
}

function statusOf(
  dataset: Dataset, history: LakeHistory, confirmations: Confirmations, now: number,
): DatasetStatus {
  const published = readPublished(history.objects, dataset.runs);
  const run = history.lastRun(dataset);
  const rows = Object.values(published?.tables ?? {}).flatMap(table => table.rows ?? []);
  return {
    dataset: dataset.dataset,
    layer: dataset.layer,
    stack: dataset.stack,
    // The last run can be older than the records that are copied from a deployed lake.
    state: run?.state ?? (published ? 'published' : 'never_run'),
    run_id: run?.record.run_id ?? published?.run_id ?? null,
    started_at: run?.record.started_at ?? null,
    seconds: run?.record.seconds ?? null,
    dpu_seconds: run?.jobRun?.dpu_seconds ?? run?.record.dpu_seconds ?? null,
    error_code: run?.errorCode ?? null,
    error: run?.error ?? null,
    rolled_back_to: run?.record.rolled_back_to ?? null,
    published_run_id: published?.run_id ?? null,
    published_at: published?.published_at ?? null,
    rows: rows.length > 0 ? rows.reduce((sum, each) => sum + each, 0) : null,
    ...freshnessOf(dataset, confirmations, now),
    newer_inputs: confirmations.newerInputs(dataset).map(({ dataset: input, read, current }) =>
      ({ dataset: input, read, current })),
  };
}

/** A table with one line per dataset. Notes about problems follow the line of the dataset. */
function describeStatuses(statuses: DatasetStatus[], now: number): string[] {
  const hasFreshness = statuses.some(each => each.stale !== null);
  const hasInputs = statuses.some(each => each.newer_inputs.length > 0);
  const columns = [
    { name: 'dataset', canShrink: true, minWidth: 20 },
    { name: 'state' },
    { name: 'last run' },
    { name: 'rows', right: true },
    { name: 'age', right: true },
    ...hasFreshness ? [{ name: 'fresh' }] : [],
    ...hasInputs ? [{ name: 'inputs' }] : [],
  ];
  const cells = statuses.map(each => [
    fullName(each),
    stateText(each.state),
    timeAgo(each.started_at ?? undefined, now),
    each.rows?.toLocaleString('en') ?? null,
    each.age_hours === null ? null : durationText(each.age_hours * 3600),
    ...hasFreshness ? [each.stale === null ? null : each.stale ? 'stale' : 'fresh'] : [],
    ...hasInputs ? [each.newer_inputs.length > 0 ? 'newer' : null] : [],
  ]);
  return describeNotes(columns, cells, statuses.map(notesOf), outputWidth(), index =>
    statuses[index].state === 'failed' || statuses[index].stale === true);
}

/** The notes about the problems of a dataset. Empty if there are none. */
function notesOf(each: DatasetStatus): string[] {
  return [
    ...each.error === null ? [] : [withLocalCommands(each.error, each.dataset)],
    ...each.rolled_back_to === null ? [] : [`The publication of run ${each.rolled_back_to} is current again.`],
    ...each.stale ? [`Stale: the maximum age is ${each.max_age_hours} h.`] : [],
    ...each.newer_inputs.map(input => `Older than its input ${input.dataset}, which run ${input.current} published.`),
  ];
}

/** A summary: `5 datasets: 3 published, 1 failed, 1 never run; 1 stale; 2 older than their inputs`. */
function summaryOf(statuses: DatasetStatus[]): string[] {
  const states = [...new Set(statuses.map(each => each.state))];
  const counts = states.map(state => `${statuses.filter(each => each.state === state).length} ${stateText(state)}`);
  const stale = statuses.filter(each => each.stale).length;
  const older = statuses.filter(each => each.newer_inputs.length > 0).length;
  const text = [
    `${statuses.length} dataset${statuses.length === 1 ? '' : 's'}: ${counts.join(', ')}`,
    ...stale > 0 ? [`${stale} stale`] : [],
    ...older > 0 ? [`${older} older than ${older === 1 ? 'its' : 'their'} inputs`] : [],
  ].join('; ');
  const style = statuses.some(each => each.state === 'failed') || stale > 0 ? 'red' : 'green';
  return wrap(text, outputWidth()).map(line => paint(style, line, process.stdout));
}
