import { Construct } from 'constructs';
import { DerivedDataset, DerivedDatasetProps } from './derived-dataset';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { Layer } from './layer';
import { pendingName } from './private/document/pending-lookup';
import { namedDataset } from './private/resources/dataset-table-names';

/** Properties of a silver dataset: its name and size, its inputs, and how to build its tables from them. */
export interface SilverDatasetProps extends DerivedDatasetProps {}

/**
 * A silver dataset: tables between bronze and gold, built from the tables of other datasets and published in the silver
 * database.
 *
 * Use it for tables that several gold datasets need, such as cleaned or joined data and histories. It has the same
 * settings and the same job as a `GoldDataset`, but a custom script calls `run_silver`.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const cities = new SilverDataset(datasets, 'Cities', {
 *   core,
 *   dataset: 'cities',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [zipcodes],
 *   transform: Transform.sql('SELECT DISTINCT city, state FROM pp_dw_bronze.zipcodes'),
 * });
 *
 * new GoldDataset(datasets, 'CitiesByState', {
 *   core,
 *   dataset: 'cities-by-state',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [cities],
 *   transform: Transform.sql('SELECT state, count(*) AS cities FROM pp_dw_silver.cities GROUP BY state'),
 * });
 */
export class SilverDataset extends DerivedDataset {
  /**
   * Refers to a silver dataset that another app deploys, as an input of another dataset.
   *
   * @param core the lake that the dataset belongs to
   * @param dataset the name of the dataset in kebab-case
   * @param tables the names of its tables, as in `outputs`. `grantQuery` needs them. By default, the dataset has one
   * table with its own name
   * @exampleMetadata fixture=lake
   * @example
   * new GoldDataset(datasets, 'CitiesByState', {
   *   core,
   *   dataset: 'cities-by-state',
   *   dataSizeCategory: DataSizeCategory.SMALL,
   *   inputs: [SilverDataset.fromName(core, 'cities')],
   *   transform: Transform.sql('SELECT state, count(*) AS cities FROM pp_dw_silver.cities GROUP BY state'),
   * });
   */
  public static fromName(core: IEtlCore, dataset: string, tables?: string[]): IDataset {
    return namedDataset(core, Layer.SILVER, pendingName(dataset), tables);
  }

  /**
   * Creates a silver dataset.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the dataset
   */
  constructor(scope: Construct, id: string, props: SilverDatasetProps) {
    super(scope, id, props);
  }

  /** @internal */
  protected _layer(): Layer {
    return Layer.SILVER;
  }
}
