import { Confirmations } from './confirmations';
import { Dataset, readDatasets } from './dataset';
import { freshnessOf, rounded } from './dataset-freshness';
import { displayWidth, pad, wrap } from './display-width';
import { hoursText, maxCost, priceNotes, usdText } from './job-cost';
import { Lake } from './lake';
import { Pipeline, readPipelines } from './pipeline';
import { paint } from './progress';
import { readValues } from './substitutes';
import { formatTable, outputWidth } from './table';
import { showUnknown } from './unknown-value';

/** The options of `medallion list`. */
export interface ListOptions {
  readonly app: string;
  /** The folder of the local lake. */
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
  /** List only the pipelines. */
  readonly pipelines?: true;
  /** Show the maximum costs, at this price in USD per DPU-hour. If true, use the example prices. */
  readonly price?: number | true;
}

/**
 * Prints the datasets of the app, in the order of the stacks, and the pipelines of the app. A dataset may be listed
 * before its inputs. With `--json`, pipelines are printed only if the option `pipelines` is set.
 */
export function list(options: ListOptions): void {
  if (options.pipelines) {
    listPipelines(options);
    return;
  }
  const found = readDatasets(options.app, readValues(options.value));
  const confirmations = new Confirmations(Lake.objectsIn(options.data), found);
  const datasets = found.map(dataset => ({
    dataset: dataset.dataset,
    layer: dataset.layer,
    tables: dataset.tables.map(showUnknown),
    inputs: dataset.inputs.map(input => input.dataset),
    job: showUnknown(dataset.job),
    stack: dataset.stack,
    glue_version: dataset.glueVersion,
    description: showUnknown(dataset.description),
    ...declaredFreshness(dataset, confirmations),
    ...maxCost(dataset, options.price),
  }));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(datasets)}\n`);
    return;
  }
  const pipelines = readPipelines(options.app, readValues(options.value));
  if (datasets.length === 0 && pipelines.length === 0) {
    process.stderr.write(
      'The app does not contain a dataset yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.\n',
    );
    return;
  }
  // Columns that would be empty for all datasets are omitted.
  const columns = [
    'dataset',
    'layer',
    'tables',
    ...(datasets.some(each => each.inputs.length > 0) ? ['inputs' as const] : []),
    'job',
    'stack',
    ...(datasets.some(each => each.stale !== null) ? ['age' as const, 'stale' as const] : []),
    ...(datasets.some(each => each.max_dpu_hours !== null) ? [MAX_DPU_HOURS] : []),
    ...(options.price === undefined ? [] : [MAX_USD]),
  ] as const;
  const rows = datasets.map(({ age_hours: hours, stale, max_dpu_hours: dpuHours, max_price_usd: usd, ...each }) => {
    const texts = {
      ...each,
      [MAX_DPU_HOURS]: hoursText(dpuHours),
      [MAX_USD]: usdText(usd),
      age: hours === null ? '' : `${hours} h`,
      stale: stale === null ? '' : stale ? 'yes' : 'no',
    };
    return columns.map(column => [texts[column]].flat().join(' '));
  });
  const lists = [
    ...(rows.length > 0 ? [[...formatList(columns, rows), ...priceLines(found, options.price)]] : []),
    ...(pipelines.length > 0 ? [formatPipelines(pipelines)] : []),
  ];
  process.stdout.write(lists.map(lines => [...lines, ''].join('\n')).join('\n'));
}

/** The lines below the table with `--price`. */
function priceLines(datasets: Dataset[], price: number | true | undefined): string[] {
  return price === undefined ? [] : ['', ...priceNotes(datasets, price).flatMap(note => wrap(note, outputWidth()))];
}

/** The age of the tables, and whether it exceeds the maximum. Null if the dataset does not declare freshness. */
function declaredFreshness(
  dataset: Dataset, confirmations: Confirmations,
): { readonly age_hours: number | null; readonly stale: boolean | null } {
  const { age_hours: age, stale } = freshnessOf(dataset, confirmations);
  return { age_hours: stale === null || age === null ? null : rounded(age), stale };
}

function listPipelines({ app, json, value }: ListOptions): void {
  const pipelines = readPipelines(app, readValues(value));
  if (json) {
    process.stdout.write(`${JSON.stringify(pipelines.map(each => ({
      pipeline: each.pipeline,
      state_machine: each.stateMachine,
      state_machine_arn: each.arn ?? null,
      schedule: each.schedule ?? null,
      timezone: each.timezone ?? null,
      datasets: each.nodes,
      max_concurrent_jobs: each.max,
      on_failed_input: each.usesPublished ? 'use_published' : 'skip',
      stack: each.stack,
    })))}\n`);
    return;
  }
  if (pipelines.length === 0) {
    process.stderr.write(
      'The app does not contain a pipeline yet. Add an EtlPipeline to a stack, and run `npx cdk synth`.\n',
    );
    return;
  }
  process.stdout.write([
    ...formatPipelines(pipelines),
    ...pipelines.flatMap(each => ['', `Resume a failed execution of ${each.pipeline} in AWS:`, ...resumeCommand(each)]),
    '',
  ].join('\n'));
}

function formatPipelines(pipelines: Pipeline[]): string[] {
  const columns = ['pipeline', 'datasets', 'schedule', 'state machine', 'stack'];
  return formatList(columns, pipelines.map(({ pipeline, nodes, schedule = '', timezone, stateMachine, stack }) => [
    pipeline,
    String(nodes.length),
    showUnknown(timezone === undefined ? schedule : `${schedule} ${timezone}`),
    stateMachine,
    stack,
  ]));
}

/** The command that resumes a failed execution. Its lines are never wrapped, so that users can copy them. */
function resumeCommand({ arn, stateMachine }: Pipeline): string[] {
  const machine = arn ?? `arn:aws:states:REGION:ACCOUNT:stateMachine:${stateMachine}`;
  const execution = `${machine.replace(':stateMachine:', ':execution:')}:EXECUTION`;
  return [
    `  aws stepfunctions start-execution --state-machine-arn ${machine} \\`,
    `    --input "$(aws stepfunctions describe-execution --execution-arn ${execution} \\`,
    '      --query cause --output text)"',
  ];
}

const MAX_DPU_HOURS = 'max DPU-hours' as const;
const MAX_USD = 'max USD' as const;

/** A table, or several lines per row if a terminal is too narrow for the table. */
function formatList(columns: readonly string[], rows: string[][]): string[] {
  const width = outputWidth();
  const table = formatTable(
    columns.map(name => ({ name, right: name === MAX_DPU_HOURS || name === MAX_USD })), rows, Infinity);
  return table.every(line => displayWidth(line) <= width)
    ? [paint('bold', table[0], process.stdout), ...table.slice(1)]
    : rows.flatMap(row => describe(columns, row, width));
}

/** A row as several lines, for a narrow terminal: the first two columns, then one line for each other column. */
function describe(columns: readonly string[], [first, second, ...values]: string[], width: number): string[] {
  const names = columns.slice(2);
  const indentation = 4 + Math.max(...names.map(name => name.length));
  return [
    ...wrap(`${first}  ${second}`, width).map(line => paint('bold', line, process.stdout)),
    ...names.flatMap((name, index) => values[index]
      ? wrap(values[index], width - indentation).map((line, number) =>
        pad(number === 0 ? `  ${name}` : '', indentation) + line)
      : []),
  ];
}
