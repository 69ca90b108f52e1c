import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** How long a lake keeps what it no longer needs. Published tables and their originals stay for ever. */
export interface LakeRetention {
  /**
   * Parts of uploads that were never completed.
   *
   * @default Duration.days(1)
   */
  readonly incompleteUploads?: Duration;

  /**
   * What a run writes before it publishes, under `staging/`.
   *
   * @default Duration.days(1)
   */
  readonly staging?: Duration;

  /**
   * Versions of objects that were replaced or deleted: the time in which a mistake can be undone.
   *
   * @default Duration.days(7)
   */
  readonly noncurrentVersions?: Duration;

  /**
   * Original files of runs whose tables a later run replaced. The job tags them `medallion:superseded`.
   *
   * @default Duration.days(90)
   */
  readonly supersededRuns?: Duration;

  /**
   * Results of Athena queries, under `athena/`.
   *
   * @default Duration.days(30)
   */
  readonly athenaResults?: Duration;

  /**
   * Logs of the jobs.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logs?: RetentionDays;
}
