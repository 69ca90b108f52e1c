import { Duration } from 'aws-cdk-lib';

/** How old the tables of a dataset may become before an alert is sent. */
export interface Freshness {
  /**
   * The maximum time since a run last published the tables or found that they are up to date: whole hours, from 1
   * hour to 366 days.
   *
   * Allow for the duration of a run and its retries: for a daily schedule, use 26 hours, for example. A derived dataset
   * that is built from the latest publications of its inputs is fresh as long as its inputs are fresh. Synthesis fails
   * with `VALUE_INVALID` if the time is out of bounds or not in whole hours.
   */
  readonly maxAge: Duration;
}
