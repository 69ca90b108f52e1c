import * as fs from 'fs';
import { Dataset } from './dataset';
import { Lake } from './lake';
import { Publication } from './publication';
import { InputTable } from './test-request';
import { didYouMean } from '../private/errors/suggestion';

/** A table that a dataset can read, with the name of the dataset that publishes the table. */
export interface NamedTable extends InputTable {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
}

/** An input of a dataset in the job argument `--names`. */
interface InputName {
  readonly dataset: string;
  readonly database: string;
  readonly runs: string;
}

/** The inputs of a dataset, and the known tables of these inputs. */
export interface InputTables {
  readonly inputs: InputName[];
  readonly tables: NamedTable[];
}

/**
 * The tables that a dataset can read: tables of datasets in the app, and tables that are published in the local lake,
 * with their columns.
 *
 * @param data the folder of the local lake, which may not exist
 */
export function inputTablesOf(dataset: Dataset, datasets: Dataset[], data: string): InputTables {
  const { inputs = [] } = JSON.parse(dataset.arguments['--names']) as { inputs?: InputName[] };
  const tables = inputs.flatMap(input => {
    const [layer] = input.dataset.split('/');
    const published = new Map(contractsOf(input, data).map(each => [each.name, each]));
    const declared = datasets.find(({ runs }) => runs === input.runs)?.tables ?? [];
    return [...new Set([...declared, ...published.keys()])].map(name =>
      ({ name, layer, dataset: input.dataset, ...published.get(name) }));
  });
  return { inputs, tables };
}

function contractsOf({ dataset, runs }: InputName, data: string): Pick<NamedTable, 'name' | 'columns' | 'contract'>[] {
  let publication: Publication;
  try {
    publication = JSON.parse(fs.readFileSync(Lake.pathIn(data, `${runs}published.json`), 'utf8')) as Publication;
  } catch {
    return [];
  }
  return Object.values(publication.tables ?? {}).map(({ name, columns }) => ({
    name: `${publication.database}.${name}`,
    columns: Object.fromEntries(columns.map(column => [column.name, column.type])),
    contract: `the published contract of ${dataset} in ${data}`,
  }));
}

/**
 * Finds the table that a name in a test refers to. The name can be `pp_dw_bronze.zipcodes`,
 * `${bronze_database}.zipcodes`, the name of a table, or the name of a dataset with one table. Returns an error if the
 * name does not match exactly one table.
 */
export function findInputTable(
  given: string, { inputs, tables }: InputTables,
): NamedTable | { readonly error: string } {
  const name = given.replace(/^\$\{(bronze|silver|gold)_database\}/, (text, layer: string) =>
    inputs.find(({ dataset }) => dataset.startsWith(`${layer}/`))?.database ?? text);
  const exact = tables.find(each => each.name === name);
  if (exact) {
    return exact;
  }
  const matches = tables.filter(({ name: table, dataset }) =>
    table.split('.')[1] === name || dataset === name || dataset.split('/')[1] === name);
  if (matches.length === 1) {
    return matches[0];
  }
  if (matches.length > 1) {
    return { error: `matches ${matches.map(each => each.name).join(' and ')}. Specify one of them.` };
  }
  // The tables of an input in another app are not known.
  const [database] = name.split('.');
  const unknown = inputs.filter(({ dataset }) => !tables.some(table => table.dataset === dataset));
  const input = unknown.find(each => each.database === database);
  if (input && name.includes('.')) {
    return { name, layer: input.dataset.split('/')[0], dataset: input.dataset };
  }
  const names = tables.map(each => each.name);
  return {
    error: `is not a table of an input. ${didYouMean(given, names, true)}The tables of the inputs: `
      + `${names.join(', ') || 'none known'}. Correct the name, or add the dataset to the inputs.`,
  };
}
