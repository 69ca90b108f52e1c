import * as fs from 'fs';
import * as path from 'path';
import { Dataset, fullName } from './dataset';
import { Failure } from './failure';
import { Lake } from './lake';

/** The number of replaced publications that a local lake keeps per dataset with Parquet tables. */
const KEPT = 3;

/**
 * The number of attempts to read a publication while a run is publishing, and the time between them in milliseconds.
 */
const ATTEMPTS = 40;
const INTERVAL = 50;

type PublishedDataset = Pick<Dataset, 'dataset' | 'layer' | 'runs' | 'bucket' | 'tableFormat'>;

/** A table of a publication whose rows are stored in the local lake. */
export interface StoredTable {
  readonly name: string;
  readonly columns: { readonly name: string; readonly type: string }[];
  readonly rows: number;
  /** The paths of its Parquet files. */
  readonly files: string[];
}

/** A publication whose rows are stored in the local lake. */
export interface StoredPublication {
  readonly runId: string;
  readonly tables: StoredTable[];
}

/** The keys of published.json that this module reads. */
interface Publication {
  readonly run_id: string;
  readonly tables: Record<string, StoredTable>;
}

/**
 * Keeps the current publication of a dataset with Parquet tables, because the next run replaces its files. The copies
 * are hard links, so they use no disk space until the files are replaced. Iceberg tables keep earlier publications
 * themselves.
 */
export function keepPublication(lake: Lake, dataset: PublishedDataset): void {
  if (dataset.tableFormat === 'iceberg' || isPublishing(lake.objects, dataset)) {
    return;
  }
  const publication = readJson(lake.publicationOf(dataset.runs));
  if (publication === undefined) {
    return;
  }
  const folder = folderOf(lake, dataset);
  const copy = path.join(folder, publication.run_id);
  if (!fs.existsSync(copy)) {
    const partial = `${copy}.partial`;
    fs.rmSync(partial, { recursive: true, force: true });
    try {
      const objects = path.join(lake.objects, dataset.bucket);
      Object.values(publication.tables).flatMap(table => table.files)
        .forEach(file => link(path.join(objects, file), path.join(partial, file)));
    } catch {
      // A published file is missing, so the publication cannot be compared. The run itself reports what is wrong.
      fs.rmSync(partial, { recursive: true, force: true });
      return;
    }
    fs.mkdirSync(partial, { recursive: true });
    fs.writeFileSync(path.join(partial, 'published.json'), JSON.stringify(publication));
    fs.renameSync(partial, copy);
  }
  runsIn(folder).slice(KEPT).forEach(runId => fs.rmSync(path.join(folder, runId), { recursive: true, force: true }));
}

/** The runs whose publications are stored, newest first, including the current publication. */
export function storedRuns(lake: Lake, dataset: PublishedDataset): string[] {
  const current = readJson(lake.publicationOf(dataset.runs))?.run_id;
  const earlier = dataset.tableFormat === 'iceberg'
    ? namesIn(lake.pathOf(`${dataset.runs}publications/`)).flatMap(name => /^run_id=(\w[\w-]*)\.json$/.exec(name)?.[1] ?? [])
    : runsIn(folderOf(lake, dataset));
  return [...new Set([...current === undefined ? [] : [current], ...earlier])].sort().reverse();
}

/**
 * A publication with its files. Undefined if its rows are not stored.
 *
 * @param links an empty folder for hard links to the files. The links preserve the content if a run replaces the files
 */
export async function storedPublication(
  lake: Lake, dataset: PublishedDataset, runId: string, links: string,
): Promise<StoredPublication | undefined> {
  const kept = path.join(folderOf(lake, dataset), runId);
  const ofIceberg = lake.pathOf(`${dataset.runs}publications/run_id=${runId}.json`);
  for (const [file, root] of [
    [path.join(kept, 'published.json'), kept], [ofIceberg, path.join(lake.objects, dataset.bucket)],
  ]) {
    const publication = readJson(file);
    const stored = publication && linked(publication, root, links);
    if (stored) {
      return stored;
    }
  }
  return currentPublication(lake, dataset, runId, links);
}

async function currentPublication(
  lake: Lake, dataset: PublishedDataset, runId: string, links: string,
): Promise<StoredPublication | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const wasPublishing = isPublishing(lake.objects, dataset);
    const publication = readJson(lake.publicationOf(dataset.runs));
    if (publication?.run_id !== runId) {
      return undefined;
    }
    const stored = wasPublishing ? undefined : linked(publication, path.join(lake.objects, dataset.bucket), links);
    if (stored && !isPublishing(lake.objects, dataset)
      && readJson(lake.publicationOf(dataset.runs))?.run_id === runId) {
      return stored;
    }
    await new Promise(resolve => setTimeout(resolve, INTERVAL));
  }
  throw new Failure(
    `A run is publishing ${fullName(dataset)}, or its published files are missing. Wait until the run ends. If no `
      + `run is active, run the dataset again: npx medallion run ${dataset.dataset}.`,
    1,
  );
}

/** The publication with links to its files. Undefined if a file does not exist. */
function linked(publication: Publication, root: string, links: string): StoredPublication | undefined {
  fs.rmSync(links, { recursive: true, force: true });
  try {
    const tables = Object.values(publication.tables).map(table => ({
      name: table.name,
      columns: table.columns,
      rows: table.rows,
      files: table.files.map(file => link(path.join(root, file), path.join(links, file))),
    }));
    return { runId: publication.run_id, tables };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Links a file, or copies it if the file system has no links. Returns the path of the link. */
function link(file: string, target: string): string {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  try {
    fs.linkSync(file, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw error;
    }
    fs.copyFileSync(file, target);
  }
  return target;
}

/**
 * Whether a run is publishing the dataset, or was killed while publishing. The files can then belong to two
 * publications.
 */
function isPublishing(objects: string, { runs, tableFormat }: PublishedDataset): boolean {
  return tableFormat === 'parquet' && fs.existsSync(path.join(objects, runs.replace('s3://', ''), 'publishing.json'));
}

function folderOf(lake: Lake, { dataset, layer }: PublishedDataset): string {
  return path.join(lake.publications, layer, dataset);
}

/** The run IDs of the kept publications. The newest is first, because run IDs start with the time. */
function runsIn(folder: string): string[] {
  return namesIn(folder).filter(name => !name.endsWith('.partial')).sort().reverse();
}

function namesIn(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

/** Whether a table has all required keys, and all its files are inside the folder of the publication. */
function isStoredTable({ name, columns, files }: StoredTable): boolean {
  return typeof name === 'string' && Array.isArray(columns) && Array.isArray(files)
    && files.every(file => typeof file === 'string' && !file.split('/').includes('..') && !path.isAbsolute(file));
}

/** A publication. Undefined if it does not exist, or is not complete because a run is still writing it. */
function readJson(file: string): Publication | undefined {
  try {
    const publication = JSON.parse(fs.readFileSync(file, 'utf8')) as Publication;
    return /^\w[\w-]*$/.test(publication.run_id) && Object.values(publication.tables).every(isStoredTable)
      ? publication
      : undefined;
  } catch {
    return undefined;
  }
}
