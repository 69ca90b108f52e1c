import { Confirmations } from './confirmations';
import { Dataset } from './dataset';
import { documentOf } from './dataset-document';

/** The freshness of a dataset. */
export interface DatasetFreshness {
  /** The hours since the tables were last confirmed to be up to date. Null if they were never published. */
  readonly age_hours: number | null;
  /** The maximum age. Null if the dataset does not declare freshness. */
  readonly max_age_hours: number | null;
  /** Whether the age exceeds the maximum. Null if the dataset does not declare freshness. */
  readonly stale: boolean | null;
}

const HOUR = 3_600_000;

/**
 * The freshness of a dataset.
 *
 * @param confirmations when the tables of each dataset of the app were last confirmed to be up to date
 * @param now the current time in milliseconds since the epoch
 */
export function freshnessOf(
  dataset: Pick<Dataset, 'arguments' | 'deployments' | 'runs' | 'inputs'>,
  confirmations: Confirmations,
  now = Date.now(),
): DatasetFreshness {
  const maxAge = documentOf(dataset)?.freshness?.max_age_hours;
  const confirmed = confirmations.confirmedAt(dataset);
  const age = confirmed === undefined ? undefined : (now - confirmed) / HOUR;
  return {
    age_hours: age ?? null,
    max_age_hours: maxAge ?? null,
    stale: maxAge === undefined ? null : age === undefined || age > maxAge,
  };
}

/** Rounds hours to one decimal place for the output of commands. */
export function rounded(hours: number): number {
  return Math.round(hours * 10) / 10;
}
