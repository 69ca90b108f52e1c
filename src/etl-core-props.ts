import { Size } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Alerts } from './alerts';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { LakeRetention } from './lake-retention';
import { LakeRoles } from './lake-roles';
import { TableFormat } from './table-format';

/**
 * The prefixes that the names of a lake are derived from, and the settings that its datasets share.
 *
 * Each prefix identifies one lake in one account and Region. If you use `EtlCore.fromPrefixes`, repeat the settings of
 * the `EtlCore`.
 */
export interface EtlCorePrefixes {
  /**
   * The prefix of all names of the lake, such as the names of its bucket, jobs, roles and workgroup. It is in
   * kebab-case and has at most 49 characters.
   *
   * Use different prefixes for development and production in the same account. Synthesis fails with `PREFIX_INVALID` if
   * the prefix is not kebab-case or contains the name of a layer, with `NAME_TOO_LONG` if it is too long, and with
   * `NAME_TAKEN` if another core uses it.
   */
  readonly resourcePrefix: string;

  /**
   * The prefix of the databases in snake_case. The databases are `<databasePrefix>_bronze`,
   * `<databasePrefix>_silver` and `<databasePrefix>_gold`.
   *
   * Synthesis fails with `PREFIX_INVALID` if the prefix is not snake_case.
   *
   * @default - `resourcePrefix` in snake_case, because Athena needs no quotes for such names
   */
  readonly databasePrefix?: string;

  /**
   * The name of an existing bucket to store the lake in.
   *
   * The bucket is not changed: you manage its policy, encryption and lifecycle rules. Synthesis fails with
   * `BUCKET_NAME_INVALID` if the name is not valid.
   *
   * @default - a new bucket named `<resourcePrefix>-<account>`
   */
  readonly existingBucketName?: string;

  /**
   * Default settings of all jobs. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * @default - Glue 5.0, one retry, and the timeout of the size
   */
  readonly glueDefaults?: GlueDefaults;

  /**
   * Worker settings by size. Each key is `small`, `medium`, `large` or `xlarge`. Its value contains the settings that
   * differ from the built-in settings. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * The settings of a size are a `GlueWorkerConfig`. In Python they can also be a dict, such as
   * `{"number_of_workers": 5}`. Synthesis fails with `UNKNOWN_KEY` for an unknown size or setting, and with
   * `VALUE_INVALID` for a value outside its range.
   *
   * @default - the built-in settings, see `DataSizeCategory`
   */
  readonly glueWorkerConfigs?: { [size: string]: GlueWorkerConfig };

  /**
   * The default format of the tables of all datasets. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * @default TableFormat.PARQUET - all tools can read Parquet files without a catalog
   */
  readonly tableFormat?: TableFormat;

  /**
   * How long the lake keeps data that it no longer needs.
   *
   * In `EtlCore.fromPrefixes`, only `snapshots` has an effect: repeat it there. With an existing bucket, only
   * `snapshots` and `logs` can be set; otherwise synthesis fails with `SETTING_NOT_APPLICABLE`.
   *
   * @default - incomplete uploads and staging data: 1 day; noncurrent versions and snapshots of Iceberg tables: 7 days;
   * original files of superseded runs: 90 days; logs and query results: 30 days
   */
  readonly retention?: LakeRetention;

  /**
   * Whether each run publishes CloudWatch metrics, in the namespace `<resourcePrefix>` with the dimensions `Dataset`
   * and `Layer`. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * The metrics are `Runs`, `Failures`, `DurationSeconds`, `DpuSeconds`, `FailedGates`, `PublishedAt` (seconds since
   * 1970; an unchanged source counts as published), `Rows`, `Bytes`, `RescuedValues` and `Warnings` (only for datasets
   * with data rules). A run that fails does not publish the metrics of steps that it did not reach. A run that is
   * killed publishes no metrics. A role that you pass to a dataset needs `cloudwatch:PutMetricData`; without it, the
   * run logs the error and continues.
   *
   * @default false - CloudWatch charges for each metric in every hour in which it is published
   * @see https://aws.amazon.com/cloudwatch/pricing/
   */
  readonly metrics?: boolean;

  /**
   * Whether each run writes OpenLineage events to the bucket of the lake, for catalogs such as Marquez and DataHub.
   * Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * Each event is stored as `etl/<dataset>/runs/<layer>/lineage/run_id=<run id>/<type>.json`. The type is `start` when
   * the run starts, and `complete` or `fail` when it ends. Jobs need no additional permissions. A run that cannot write
   * an event logs the error and continues.
   *
   * @default false - the run records always have the column lineage of derived tables; only other tools need the events
   * @see https://openlineage.io
   */
  readonly lineage?: boolean;

  /**
   * Whether a customer managed KMS key encrypts the lake: its bucket, job logs, query results and alerts. Repeat this
   * setting in `EtlCore.fromPrefixes`.
   *
   * The key is `encryptionKey`, or a new key with yearly rotation that is retained when the stack is deleted. Its alias
   * is `alias/<resourcePrefix>`. Everyone who queries the tables needs `kms:Decrypt` and `kms:GenerateDataKey` on the
   * key, and so do roles that you pass to a dataset. Existing objects keep their encryption. AWS KMS charges for each
   * key per month, and for requests.
   *
   * @default - true if `encryptionKey` is set; otherwise false: S3, CloudWatch Logs and Athena encrypt with keys that
   * AWS owns or manages, at no charge
   * @see https://aws.amazon.com/kms/pricing/
   */
  readonly encrypted?: boolean;

  /**
   * Whether AWS Lake Formation controls access to the tables. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * The core registers the folders of the layers with Lake Formation, tags each database with its layer, and grants the
   * shared role and the roles in `roles.datasets` the permissions that jobs and crawlers need. A dataset that creates
   * its own role grants that role the same permissions. For any other role that you pass to a dataset, synthesis prints
   * a warning. Tables in new databases grant no permissions to the group `IAMAllowedPrincipals`. Existing tables keep
   * their permissions.
   *
   * The role that deploys the stacks must be a data lake administrator. See `docs/access/lake-formation.md`.
   *
   * @default false - IAM policies control access, as in a new AWS account. In an account that enforces Lake Formation,
   * an administrator must grant the permissions
   * @see https://docs.aws.amazon.com/lake-formation/latest/dg/lake-formation-permissions.html
   */
  readonly lakeFormation?: boolean;

  /**
   * Existing roles to use instead of new ones. Repeat this setting in `EtlCore.fromPrefixes`.
   *
   * Set this prop if your app is not allowed to create roles. You manage the permissions of these roles.
   *
   * @default - new roles with the least permissions
   */
  readonly roles?: LakeRoles;
}

/** Properties of the core of a lake: names, retention, encryption and alerts. */
export interface EtlCoreProps extends EtlCorePrefixes {
  /**
   * Whether the databases of the lake exist already, for example because an earlier deployment of the lake was deleted
   * and its databases were retained.
   *
   * The lake then uses the databases `<databasePrefix>_bronze`, `<databasePrefix>_silver` and `<databasePrefix>_gold`,
   * and does not change them. To use the bucket of the earlier deployment as well, set `existingBucketName`.
   *
   * @default false - the databases are created; the deployment fails if they exist
   */
  readonly existingDatabases?: boolean;

  /**
   * The maximum amount of data that one query in the workgroup can scan: 10 MB or more. Athena cancels a query that
   * scans more.
   *
   * For a value that is only known at deployment, use `Size.bytes(…)`. Synthesis fails with `VALUE_INVALID` if the
   * limit is below the minimum of Athena.
   *
   * @default Size.gibibytes(100) - Athena charges by the amount of data scanned: about 0.50 USD at 5 USD per TB
   * @see https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
   */
  readonly queryScanLimit?: Size;

  /**
   * An existing KMS key of this account and Region that encrypts the lake. It gets the alias `alias/<resourcePrefix>`.
   *
   * If the key is created in this app, its policy is extended. Otherwise, its policy must allow IAM policies to grant
   * access. It must also allow `logs.<region>.amazonaws.com` to use the key for the log groups of the lake. With
   * alerts, it must also allow `cloudwatch.amazonaws.com` to call `kms:Decrypt` and `kms:GenerateDataKey*`. With an
   * existing bucket, use the key of that bucket. Synthesis fails with `ENCRYPTION_KEY_INVALID` if the key is an alias.
   *
   * @default - a new key if `encrypted` is true; otherwise no key
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   */
  readonly encryptionKey?: IKey;

  /**
   * Where to send alerts about failed runs, failed crawlers, failed pipelines, schedules that cannot start their job,
   * and warnings of successful runs.
   *
   * A role that you pass to a dataset needs `events:PutEvents` to send its warnings; without it, the run logs the error
   * and succeeds.
   *
   * If a pipeline runs a dataset, the alert of the pipeline reports failures of the dataset's job and crawler.
   *
   * No alert is sent if the retry of a failed run succeeds. A run that times out or is stopped is not retried, and is
   * reported immediately. EventBridge delivers these events on a best-effort basis. If someone changes the number of
   * retries of a job outside the CDK, its failures are no longer reported, because the last attempt is identified by
   * that number.
   *
   * @default - no alerts
   * @see https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
   */
  readonly alerts?: Alerts;

  /**
   * The DPU-hours that the jobs of the lake can use per calendar month (UTC) before a CloudWatch alarm is raised.
   *
   * Every attempt of every run counts, including runs that fail, time out or are stopped, and runs of datasets that
   * other apps deploy. The alarm notifies the topic of `alerts`; without `alerts`, synthesis warns that nobody is
   * notified. The alarm does not stop jobs, and returns to OK with the first run of the next month. See
   * `docs/operations/budget.md`.
   *
   * Synthesis fails with `VALUE_INVALID` if the number is not greater than 0.
   *
   * @default - no alarm, because it costs about 1 USD per month and needs a number that only you know
   * @see https://aws.amazon.com/glue/pricing/
   */
  readonly maxDpuHoursPerMonth?: number;
}
