import { DatasetFile } from './dataset-file';
import { FileProblem } from './file-problem';
import { tableKeys, tableNames } from '../../naming';
import { datasetOfTable, namedTables, suggestTable, TablesByDataset } from '../definition/named-tables';
import { forEachTables } from '../document/api-endpoints';
import { tablesOf } from '../document/dataset-tables';
import { didYouMean } from '../errors/suggestion';
import { placeholderProblems } from '../scripts/query-databases';

/** A dataset that another dataset reads, and the key in the configuration file that names it. */
export interface Input {
  readonly key: string;
  /** For example `bronze/zipcodes`. */
  readonly dataset: string;
}

/**
 * The tables of each dataset of a lake. The tables of a file with problems are unknown, and so are the tables of other
 * apps.
 */
export function tablesByDataset(datasets: DatasetFile[], names: string[]): TablesByDataset {
  return new Map([
    ...names.map((name): [string, undefined] => [name, undefined]),
    ...datasets.filter(({ problems }) => problems.length === 0).map(({ name, document }): [string, string[]] => [
      name, tableNames(document.dataset, tableKeys(document.dataset, tablesOf(document))),
    ]),
  ]);
}

/** The datasets of the tables in `for_each`. */
export function tableInputs({ document }: DatasetFile, tables: TablesByDataset): Input[] {
  return forEachTables(document).flatMap(({ key, table }) => {
    const dataset = datasetOfTable(table, tables);
    return dataset === undefined ? [] : [{ key, dataset }];
  });
}

/** Reports tables in the settings of a dataset that do not belong to any of its inputs. */
export function unknownTables(dataset: DatasetFile, tables: TablesByDataset): FileProblem[] {
  const { config, document } = dataset;
  const inputs = [...dataset.inputs, ...tableInputs(dataset, tables).map(input => input.dataset)];
  return namedTables(document).flatMap(({ key, table }) => {
    if (!table.includes('.')) {
      return unknownTableOfInputs(table, inputs.map(input => tables.get(input)))
        .map(remedy => config.locate({
          code: 'UNKNOWN_TABLE', key, found: `is "${table}", which is not a table of an input`, remedy,
        }));
    }
    const owner = datasetOfTable(table, tables);
    const [problem] = placeholderProblems(table);
    if (problem !== undefined) {
      return [config.locate({ ...problem, key })];
    }
    if (owner === undefined) {
      return [
        config.locate({
          code: 'UNKNOWN_TABLE',
          key,
          found: `is "${table}", which is not a table of a dataset in this directory`,
          remedy: `${suggestTable(table, tables)}Write it as \${silver_database}.TABLE. If another app deploys its `
            + 'dataset, add the dataset to otherDatasets of the DatasetDirectory.',
        }),
      ];
    }
    return inputs.includes(owner) ? [] : [
      config.locate({
        code: 'QUERY_TABLE_NOT_AN_INPUT',
        key,
        found: `is "${table}", which does not belong to any of its inputs`,
        remedy: `Add "${owner}" to source_datasets.`,
      }),
    ];
  });
}

/**
 * The remedy for an unqualified table name that does not match any table of an input. Tables of inputs in other apps
 * are unknown.
 */
function unknownTableOfInputs(table: string, ofInputs: (string[] | undefined)[]): string[] {
  const known = ofInputs.flatMap(each => each ?? []);
  return ofInputs.includes(undefined) || known.includes(table)
    ? []
    : [`${didYouMean(table, known)}The tables of the inputs: ${known.join(', ')}.`];
}
