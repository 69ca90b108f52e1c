import { Dataset } from './dataset';
import { documentOf } from './dataset-document';
import { Lake } from './lake';
import { readPublished, readRunRecord, runIdsOf } from './run-records';

/** The freshness of a dataset. */
export interface DatasetFreshness {
  /**
   * The hours since its tables were published, or since a run found them unchanged. Null if they were never published,
   * or if the dataset does not declare freshness.
   */
  readonly age_hours: number | null;
  /** Whether the age exceeds the maximum. Null if the dataset does not declare freshness. */
  readonly stale: boolean | null;
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
  const maxAge = maxAgeHours(dataset);
  if (maxAge === undefined) {
    return { age_hours: null, stale: null };
  }
  const age = ageHours(Lake.objectsIn(data), dataset.runs, now);
  return { age_hours: age === undefined ? null : rounded(age), stale: age === undefined || age > maxAge };
}

/** The maximum age that a dataset declares. */
export function maxAgeHours(dataset: Pick<Dataset, 'arguments' | 'deployments'>): number | undefined {
  return documentOf(dataset)?.freshness?.max_age_hours;
}

/**
 * The hours since the tables of a dataset were published, or since a run found them unchanged. Undefined if they were
 * never published.
 *
 * @param objects the folder with one folder per bucket
 * @param runs the s3:// prefix of the run records
 * @param now in milliseconds
 */
export function ageHours(objects: string, runs: string, now = Date.now()): number | undefined {
  const published = Date.parse(readPublished(objects, runs)?.published_at ?? '');
  return Number.isNaN(published)
    ? undefined
    : (now - Math.max(published, lastConfirmed(objects, runs))) / HOUR;
}

/** Hours with one decimal place, as commands print them. */
export function rounded(hours: number): number {
  return Math.round(hours * 10) / 10;
}

/** The end of the newest run that published the tables or found them unchanged, in milliseconds. 0 if there is none. */
function lastConfirmed(objects: string, runs: string): number {
  for (const runId of runIdsOf(objects, runs)) {
    const { status, finished_at: end } = readRunRecord(objects, runs, runId) ?? {};
    const time = Date.parse(end ?? '');
    if ((status === 'unchanged' || status === 'published') && !Number.isNaN(time)) {
      return time;
    }
  }
  return 0;
}
