import { IDataset } from '../../i-dataset';
import { IEtlCore } from '../../i-etl-core';
import { Layer } from '../../layer';
import { DatasetNames, LakeNames } from '../../naming';

/** The property with the table keys of a dataset that another app deploys. It is not part of the public interface. */
const TABLES = Symbol.for('cdk-glue-medallion.tables');

/**
 * A dataset that another app deploys.
 *
 * @param tables the keys of its tables; undefined for one table that is named after the dataset
 */
export function namedDataset(core: IEtlCore, layer: Layer, dataset: string, tables: string[] = []): IDataset {
  return Object.defineProperty({ core, dataset, layer }, TABLES, { value: tables });
}

/** The names of the tables of a dataset in its database. */
export function tableNamesOf(lake: LakeNames, dataset: IDataset): string[] {
  const { tableNames, [TABLES]: tables } = dataset as IDataset & {
    readonly tableNames?: string[]; readonly [TABLES]?: string[];
  };
  const names = () => new DatasetNames(dataset.core, lake, dataset.layer, dataset.dataset, tables).tables;
  return tableNames ?? Object.values(names()).map(({ name }) => name);
}
