import { Dataset, fullName, selectDataset } from './dataset';
import { describeNotes } from './describe';
import { describeRun, runJson } from './describe-run';
import { displayWidth } from './display-width';
import { Failure } from './failure';
import { HistoryOptions } from './history-options';
import { LakeHistory, Run } from './lake-history';
import { withLocalCommands } from './local-command';
import { logLines } from './logs';
import { openHistory } from './open-history';
import { changeText, checksText, runSummary, RunSummary, stateText } from './run-summary';
import { formatTable, outputWidth } from './table';
import { utcText } from './time-text';

/** The options of `medallion runs`. */
export interface RunsOptions extends HistoryOptions {
  readonly limit: number;
  /** Only runs that failed. */
  readonly failed?: true;
  /** Only runs that started at this time or later. */
  readonly since?: Date;
  readonly stack?: string;
  /** The number of log lines to print after the details of a run. */
  readonly log?: number;
}

/** A run ID, or the ID of a Glue job run. */
const RUN_ID = /^(\d{8}T\d{9}Z-[0-9a-f]+|jr_[0-9a-f]+(_attempt_\d+)?)$/;
/** The options that cannot be combined with a run ID. */
const LIST_OPTIONS = ['failed', 'since'] as const;
/** The number of runs that an error lists. */
const SUGGESTED_RUNS = 5;

/**
 * Prints recent runs, newest first, or one run.
 *
 * @param name a dataset, `layer/dataset`, or a run ID; undefined for the runs of all datasets
 */
export async function runs(name: string | undefined, options: RunsOptions): Promise<void> {
  const isRun = name !== undefined && RUN_ID.test(name);
  requireOptions(name, isRun, options);
  const history = await openHistory(options, options.since ?? startOf(name));
  if (isRun) {
    await printRun(findRun(name, history), history, options);
    return;
  }
  const datasets = name === undefined
    ? history.datasets.filter(each => options.stack === undefined || each.stack === options.stack)
    : [selectDataset(history.datasets, name, options.stack)];
  const found = recentRuns(datasets, history, options).map(run => runSummary(run, history));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(found)}\n`);
  } else if (found.length > 0) {
    process.stdout.write(`${describeRuns(found).join('\n')}\n`);
  } else {
    process.stderr.write(`${noRuns(name, options)}\n`);
  }
}

/** The time at the start of a run ID. Undefined for other names. */
function startOf(name: string | undefined): Date | undefined {
  const [, day, hour] = /^(\d{8})T(\d{2})\d{7}Z-/.exec(name ?? '') ?? [];
  return day === undefined
    ? undefined
    : new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${hour}:00:00Z`);
}

function requireOptions(name: string | undefined, isRun: boolean, options: RunsOptions): void {
  const option = isRun ? LIST_OPTIONS.find(each => options[each] !== undefined) : undefined;
  if (option) {
    throw new Failure(`--${option} does not apply to one run (${name}). Omit it.`, 2);
  }
  if (!isRun && options.log !== undefined) {
    throw new Failure(
      '--log requires a run: medallion runs RUN_ID --log. To print the log of the last run of a dataset, use medallion '
        + 'logs DATASET.',
      2,
    );
  }
}

function recentRuns(datasets: Dataset[], history: LakeHistory, { failed, since, limit }: RunsOptions): Run[] {
  const found: Run[] = [];
  for (const run of history.runs(datasets)) {
    if (since && Date.parse(run.record.started_at ?? '') < since.getTime()) {
      break;
    }
    if (!failed || run.state === 'failed') {
      found.push(run);
    }
    if (found.length >= limit) {
      break;
    }
  }
  return found;
}

function noRuns(name: string | undefined, { failed, since, data, deployed }: RunsOptions): string {
  const of = name === undefined ? '' : ` of ${name}`;
  return failed || since
    ? `No ${failed ? 'failed ' : ''}runs${of}${since ? ` since ${utcText(since.toISOString())} UTC` : ''}.`
    : deployed
      ? `No runs${of} in the deployed lake in the last 90 days. To show earlier runs, add --since TIME.`
      : `No runs${of} in ${data} yet. Run a dataset: npx medallion run ${name ?? 'DATASET'}. Or set the folder of the `
      + 'lake with --data DIR.';
}

function findRun(id: string, history: LakeHistory): Run {
  const run = history.find(id);
  if (run) {
    return run;
  }
  const latest: string[] = [];
  for (const { record } of history.runs()) {
    if (latest.push(record.run_id) === SUGGESTED_RUNS) {
      break;
    }
  }
  throw new Failure(
    `Run ${id} does not exist in the ${history.isDeployed ? 'deployed' : 'local'} lake. `
      + (latest.length > 0 ? `The latest runs: ${latest.join(', ')}.` : 'It has no runs yet.'),
    2,
  );
}

async function printRun(run: Run, history: LakeHistory, options: RunsOptions): Promise<void> {
  const log = options.log === undefined ? undefined : (await logLines(run, options)).slice(-options.log);
  if (options.json) {
    const document = { ...runJson(run, history, options.data), ...log && { log_lines: log } };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const lines = describeRun(run, history, options.data);
  process.stdout.write([...lines, ...log ? ['', `Log, last ${log.length} lines`, ...log] : [], ''].join('\n'));
}

function describeRuns(found: RunSummary[]): string[] {
  const hasChecks = found.some(each => each.failed_checks.length > 0);
  const columns = [
    { name: 'dataset', canShrink: true, minWidth: 12 },
    { name: 'state' },
    { name: 'started (UTC)' },
    { name: 'seconds', right: true },
    { name: 'rows', right: true },
    { name: 'change', right: true },
    ...hasChecks ? [{ name: 'failed checks' }] : [],
    { name: 'run' },
  ];
  const cells = found.map(each => [
    fullName(each),
    stateText(each.state),
    utcText(each.started_at ?? undefined),
    each.seconds?.toFixed(1) ?? null,
    each.rows?.toLocaleString('en') ?? null,
    changeText(each.rows_change),
    ...hasChecks ? [checksText(each.failed_checks)] : [],
    each.run_id,
  ]);
  const width = outputWidth();
  // If the terminal is too narrow, the values of the last columns follow the line of the run instead of being omitted.
  const isComplete = formatTable(columns, cells, Infinity).every(line => displayWidth(line) <= width);
  const shown = isComplete ? columns.length : 6;
  const notes = found.map(each => [
    ...isComplete ? [] : [[`run ${each.run_id}`, checksText(each.failed_checks)].filter(Boolean).join('  ')],
    ...each.reason === null ? [] : [withLocalCommands(each.reason, each.dataset)],
  ]);
  return describeNotes(
    columns.slice(0, shown),
    cells.map(row => row.slice(0, shown)),
    notes,
    width,
    index => found[index].state === 'failed',
  );
}
