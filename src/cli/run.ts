import * as fs from 'fs';
import * as path from 'path';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, pickDataset, readDatasets } from './dataset';
import { Emulator } from './emulator';
import { Environment, GLUE_VERSIONS, setUpLake, setUpRun } from './environment';
import { Failure } from './failure';
import { DEFAULT_DATA, Lake } from './lake';
import { mark, paint, Progress } from './progress';
import { Answer, ask, formatAnswer, readAnswer } from './query';
import { formatTable, outputWidth } from './table';

/** Columns that the job adds to every table, and what they hold. */
const META_COLUMNS: Record<string, string> = { meta_run_id: 'its run', meta_rescued: 'unfitting values' };
/** Rows shown of each table after a run. */
const SAMPLE_ROWS = 5;

/** How `medallion run` is called. */
export interface RunOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly glueVersion?: string;
  readonly stack?: string;
  readonly force?: true;
  readonly allow: string[];
  readonly resetContract?: true;
  readonly fromRun?: string;
}

/** A table that a run published. */
interface PublishedTable {
  readonly name: string;
  readonly rows: number;
  readonly location: string;
  readonly columns: { readonly name: string; readonly type: string }[];
}

/** What the run's record says of a table that it published. */
interface RecordedTable {
  readonly name: string;
  /** How many values of a column did not fit it and went into meta_rescued. */
  readonly rescued: Record<string, number>;
}

/** What run_job.py writes when the job has ended. */
interface Outcome {
  readonly exit_code: number;
  readonly error: string | null;
  readonly record: { readonly run_id: string; readonly status: string; readonly error: string | null; readonly tables?: RecordedTable[] } | null;
  readonly published: { readonly run_id: string; readonly database: string; readonly tables: Record<string, PublishedTable> } | null;
}

/**
 * Runs the deployed job of a dataset on this machine, and shows what came out.
 *
 * @param name the dataset, or `layer/dataset`
 * @returns whether the job succeeded
 */
export async function run(name: string, options: RunOptions): Promise<boolean> {
  const dataset = pickDataset(readDatasets(options.app), name, options.stack);
  const glueVersion = options.glueVersion ?? dataset.glueVersion;
  if (!(glueVersion in GLUE_VERSIONS)) {
    throw new Failure(`Glue ${glueVersion} cannot be run here yet; these can: ${Object.keys(GLUE_VERSIONS).join(', ')}. Add --glue-version.`, 2);
  }
  const progress = new Progress();
  const lake = Lake.open(options.data);
  const environment = await setUpRun(glueVersion, progress);
  const lakePython = await setUpLake(progress);
  const log = lake.newLog(dataset.dataset);
  progress.line(paint('bold', `Running ${dataset.job}`) + paint('dim', `  Glue ${glueVersion}, ${GLUE_VERSIONS[glueVersion]}`));
  const started = Date.now();
  const emulator = await Emulator.start(lakePython, lake);
  try {
    const outcome = await progress.during('running', () => runJob({ ...dataset, arguments: argumentsOf(dataset, options) }, environment, emulator, lake, log, progress));
    const seconds = Math.round((Date.now() - started) / 100) / 10;
    const good = outcome.exit_code === 0;
    const database = outcome.published?.database ?? '';
    const tables = good ? Object.values(outcome.published?.tables ?? {}).map(table => shown(table, database, outcome.record?.tables)) : [];
    const error = good ? undefined : outcome.record?.error ?? outcome.error ?? `the script ended with exit code ${outcome.exit_code}`;
    if (!good) {
      // The job has said why, unless it could not even write its record.
      progress.line(`${mark(false)}${dataset.dataset} failed after ${seconds} s${outcome.record?.error ? '' : `: ${error}`}`);
      progress.line(`  What Spark and the job wrote: ${here(log)}`);
    }
    if (options.json) {
      process.stdout.write(`${JSON.stringify({
        dataset: dataset.dataset,
        layer: dataset.layer,
        run_id: outcome.record?.run_id ?? null,
        status: outcome.record?.status ?? (good ? 'succeeded' : 'failed'),
        seconds,
        tables,
        ...error && { error },
      })}\n`);
      return good;
    }
    if (!good) {
      return false;
    }
    progress.line(`${mark(true)}${dataset.dataset} ${outcome.record?.status ?? 'done'} in ${seconds} s`);
    for (const table of tables) {
      const sample = await ask(lakePython, emulator, lake, `SELECT * FROM ${table.database}."${table.name}" LIMIT ${SAMPLE_ROWS}`, []);
      process.stdout.write(`${describe(table, readAnswer(sample), lake).join('\n')}\n`);
    }
    const first = tables[0];
    if (first) {
      const data = options.data === DEFAULT_DATA ? '' : `--data ${options.data} `;
      progress.line(`\nNext: npx medallion ${data}query "SELECT * FROM ${first.database}.${first.name} LIMIT 10"`);
    }
    return true;
  } finally {
    await emulator.stop();
  }
}

/** The job's arguments, with what is asked of this one run: as `aws glue start-job-run --arguments` would give them. */
export function argumentsOf(dataset: Pick<Dataset, 'arguments'>, { force, allow, resetContract, fromRun }: RunOptions): Record<string, string> {
  const asked = {
    // What a run made before is to be made again, whatever the source says now.
    ...(force || fromRun !== undefined) && { force: true },
    ...allow.length > 0 && { allow },
    ...resetContract && { reset_contract: true },
    ...fromRun !== undefined && { from_run: fromRun },
  };
  return Object.keys(asked).length > 0 ? { ...dataset.arguments, '--run_options': JSON.stringify(asked) } : dataset.arguments;
}

async function runJob(
  dataset: Dataset, environment: Environment, emulator: Emulator, lake: Lake, log: string, progress: Progress,
): Promise<Outcome> {
  const result = path.join(lake.scratch, 'result.json');
  const work = path.join(lake.scratch, 'job');
  fs.mkdirSync(work);
  const request = path.join(lake.scratch, 'request.json');
  fs.writeFileSync(request, JSON.stringify({
    job_name: dataset.job,
    script: dataset.script,
    arguments: dataset.arguments,
    bucket: dataset.bucket,
    runs: dataset.runs,
    deployments: dataset.deployments(),
    endpoint: emulator.endpoint,
    jars: environment.jars,
    java_options: environment.javaOptions,
    work,
    result,
  }));
  const child = new Child(environment.jobPython, [path.join(LOCAL_GLUE, 'run_job.py'), request], {
    env: cleanEnvironment({
      ...emulator.clientEnvironment,
      AWS_REGION: dataset.region,
      AWS_DEFAULT_REGION: dataset.region,
      JAVA_HOME: environment.javaHome,
      TMPDIR: work,
      TZ: 'UTC',
    }),
    log,
    onLine: line => {
      fs.appendFileSync(log, `${line}\n`);
      progress.line(`  ${line}`);
    },
  });
  await Promise.race([child.exit, emulator.broken()]);
  if (!fs.existsSync(result)) {
    const said = fs.readFileSync(log, 'utf8').trim().split('\n').pop();
    return { exit_code: 1, error: said || 'the job ended without a word', record: null, published: null };
  }
  return JSON.parse(fs.readFileSync(result, 'utf8')) as Outcome;
}

/** `rescued` is null where this run made no table: its source was unchanged. */
type ShownTable = PublishedTable & { readonly database: string; readonly rescued: Record<string, number> | null };

function shown({ name, rows, location, columns }: PublishedTable, database: string, recorded: RecordedTable[] = []): ShownTable {
  const rescued = recorded.find(table => table.name === name)?.rescued ?? null;
  return { name, database, rows, location, columns: columns.map(column => ({ name: column.name, type: column.type })), rescued };
}

/** A table for a person: its columns, a few rows, where its files are. */
function describe(table: ShownTable, sample: Answer, lake: Lake): string[] {
  const width = outputWidth();
  const bold = (text: string) => paint('bold', text, process.stdout);
  const own = table.columns.map(({ name, type }) => [name, type, '']);
  const added = sample.columns.filter(({ name }) => name in META_COLUMNS).map(({ name }) => [name, 'string', META_COLUMNS[name]]);
  const [, ...columns] = formatTable([{ name: '' }, { name: '' }, { name: '' }], [...own, ...added], width - 2);
  const [heading, ...rows] = formatAnswer(sample, width - 2);
  return [
    '', `${bold(`${table.database}.${table.name}`)}  ${count(table.rows, 'row')}${describeRescued(table.rescued ?? {})}`,
    ...columns.map((line, index) => `  ${index < own.length ? line : paint('dim', line, process.stdout)}`),
    '', `  ${bold(heading)}`, ...rows.map(line => `  ${line}`),
    '', `  ${here(lake.pathOf(table.location))}`, `  ${table.location} once deployed`,
  ];
}

/** As in `, 3 values in meta_rescued (price 2, _surplus 1)`; nothing where every value fits. */
function describeRescued(rescued: Record<string, number>): string {
  const columns = Object.entries(rescued);
  const all = columns.reduce((sum, [, values]) => sum + values, 0);
  return all > 0 ? `, ${count(all, 'value')} in meta_rescued (${columns.map(([name, values]) => `${name} ${values.toLocaleString('en')}`).join(', ')})` : '';
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}

/** A path as one would type it here. */
function here(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
