import { fullName } from './dataset';
import { oneLine, wrap } from './display-width';
import { LakeHistory, Run } from './lake-history';
import { withLocalCommands } from './local-command';
import { localLogOf } from './logs';
import { paint } from './progress';
import { relativePath } from './relative-path';
import { RecordTable } from './run-records';
import { changeText, RunSummary, runSummary, stateText } from './run-summary';
import { Column, formatTable, outputWidth } from './table';
import { timeAgo, utcText } from './time-text';
import { runbookUrl } from '../private/errors/runbook';

/** The width of the labels in the list of facts about a run, including the indentation. */
const FACT_WIDTH = 13;

/** A run, as `medallion runs RUN_ID --json` prints it. */
export type RunJson = RunSummary & Omit<Run['record'], keyof RunSummary> & { readonly log: string | null };

export function runJson(run: Run, history: LakeHistory, data: string): RunJson {
  return { ...run.record, ...runSummary(run, history), log: logOf(run, history, data) ?? null };
}

/** The text output for one run. */
export function describeRun(run: Run, history: LakeHistory, data: string): string[] {
  const { record, dataset } = run;
  const summary = runSummary(run, history);
  const log = logOf(run, history, data);
  const error = run.error === undefined ? undefined : withLocalCommands(run.error, dataset.dataset);
  const reason = run.error === undefined ? summary.reason : null;
  const rule = (each: Run['record']['rules'][number]) => [
    each.name,
    each.table,
    each.condition,
    each.violations?.toLocaleString('en') ?? null,
    each.rows?.toLocaleString('en') ?? null,
    each.status,
  ];
  return [
    headline(run),
    ...facts([
      ['started', record.started_at && `${utcText(record.started_at)} UTC, ${timeAgo(record.started_at)}`],
      ['seconds', summary.seconds === null ? undefined : summary.seconds.toFixed(1)],
      ['DPU-hours', summary.dpu_seconds === null ? undefined : (summary.dpu_seconds / 3600).toFixed(2)],
      ['rows', summary.rows === null ? undefined : rowsText(summary)],
      ['versions', versionsText(record.versions)],
      ['note', reason ?? undefined],
      ['error', error],
    ]),
    // These lines are never wrapped, so that users can copy them.
    ...copied([
      ['runbook', run.errorCode && runbookUrl(run.errorCode.toLowerCase())],
      ['job run', record.job_run_id],
      ['log', log],
    ]),
    ...section('Steps', [{ name: 'step' }, { name: 'seconds', right: true }], Object.entries(record.steps)
      .map(([name, seconds]) => [name, seconds.toFixed(2)])),
    ...section('Sources', [{ name: 'url', canShrink: true }, { name: 'bytes', right: true }], record.sources
      .map(({ url, size_bytes: bytes }) => [url, bytes?.toLocaleString('en') ?? null])),
    ...section('Inputs', [{ name: 'dataset' }, { name: 'published (UTC)' }, { name: 'run' }], record.inputs
      .map(input => [input.dataset, utcText(input.published_at), input.run_id])),
    ...section(
      'Tables',
      ['table', 'rows', 'columns', 'bytes', 'files'].map(name => ({ name, right: name !== 'table' })),
      record.tables.map(tableCells),
    ),
    ...section('Quality gates that failed', ['gate', 'table', 'allowed', 'found'].map(name => ({ name })), record.gates
      .map(({ gate, table, found, allowed }) => [gate, table, allowed ? 'yes' : 'no', found])),
    ...section(
      'Rules',
      ['rule', 'table', 'condition', 'violations', 'rows', 'status'].map(name =>
        ({ name, right: name === 'violations' || name === 'rows' })),
      record.rules.map(rule),
    ),
    ...record.rules.flatMap(({ name, examples }) => examples.length > 0
      ? ['', `Rows that violate ${oneLine(name)}`, ...examples.map(each => `  ${oneLine(JSON.stringify(each))}`)]
      : []),
    ...record.warnings.length > 0 ? ['', 'Warnings', ...record.warnings.flatMap(each => wrapped(each, '  '))] : [],
  ];
}

function headline({ dataset, record, state }: Run): string {
  const text = `${fullName(dataset)}  ${stateText(state)}  run ${record.run_id}`;
  return paint(state === 'failed' ? 'red' : 'bold', text, process.stdout);
}

/** The path of the local log, or the command that prints the log of a deployed run. */
function logOf(run: Run, history: LakeHistory, data: string): string | undefined {
  if (history.isDeployed) {
    return `npx medallion logs ${fullName(run.dataset)} --run ${run.record.run_id} --deployed`;
  }
  const file = localLogOf(run, data);
  return file === undefined ? undefined : relativePath(file);
}

function rowsText({ rows, rows_change: change }: RunSummary): string {
  return `${(rows ?? 0).toLocaleString('en')}${change === null ? '' : ` (${changeText(change)})`}`;
}

function versionsText(versions: Record<string, number>): string {
  return Object.entries(versions).map(([name, rows]) => `${name} ${rows.toLocaleString('en')}`).join(', ');
}

function tableCells({ name, rows, columns, bytes, files }: RecordTable): (string | null)[] {
  return [
    name,
    rows?.toLocaleString('en') ?? null,
    String(columns.length),
    bytes?.toLocaleString('en') ?? null,
    String(files.length),
  ];
}

/** Labels and values, one per line. Unknown values are omitted. */
function facts(values: [name: string, value: string | undefined][]): string[] {
  return values.flatMap(([name, value]) => value
    ? wrapped(value, ' '.repeat(FACT_WIDTH)).map((line, index) =>
      index === 0 ? `  ${name.padEnd(FACT_WIDTH - 2)}${line.slice(FACT_WIDTH)}` : line)
    : []);
}

function copied(values: [name: string, value: string | undefined][]): string[] {
  return values.flatMap(([name, value]) => value ? `  ${name.padEnd(FACT_WIDTH - 2)}${oneLine(value)}` : []);
}

function wrapped(text: string, indentation: string): string[] {
  return wrap(oneLine(text), outputWidth() - indentation.length).map(line => indentation + line);
}

/** A title and a table. Empty if there are no rows. Cells that do not fit into the terminal's width are truncated. */
function section(title: string, columns: Column[], rows: (string | null)[][]): string[] {
  if (rows.length === 0) {
    return [];
  }
  const [names, ...lines] = formatTable(columns.map(each => ({ canShrink: true, ...each })), rows, outputWidth() - 2);
  const heading = [paint('bold', title, process.stdout), `  ${paint('dim', names, process.stdout)}`];
  return ['', ...heading, ...lines.map(line => `  ${line}`)];
}
