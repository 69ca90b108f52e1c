import * as fs from 'fs';
import * as path from 'path';
import { businessKeysOf } from './business-key';
import { Child, cleanEnvironment, LOCAL_GLUE } from './child';
import { Dataset, fullName, readDatasets, selectDataset } from './dataset';
import { Comparison, DiffResult, formatDiff, SideOfDiff, TableDiff } from './diff-result';
import { setUpLake } from './environment';
import { Failure } from './failure';
import { Lake } from './lake';
import { Progress } from './progress';
import { readPublished, readRunRecords, RunRecord } from './run-records';
import { storedPublication, StoredPublication, storedRuns, StoredTable } from './stored-publications';
import { readValues } from './substitutes';
import { outputWidth } from './table';

/** The options of `medallion diff`. */
export interface DiffOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
  readonly stack?: string;
  /** The maximum number of rows that are shown per kind of change. */
  readonly samples: number;
}

/** A publication to compare. */
interface Side {
  readonly runId: string;
  readonly tables: Omit<StoredTable, 'files'>[];
  /** The publication with its files. Undefined if the rows are no longer stored. */
  readonly stored?: StoredPublication;
}

/**
 * Shows what differs between two publications of a dataset in the local lake: columns, data types and rows.
 *
 * @param name the dataset, or `layer/dataset`
 * @param runs the run IDs, or unique prefixes of run IDs. Without a run, the current publication is compared with the
 * previous one. With one run, the publication of this run is compared with the current one
 */
export async function diff(name: string, runs: string[], options: DiffOptions): Promise<void> {
  const dataset = selectDataset(readDatasets(options.app, readValues(options.value)), name, options.stack);
  Lake.require(options.data, name);
  const lake = Lake.read(options.data);
  const [oldRun, newRun] = selectRuns(runs, dataset, lake, publishedRuns(dataset, lake));
  const result = await differences(dataset, oldRun, newRun, lake, options.samples);
  process.stdout.write(options.json
    ? `${JSON.stringify(result)}\n`
    : formatDiff(result, readPublished(lake.objects, dataset.runs)?.database ?? '', outputWidth()).join('\n'));
}

/**
 * Compares two publications of a dataset.
 *
 * @param samples the maximum number of rows per kind of change
 */
export async function differences(
  dataset: Dataset, oldRun: string, newRun: string, lake: Lake, samples: number,
): Promise<DiffResult> {
  const published = publishedRuns(dataset, lake);
  const [oldSide, newSide] = [
    await sideOf(oldRun, 'old', dataset, lake, published), await sideOf(newRun, 'new', dataset, lake, published),
  ];
  const comparisons = await compareRows(oldSide, newSide, businessKeysOf(dataset), lake, samples);
  return {
    dataset: dataset.dataset,
    layer: dataset.layer,
    old: described(oldSide, published),
    new: described(newSide, published),
    tables: tableDiffs(oldSide, newSide, comparisons),
  };
}

function publishedRuns(dataset: Dataset, lake: Lake): RunRecord[] {
  return readRunRecords(lake.objects, dataset.runs)
    .filter(({ status, rolled_back_to: earlier }) => status === 'published' && earlier === undefined);
}

/** The IDs of the runs to compare, the earlier publication first. */
function selectRuns(runs: string[], dataset: Dataset, lake: Lake, published: RunRecord[]): [string, string] {
  const stored = storedRuns(lake, dataset);
  const known = [...new Set([...stored, ...published.map(each => each.run_id)])].sort().reverse();
  const current = readPublished(lake.objects, dataset.runs)?.run_id;
  if (current === undefined) {
    throw new Failure(
      `${fullName(dataset)} has no publication in the local lake. Run it first: npx medallion run ${dataset.dataset}.`,
      2,
    );
  }
  const given = runs.map(run => selectRun(run, known, dataset));
  if (given.length === 2) {
    return [given[0], given[1]];
  }
  const [earlier] = given.length === 1
    ? given
    : [stored.find(run => run < current) ?? known.find(run => run < current) ?? known.find(run => run !== current)];
  if (earlier === undefined) {
    throw new Failure(
      `${fullName(dataset)} has only one publication, so there is nothing to compare it with. Run it again when its `
        + `source has changed: npx medallion run ${dataset.dataset}.`,
      2,
    );
  }
  return [earlier, current];
}

/** The run whose ID is the text or starts with the text. */
function selectRun(text: string, known: string[], dataset: Dataset): string {
  const matches = known.includes(text) ? [text] : known.filter(run => run.startsWith(text));
  if (matches.length !== 1) {
    throw new Failure(
      `${matches.length === 0 ? 'No publication' : `${matches.length} publications`} of ${fullName(dataset)} `
        + `${matches.length === 0 ? 'has' : 'have'} a run ID that starts with "${text}". `
        + `The latest publications: ${(matches.length === 0 ? known : matches).slice(0, 5).join(', ')}.`,
      2,
    );
  }
  return matches[0];
}

async function sideOf(
  runId: string, side: string, dataset: Dataset, lake: Lake, published: RunRecord[],
): Promise<Side> {
  const stored = await storedPublication(lake, dataset, runId, path.join(lake.scratch, side));
  const tables = stored?.tables
    ?? published.find(each => each.run_id === runId)?.tables.map(table => ({ ...table, rows: table.rows ?? 0 }))
    ?? [];
  return { runId, tables, stored };
}

/** The differences between the rows, by table. Undefined if the rows of a publication are no longer stored. */
async function compareRows(
  oldSide: Side, newSide: Side, keys: Record<string, string[]>, lake: Lake, samples: number,
): Promise<Record<string, Comparison> | undefined> {
  if (oldSide.stored === undefined || newSide.stored === undefined) {
    return undefined;
  }
  const filesOf = ({ stored }: Side, name: string) => stored?.tables.find(table => table.name === name)?.files ?? [];
  const tables = namesOf(oldSide, newSide).map(name =>
    ({ name, key: keys[name] ?? [], old: filesOf(oldSide, name), new: filesOf(newSide, name) }));
  const request = path.join(lake.scratch, 'diff.json');
  const result = path.join(lake.scratch, 'diff-result.json');
  const log = path.join(lake.scratch, 'diff.log');
  fs.writeFileSync(request, JSON.stringify({ samples, tables }));
  const progress = new Progress();
  const python = await setUpLake(progress);
  const child = new Child(python, [path.join(LOCAL_GLUE, 'diff.py'), request, result], {
    env: cleanEnvironment({ PYTHONPATH: path.join(LOCAL_GLUE, '..'), TMPDIR: lake.scratch, TZ: 'UTC' }),
    log,
    onLine: () => undefined,
  });
  const code = await progress.during('comparing', () => child.exit);
  if (code !== 0) {
    throw new Failure(`The comparison failed: ${fs.readFileSync(log, 'utf8').trim().split('\n').pop() ?? ''}`, 1);
  }
  return JSON.parse(fs.readFileSync(result, 'utf8')) as Record<string, Comparison>;
}

function namesOf(...sides: Side[]): string[] {
  return [...new Set(sides.flatMap(({ tables }) => tables.map(table => table.name)))];
}

function described({ runId, stored }: Side, published: RunRecord[]): SideOfDiff {
  const record = published.find(each => each.run_id === runId);
  return { run_id: runId, finished_at: record?.finished_at ?? null, has_rows: stored !== undefined };
}

function tableDiffs(
  oldSide: Side, newSide: Side, comparisons: Record<string, Comparison> | undefined,
): TableDiff[] {
  return namesOf(oldSide, newSide).map(name => {
    const [before, after] = [oldSide, newSide].map(side => side.tables.find(table => table.name === name));
    const [oldTypes, newTypes] = [before, after].map(table =>
      new Map(table?.columns.map(column => [column.name, column.type])));
    const missingIn = (others: Map<string, string>, types: Map<string, string>) =>
      [...types].filter(([column]) => !others.has(column)).map(([column, type]) => ({ name: column, type }));
    return {
      name,
      old_rows: before?.rows ?? null,
      new_rows: after?.rows ?? null,
      columns: {
        added: missingIn(oldTypes, newTypes),
        removed: missingIn(newTypes, oldTypes),
        changed: [...newTypes].flatMap(([column, type]) => {
          const oldType = oldTypes.get(column);
          return oldType !== undefined && oldType !== type ? [{ name: column, old_type: oldType, new_type: type }] : [];
        }),
      },
      rows: comparisons?.[name] ?? null,
    };
  });
}
