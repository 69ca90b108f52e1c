import { Construct } from 'constructs';
import { DerivedDataset, DerivedDatasetProps } from './derived-dataset';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { Layer } from './layer';
import { pendingName } from './private/document/pending-lookup';
import { namedDataset } from './private/resources/dataset-table-names';

/** Properties of a gold dataset: its name and size, its inputs, and how to build its tables from them. */
export interface GoldDatasetProps extends DerivedDatasetProps {}

/**
 * A gold dataset: tables for analysis, built from the tables of other datasets and published in the gold database.
 *
 * It creates a Glue job, a crawler unless the tables are Iceberg tables, and a schedule if `schedule` is set. Quality
 * gates, publication and run records are the same as for a bronze dataset.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new GoldDataset(datasets, 'ZipcodesByState', {
 *   core,
 *   dataset: 'zipcodes-by-state',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [zipcodes],
 *   transform: Transform.sql('SELECT state, count(*) AS zip_codes FROM pp_dw_bronze.zipcodes GROUP BY state'),
 *   schedule: Schedule.cron('0 7 * * ? *', { timezone: 'America/New_York' }),
 * });
 */
export class GoldDataset extends DerivedDataset {
  /**
   * Refers to a gold dataset that another app deploys, as an input of another dataset.
   *
   * @param core the lake that the dataset belongs to
   * @param dataset the name of the dataset in kebab-case
   * @param tables the names of its tables, as in `outputs`. `grantQuery` needs them. By default, the dataset has one
   * table with its own name
   * @exampleMetadata fixture=lake
   * @example
   * new GoldDataset(datasets, 'Holidays', {
   *   core,
   *   dataset: 'holidays',
   *   dataSizeCategory: DataSizeCategory.SMALL,
   *   inputs: [GoldDataset.fromName(core, 'calendar')],
   *   transform: Transform.sql('SELECT * FROM pp_dw_gold.calendar WHERE is_holiday'),
   * });
   */
  public static fromName(core: IEtlCore, dataset: string, tables?: string[]): IDataset {
    return namedDataset(core, Layer.GOLD, pendingName(dataset), tables);
  }

  /**
   * Creates a gold dataset.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the dataset
   */
  constructor(scope: Construct, id: string, props: GoldDatasetProps) {
    super(scope, id, props);
  }

  /** @internal */
  protected _layer(): Layer {
    return Layer.GOLD;
  }
}
