import { Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';
import { LakeRoles } from './lake-roles';
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
  /** The format of the tables of datasets that do not set their own. */
  readonly tableFormat: TableFormat;
  /** How long to keep the superseded snapshots of Iceberg tables. */
  readonly snapshotRetention: Duration;
  /** Whether each run publishes CloudWatch metrics. */
  readonly metrics: boolean;
  /** Whether each run writes OpenLineage events. */
  readonly lineage: boolean;
  /** Whether a customer managed KMS key encrypts the lake. */
  readonly encrypted: boolean;
  /** Existing roles that the lake uses. Undefined if the lake creates all its roles. */
  readonly roles?: LakeRoles;
}
