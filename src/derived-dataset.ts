import { History } from './history';
import { IDataset } from './i-dataset';
import { LakeDataset } from './lake-dataset';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import {
  checkInput,
  checkPropTypes,
  COMMON_PROPS,
  commonDocument,
  DatasetDefinition,
} from './private/definition/dataset-definition';
import { datasetSchema } from './private/document/dataset-schema';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { scriptOf } from './private/scripts/job-script';
import { Transform } from './transform';

/** Properties of a silver or gold dataset: its name and size, its inputs, and how to build its tables from them. */
export interface DerivedDatasetProps extends LakeDatasetProps {
  /**
   * The datasets whose tables the query or script reads: datasets of any layer of the same lake.
   *
   * Use `BronzeDataset.fromName`, `SilverDataset.fromName` and `GoldDataset.fromName` for datasets that another app
   * deploys. A run reads the latest publication of each input and does not depend on a crawler. Use an empty list for
   * tables that need no input, such as a calendar. Synthesis fails with `LAKE_MISMATCH` if an input belongs to another
   * lake, and with `INPUTS_CYCLE` if datasets depend on each other.
   */
  readonly inputs: IDataset[];

  /** How to build the tables from the inputs. */
  readonly transform: Transform;

  /**
   * The names of the tables, in snake_case, of a dataset with several tables.
   *
   * Each table contains the rows of the temporary view with the same name that the query creates, or of the
   * DataFrame that the script returns for this name.
   *
   * @default - one table with the name of the dataset
   */
  readonly outputs?: string[];

  /**
   * Keeps every version of each row.
   *
   * @default - no history: each run replaces the rows of the previous publication
   */
  readonly history?: History;

  /**
   * Descriptions of columns, per table. Each key is a table. Each value maps the names of columns in the table to
   * their descriptions. A description is a single line of at most 255 characters.
   *
   * With `TableFormat.ICEBERG`, the descriptions become column comments in the Glue Data Catalog. With
   * `TableFormat.PARQUET`, they have no effect, and synthesis prints a warning. Refer to a table by its name in
   * `outputs`. A dataset without `outputs` has one table, named after the dataset in snake_case. Synthesis fails with
   * `UNKNOWN_TABLE` if a table does not exist.
   *
   * @default - no descriptions
   */
  readonly columnDescriptions?: { [table: string]: { [column: string]: string } };
}

/**
 * The base class of `SilverDataset` and `GoldDataset`: tables that are built from the tables of other datasets.
 *
 * It creates a Glue job, a crawler unless the tables are Iceberg tables, and a schedule if `schedule` is set. Quality
 * gates, publication and run records are the same as for a bronze dataset.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const cities: DerivedDataset = new SilverDataset(datasets, 'Cities', {
 *   core,
 *   dataset: 'cities',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   inputs: [zipcodes],
 *   transform: Transform.sql('SELECT DISTINCT city, state FROM pp_dw_bronze.zipcodes'),
 * });
 */
export abstract class DerivedDataset extends LakeDataset {
  /**
   * The layer of the class.
   *
   * @internal
   */
  protected abstract _layer(): Layer;

  /** @internal */
  protected _define(props: DerivedDatasetProps): DatasetDefinition {
    checkProps(this, props, PROPS);
    checkPropTypes(this, props, [
      ['transform', props.transform, '_definition', 'a Transform: Transform.sqlFile("gold/….sql")'],
      ['inputs', props.inputs, 'length', 'a list of datasets: [zipcodes]'],
    ]);
    props.inputs.forEach((input, index) => checkInput(this, props, `inputs[${index}]`, input));
    const inputs = props.inputs.map(({ layer: ofInput, dataset }) => `${ofInput}/${dataset}`);
    const layer = this._layer();
    const script = scriptOf(this, layer, props.dataset, props.transform._definition);
    return {
      layer,
      document: {
        ...commonDocument(this, props),
        layer: layer === Layer.GOLD ? undefined : layer,
        source_datasets: inputs,
        sql: script.sql?.name,
        outputs: props.outputs,
        history: props.history && datasetSchema().documentKeys(props.history),
        column_descriptions: props.columnDescriptions,
      },
      script,
      inputs: props.inputs,
    };
  }
}

const PROPS: PropTypes<DerivedDatasetProps> = {
  ...COMMON_PROPS,
  inputs: 'unchecked',
  transform: 'unchecked',
  outputs: 'unchecked',
  history: 'unchecked',
  columnDescriptions: 'unchecked',
};
