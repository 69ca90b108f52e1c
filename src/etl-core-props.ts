import { Size } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Alerts } from './alerts';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { LakeRetention } from './lake-retention';

/**
 * What the names of a lake are made from, and what its datasets have in common. One lake is one prefix in one account
 * and region.
 */
export interface EtlCorePrefixes {
  /**
   * The prefix of every name of the lake, in kebab-case, at most 49 characters: bucket, jobs, roles, workgroup.
   *
   * Development and production in one account take two prefixes.
   */
  readonly resourcePrefix: string;

  /**
   * The prefix of the databases, in snake_case: `<databasePrefix>_bronze` and `<databasePrefix>_gold`.
   *
   * @default - resourcePrefix in snake_case
   */
  readonly databasePrefix?: string;

  /**
   * The name of a bucket that is already there, to put the lake into.
   *
   * It stays as it is: its policy, encryption and lifecycle are its owner's.
   *
   * @default - a new bucket `<resourcePrefix>-<account>`
   */
  readonly existingBucketName?: string;

  /**
   * What every job gets, unless its dataset says otherwise. In another app it is said again.
   *
   * @default - Glue 5.0, one retry, a timeout by the size
   */
  readonly glueDefaults?: GlueDefaults;

  /**
   * Workers and timeouts in place of those of the table of sizes: from `small`, `medium`, `large` or `xlarge` to what
   * is other there. In another app it is said again.
   *
   * @default - the table of sizes
   */
  readonly glueWorkerConfigs?: { [size: string]: GlueWorkerConfig };

  /**
   * Whether every run publishes metrics to CloudWatch, in the namespace `<resourcePrefix>` with the dimensions Dataset
   * and Layer: Runs, Failures, DurationSeconds, FailedGates, PublishedAt (seconds since 1970; an unchanged source
   * counts as published), Rows, Bytes and RescuedValues. What a run did not get to is left out. A run that was killed
   * publishes none. In another app it is said again.
   *
   * A role that a dataset is given needs `cloudwatch:PutMetricData`; without it, a line in the log says that they are
   * missing.
   *
   * @default false - CloudWatch bills each of them by the hour in which it was sent
   */
  readonly metrics?: boolean;

  /**
   * Whether what the lake keeps is encrypted with a KMS key of your own: bucket, logs of jobs, query results and
   * alerts. In another app it is said again.
   *
   * The key is `alias/<resourcePrefix>`: a new one that is rotated every year and outlives the stack as the bucket
   * does, or the `encryptionKey` of the core. Who queries needs `kms:Decrypt` and `kms:GenerateDataKey` on it, and so
   * does a role that a dataset is given. Objects from before stay encrypted as they were. KMS bills a key by the month,
   * and its use.
   *
   * @default false, true with an encryptionKey - S3, CloudWatch Logs and Athena encrypt with keys of their own
   */
  readonly encrypted?: boolean;
}

/** What a lake is called and how long it keeps what. */
export interface EtlCoreProps extends EtlCorePrefixes {
  /**
   * How long the lake keeps what it no longer needs.
   *
   * @default - a day for what is half done, a week to undo, three months of superseded originals, a month of logs and
   * query results
   */
  readonly retention?: LakeRetention;

  /**
   * The most that one query of the workgroup may read; Athena cancels a query that goes beyond it. At least 10 MB. A
   * token is given as `Size.bytes(…)`.
   *
   * @default Size.gibibytes(100) - Athena bills by the data a query reads: about half a dollar at 5 USD a TB
   */
  readonly queryScanLimit?: Size;

  /**
   * A key of this account and region to encrypt with, instead of a new one. It gets the alias `alias/<resourcePrefix>`.
   *
   * Its policy is extended if this app makes it. Else it must leave permissions to IAM, let
   * `logs.<region>.amazonaws.com` use it for the lake's log groups, and with alerts let `events.amazonaws.com` and
   * `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`. With an existing bucket it is the key of
   * that bucket.
   *
   * @default - a new key, if the lake is encrypted
   */
  readonly encryptionKey?: IKey;

  /**
   * Who hears of failures: of jobs, of crawlers, and of schedules that could not start their job.
   *
   * Glue tries a run that failed once more; people hear of it when that failed too, and never of a run that its retry
   * repaired. A run that reached its timeout or was stopped is not tried again, and is told at once. AWS sends these
   * events as best it can, not for certain. Where somebody changes the retries of a job by hand, its failures are not
   * told: the last attempt is known by the retries it has here.
   *
   * @default - nobody
   */
  readonly alerts?: Alerts;
}
