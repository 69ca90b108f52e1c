import { IRole } from 'aws-cdk-lib/aws-iam';
import { DataQuality } from './data-quality';
import { GlueVersion } from './glue-version';
import { IEtlCore } from './i-etl-core';
import { Schedule } from './schedule';
import { SchemaContract } from './schema-contract';
import { DataSizeCategory } from './sizing';

/** What datasets of every layer have in common. */
export interface LakeDatasetProps {
  /** The lake the dataset belongs to. */
  readonly core: IEtlCore;

  /**
   * The name of the dataset in kebab-case, for example `fda-nsde`. Every name and path is made from it; 80 characters
   * at most.
   */
  readonly dataset: string;

  /** How big the dataset is. It picks the workers and the timeout. */
  readonly dataSizeCategory: DataSizeCategory;

  /**
   * What the dataset holds, in one or two sentences, 2048 characters at most. It goes to the job, the crawler and the
   * table.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * The columns, by their names in the table, that identify a row of every table. Two rows with the same values fail
   * the run.
   *
   * @default - none, so rows may repeat
   */
  readonly businessKey?: string[];

  /**
   * The same by table, for a dataset of several: from the table, as the dataset calls it, to its columns. Either of the
   * two.
   *
   * @default - businessKey holds for every table
   */
  readonly businessKeys?: { [table: string]: string[] };

  /**
   * What happens when the columns are not those that were published.
   *
   * @default SchemaContract.EVOLVE
   */
  readonly schemaContract?: SchemaContract;

  /**
   * The gates that a run must pass before its tables replace the published ones.
   *
   * @default - at least one row, at most half of the rows lost, at most 1 % of a bronze column's values rescued
   */
  readonly dataQuality?: DataQuality;

  /**
   * When the job runs.
   *
   * @default - only when a person starts it
   */
  readonly schedule?: Schedule;

  /**
   * The Glue version of the job.
   *
   * @default - `glueDefaults.version` of the core, GlueVersion.V5_0 unless it says another
   */
  readonly glueVersion?: GlueVersion;

  /**
   * The role of the dataset's job and crawler, for a dataset that must do more than the others.
   *
   * @default - the role all datasets of the lake share; a role of the dataset's own,
   * `<resourcePrefix>-bronze-<dataset>-role`, with `auth`, a `connection` or a source in a bucket
   */
  readonly role?: IRole;
}
