import { Duration } from 'aws-cdk-lib';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { LakeRoles } from './lake-roles';
import { Layer } from './layer';
import { TableFormat } from './table-format';

/**
 * The core of a lake, deployed by this app or another.
 *
 * Datasets derive the names of the shared resources from its prefixes.
 */
export interface IEtlCore extends IConstruct {
  /** The prefix of all names of the lake, in kebab-case. */
  readonly resourcePrefix: string;
  /** The prefix of the databases of the lake, in snake_case. */
  readonly databasePrefix: string;
  /** The name of the existing bucket that the lake uses. Undefined if the core creates the bucket. */
  readonly existingBucketName?: string;
  /** The default settings of all jobs. */
  readonly glueDefaults: GlueDefaults;
  /** Worker settings by size, which override the built-in ones. */
  readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  /** The default table format, for datasets that do not set `tableFormat`. */
  readonly tableFormat: TableFormat;
  /** How long to keep the superseded snapshots of Iceberg tables. */
  readonly snapshotRetention: Duration;
  /** Whether each run publishes CloudWatch metrics. */
  readonly metrics: boolean;
  /** Whether each run writes OpenLineage events. */
  readonly lineage: boolean;
  /** Whether a customer managed KMS key encrypts the lake. */
  readonly encrypted: boolean;
  /** Whether AWS Lake Formation controls access to the tables. */
  readonly lakeFormation: boolean;
  /** Existing roles that the lake uses. Undefined if the lake creates all its roles. */
  readonly roles?: LakeRoles;

  /**
   * Allows a role, a user or a group to query tables of the lake with Athena.
   *
   * The grantee can run queries in the workgroup of the lake, read the selected tables, and read and write query
   * results under `athena/`. It cannot change tables. If the lake is encrypted, the grantee can use the key of the lake
   * for objects of the bucket. The grantee can see the queries, saved queries and results of everyone who uses the
   * workgroup; use a `TeamWorkGroup` to separate teams.
   *
   * The statements are added to an inline policy of a role or a group, or to a managed policy of a user. The policies
   * of the bucket and of the key are not changed. Synthesis fails with `ENVIRONMENT_MISMATCH` if the grantee is in
   * another account, and with `VALUE_INVALID` if it cannot have a policy, such as a service principal.
   *
   * @param grantee the role, user or group
   * @param options which tables can be queried; all tables of the gold layer by default
   * @see https://docs.aws.amazon.com/athena/latest/ug/access.html
   */
  grantQuery(grantee: IGrantable, options?: QueryGrantOptions): Grant;
}

/** A dataset of a lake, deployed by this app or another. A derived dataset can use it as an input. */
export interface IDataset {
  /** The lake that the dataset belongs to. */
  readonly core: IEtlCore;
  /** The layer of its tables. */
  readonly layer: Layer;
  /** The name of the dataset in kebab-case. */
  readonly dataset: string;
}

/** Which tables the grantee of `grantQuery` can query. Without options, all tables of the gold layer. */
export interface QueryGrantOptions {
  /**
   * The layers whose tables can be queried, with all their current and future tables.
   *
   * Synthesis fails with `VALUE_INVALID` if the list is empty or contains an unknown layer, and with
   * `SETTINGS_CONFLICT` if `datasets` is also set and `layers` differs from the layers of these datasets.
   *
   * @default - the layers of `datasets`, or only the gold layer, because its tables are made for analysis, and raw data
   * can contain more than analysts may see
   */
  readonly layers?: Layer[];

  /**
   * Limits the grant to the tables of these datasets.
   *
   * A dataset from `fromName` has one table that is named after the dataset. If it has other tables, pass their names
   * to `fromName`. Synthesis fails with `DATASETS_REQUIRED` if the list is empty, and with `LAKE_MISMATCH` if a dataset
   * belongs to another lake.
   *
   * @default - all datasets of the layers
   */
  readonly datasets?: IDataset[];
}
