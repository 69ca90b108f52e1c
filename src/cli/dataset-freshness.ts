import * as fs from 'fs';
import * as path from 'path';
import { Dataset } from './dataset';
import { documentOf } from './dataset-document';
import { Lake } from './lake';

/** The freshness of a dataset in the local lake. */
export interface DatasetFreshness {
  /**
   * The hours since its tables were published, or since a run found them unchanged. Null if they were never published,
   * or if the dataset does not declare freshness.
   */
  readonly age_hours: number | null;
  /** Whether the age exceeds the maximum. Null if the dataset does not declare freshness. */
  readonly stale: boolean | null;
}

/** The keys of a publication and of a run record that are read here. */
interface Publication {
  readonly published_at?: string;
  readonly status?: string;
  readonly finished_at?: string | null;
}

const HOUR = 3_600_000;

/**
 * The freshness of a dataset in the local lake.
 *
 * @param data the folder of the local lake
 * @param now in milliseconds
 */
export function freshnessOf(
  dataset: Pick<Dataset, 'arguments' | 'deployments' | 'runs'>, data: string, now = Date.now(),
): DatasetFreshness {
  const maxAge = documentOf(dataset)?.freshness?.max_age_hours;
  if (maxAge === undefined) {
    return { age_hours: null, stale: null };
  }
  const folder = Lake.pathIn(data, dataset.runs);
  const publishedAt = read(path.join(folder, 'published.json'))?.published_at;
  if (publishedAt === undefined) {
    return { age_hours: null, stale: true };
  }
  const hours = (now - Math.max(Date.parse(publishedAt), lastConfirmed(folder))) / HOUR;
  return { age_hours: Math.round(hours * 10) / 10, stale: hours > maxAge };
}

/** The end of the newest run that published the tables or found them unchanged, in milliseconds. 0 if there is none. */
function lastConfirmed(folder: string): number {
  const records = fs.readdirSync(folder).filter(name => name.startsWith('run_id=')).sort().reverse();
  for (const name of records) {
    const { status, finished_at: end } = read(path.join(folder, name)) ?? {};
    if ((status === 'unchanged' || status === 'published') && end) {
      return Date.parse(end);
    }
  }
  return 0;
}

/** The content of an object. Undefined if it does not exist or is not complete, because a run writes it. */
function read(file: string): Publication | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Publication;
  } catch {
    return undefined;
  }
}
