import { Duration } from 'aws-cdk-lib';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { DataQuality } from './data-quality';
import { Freshness } from './freshness';
import { GlueVersion } from './glue-version';
import { WorkerType } from './glue-worker-config';
import { IEtlCore } from './i-etl-core';
import { Schedule } from './schedule';
import { SchemaContract } from './schema-contract';
import { DataSizeCategory } from './sizing';
import { TableFormat } from './table-format';

/** Properties of the datasets of all layers. */
export interface LakeDatasetProps {
  /**
   * The lake that the dataset belongs to.
   *
   * Synthesis fails with `ENVIRONMENT_MISMATCH` if the core and the dataset are in stacks for different accounts or
   * Regions.
   */
  readonly core: IEtlCore;

  /**
   * The name of the dataset in kebab-case, at most 80 characters, such as `fda-nsde`.
   *
   * All names and paths of the dataset are derived from this name. It must be known at synthesis. Synthesis fails with
   * `DATASET_NAME_INVALID` if it is not kebab-case, with `NAME_TAKEN` if the name or a table name is already used by
   * another dataset, and with `NAME_TOO_LONG` if a name that is derived from it is too long for its service.
   */
  readonly dataset: string;

  /** The size of the input data. The size determines the workers and the timeout of the job. */
  readonly dataSizeCategory: DataSizeCategory;

  /**
   * A description of the dataset in one or two sentences, at most 2,048 characters.
   *
   * It is set on the Glue job. With `TableFormat.ICEBERG`, it is also the description of the tables in the Glue Data
   * Catalog. With `TableFormat.PARQUET`, it is set on the crawler but not on the tables, because the crawler creates
   * them.
   *
   * @default - no description
   * @see https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
   */
  readonly description?: string;

  /**
   * The columns that identify a row, as named in the table. This key applies to all tables of the dataset.
   *
   * A run fails if two rows have the same key. Synthesis fails with `SETTINGS_CONFLICT` if `businessKeys` is also set.
   *
   * @default - no key; rows can repeat
   */
  readonly businessKey?: string[];

  /**
   * The columns that identify a row, per table, for a dataset with several tables.
   *
   * Each key is the name of a table in `fileTableMapping`, `outputs` or the endpoints of the source. Synthesis fails
   * with `UNKNOWN_TABLE` if a table does not exist.
   *
   * @default - `businessKey` applies to all tables
   */
  readonly businessKeys?: { [table: string]: string[] };

  /**
   * What a run does if the columns differ from the published columns.
   *
   * @default SchemaContract.EVOLVE - a new column of the source must not stop the publication
   */
  readonly schemaContract?: SchemaContract;

  /**
   * The format of the tables.
   *
   * If you change the format of a published dataset, first remove the tables of the previous format from the Glue Data
   * Catalog. See `docs/operations/table-formats.md`.
   *
   * @default - `tableFormat` of the core; otherwise TableFormat.PARQUET
   */
  readonly tableFormat?: TableFormat;

  /**
   * The quality gates that a run must pass before it publishes its tables.
   *
   * @default - at least one row, at most half of the rows lost since the last publication, and for each bronze column,
   * rescued values in at most 1% of the rows, so that incomplete or corrupt data is not published
   */
  readonly dataQuality?: DataQuality;

  /**
   * When the job runs.
   *
   * @default - no schedule; the job runs when you start it
   */
  readonly schedule?: Schedule;

  /**
   * How old the tables may become before an alert is sent.
   *
   * An hourly check sends one alert when the dataset becomes stale, and one when it recovers. The dataset and the core
   * must be in the same app, and the core must have `alerts`; otherwise, synthesis prints a warning.
   *
   * @default - no alert, because the library does not know how often the source changes
   */
  readonly freshness?: Freshness;

  /**
   * The Glue version of the job.
   *
   * @default - `glueDefaults.version` of the core; otherwise GlueVersion.V5_0
   */
  readonly glueVersion?: GlueVersion;

  /**
   * The type of the workers of the job.
   *
   * @default - depends on `dataSizeCategory`, and on `glueWorkerConfigs` of the core
   */
  readonly workerType?: WorkerType;

  /**
   * The number of workers of a run, including the driver: 2 to 299, or 2 to 149 with `WorkerType.G_2X`.
   *
   * With auto scaling, this number is the maximum. Your account's service quotas may allow fewer. Synthesis fails with
   * `VALUE_INVALID` if the number is out of bounds, and with `SETTINGS_CONFLICT` if AWS Glue does not allow it for the
   * worker type.
   *
   * @default - depends on `dataSizeCategory`, and on `glueWorkerConfigs` of the core
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-glue-job.html
   */
  readonly numberOfWorkers?: number;

  /**
   * Whether AWS Glue adds and removes workers during a run, up to `numberOfWorkers`. You pay only for the workers that
   * the run uses.
   *
   * @default - `autoScaling` of the size in `glueWorkerConfigs` of the core; otherwise false for the size SMALL, which
   * has only one worker besides the driver and so nothing to scale, and true for all other sizes
   * @see https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
   */
  readonly autoScaling?: boolean;

  /**
   * Whether runs use the flexible execution class of AWS Glue: spare capacity at a lower price. Set `flex` for datasets
   * that may be late.
   *
   * A run can wait up to 20 minutes for capacity and fail if there is none, and AWS Glue can reclaim workers during the
   * run. Synthesis fails with `SETTINGS_CONFLICT` for worker types other than `G_1X` and `G_2X`, for a timeout of less
   * than 30 minutes, and for a dataset of a pipeline, because the rest of the pipeline would have to wait.
   *
   * @default - `flex` of the size in `glueWorkerConfigs` of the core; otherwise false: a run starts immediately
   * @see https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
   * @see https://docs.aws.amazon.com/glue/latest/dg/add-job.html
   */
  readonly flex?: boolean;

  /**
   * The timeout of a run: whole minutes, from 15 minutes to 48 hours.
   *
   * A run does not start to publish in the last ten minutes before its timeout.
   *
   * @default - depends on `dataSizeCategory`, and on `glueWorkerConfigs` and `glueDefaults` of the core
   */
  readonly timeout?: Duration;

  /**
   * The number of times that AWS Glue retries a failed run: 0 to 10.
   *
   * @default - `maxRetries` of `glueDefaults` of the core; otherwise 1, for transient errors of a service
   */
  readonly maxRetries?: number;

  /**
   * The role of the job and, if the dataset has one, of the crawler. Set `role` for a dataset that needs more
   * permissions.
   *
   * If `lakeFormation` of the core is set, the dataset grants no Lake Formation permissions to this role: add the role
   * to `roles.datasets` of the core, or grant the permissions yourself. Unless `roles.datasets` contains the role,
   * synthesis prints a warning, which you can acknowledge.
   *
   * @default - the role that `roles.datasets` of the core contains for the dataset; otherwise, for a dataset with
   * `auth`, `connection` or an S3 source, a new role `<resourcePrefix>-bronze-<dataset>-role`, so that no other job has
   * these permissions; otherwise, the shared role of the lake
   */
  readonly role?: IRole;
}
