import { IConstruct } from 'constructs';
import { GlueDefaults } from './glue-defaults';
import { GlueWorkerConfig } from './glue-worker-config';

/**
 * The core of a lake, made in this app or in another. Datasets find what it holds by the names that its prefixes make.
 */
export interface IEtlCore extends IConstruct {
  /** The prefix of every name of the lake. */
  readonly resourcePrefix: string;
  /** The prefix of the lake's databases. */
  readonly databasePrefix: string;
  /** The bucket's own name, if the lake lies in a bucket that was there before it. */
  readonly existingBucketName?: string;
  /** What every job gets, unless its dataset says otherwise. */
  readonly glueDefaults: GlueDefaults;
  /** Workers and timeouts in place of those of the table of sizes, by the size. */
  readonly glueWorkerConfigs: { [size: string]: GlueWorkerConfig };
  /** Whether every run publishes metrics. */
  readonly metrics: boolean;
  /** Whether what the lake keeps is encrypted with a customer key. */
  readonly encrypted: boolean;
}
