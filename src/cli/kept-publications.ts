import * as fs from 'fs';
import * as path from 'path';
import { Dataset } from './dataset';
import { Lake } from './lake';

/** A publication in the local lake that can be restored. */
export interface KeptPublication {
  readonly run_id: string;
  readonly published_at: string;
  /** The rows of all tables. */
  readonly rows: number;
  readonly current: boolean;
}

/** The keys that this module reads from published.json, from records of kept publications, and from run records. */
interface Publication {
  readonly run_id: string;
  readonly status?: string;
  readonly published_at?: string;
  readonly finished_at?: string;
  readonly tables?: Record<string, { readonly rows: number }> | { readonly rows: number }[];
  readonly sources?: { readonly raw: string }[];
}

/**
 * The publications of a dataset that can be restored, newest first. For Iceberg tables, these are publications whose
 * snapshots exist. For Parquet tables, these are publications whose original files exist.
 *
 * @param data the folder of the local lake
 */
export function keptPublications(dataset: Pick<Dataset, 'runs' | 'tableFormat'>, data: string): KeptPublication[] {
  const runs = Lake.pathIn(data, dataset.runs);
  const current = readJson(path.join(runs, 'published.json'))?.run_id;
  const kept = dataset.tableFormat === 'iceberg'
    ? readRuns(path.join(runs, 'publications'))
    : readRuns(runs).filter(({ status, sources = [] }) => status === 'published' && sources.length > 0
      && sources.every(({ raw }) => fs.existsSync(Lake.pathIn(data, raw))));
  return kept.map(({ run_id: runId, published_at: publishedAt, finished_at: finishedAt, tables = {} }) => ({
    run_id: runId,
    published_at: publishedAt ?? finishedAt ?? '',
    rows: Object.values(tables).reduce((sum, { rows }) => sum + rows, 0),
    current: runId === current,
  }));
}

/**
 * Reads the objects named run_id=….json in a folder, which may not exist. The newest is first, because run IDs start
 * with the time.
 */
function readRuns(folder: string): Publication[] {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names
    .filter(name => name.startsWith('run_id='))
    .sort()
    .reverse()
    .flatMap(name => readJson(path.join(folder, name)) ?? []);
}

/** The content of an object. Undefined if it does not exist or is not complete, because a run is still writing it. */
function readJson(file: string): Publication | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Publication;
  } catch {
    return undefined;
  }
}
