import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/**
 * How long a lake keeps data that it no longer needs. Published tables and their original files do not expire.
 *
 * S3 lifecycle rules expire objects after whole days.
 */
export interface LakeRetention {
  /**
   * How long to keep the parts of incomplete multipart uploads.
   *
   * @default Duration.days(1) - no upload of a run takes that long
   */
  readonly incompleteUploads?: Duration;

  /**
   * How long to keep the data that a run writes under `staging/` before publication.
   *
   * @default Duration.days(1) - a run deletes its own staging data; only a killed run leaves its data behind
   */
  readonly staging?: Duration;

  /**
   * How long to keep noncurrent versions of objects that were replaced or deleted.
   *
   * @default Duration.days(7) - a week to recover from a mistake
   */
  readonly noncurrentVersions?: Duration;

  /**
   * How long to keep the original files of superseded runs, whose tables a later run replaced. The job tags these files
   * with `medallion:superseded`.
   *
   * @default Duration.days(90) - three months to rebuild a table from an earlier file
   */
  readonly supersededRuns?: Duration;

  /**
   * How long to keep the superseded snapshots of Iceberg tables: whole hours, at least 1 hour. Repeat this setting in
   * `EtlCore.fromPrefixes`.
   *
   * A time travel query can read the table as of any snapshot that is kept. The last two publications are always kept.
   * A run deletes the files of expired snapshots after it publishes. Synthesis fails with `VALUE_INVALID` if the time
   * is less than 1 hour or not in whole hours.
   *
   * @default Duration.days(7) - a week to recover from a mistake
   */
  readonly snapshots?: Duration;

  /**
   * How long to keep the results of Athena queries. They are under `athena/`, and for teams under `athena-<team>/`.
   *
   * @default Duration.days(30) - a query can be run again at any time
   */
  readonly athenaResults?: Duration;

  /**
   * How long to keep the logs of the jobs.
   *
   * @default RetentionDays.ONE_MONTH - CloudWatch Logs charges for stored logs
   */
  readonly logs?: RetentionDays;
}
