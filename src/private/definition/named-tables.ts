import { LakeNames, tablePrefix } from '../../naming';
import { endpointsOf, forEachTables, NamedTable } from '../document/api-endpoints';
import { DataRule, DatasetDocument } from '../document/dataset-document.generated';
import { didYouMean } from '../errors/suggestion';
import { LAYERS } from '../layers';
import { withDatabases } from '../scripts/query-databases';

const LAYER_NAMES = LAYERS.join('|');

/** Matches a table of the lake: its database, as a placeholder or with any prefix, and its name. */
const TABLE = new RegExp(`^(?:\\$\\{(${LAYER_NAMES})_database\\}|(\\w+)_(${LAYER_NAMES}))\\.(\\w+)$`);

/** The tables of the lake that appear in the settings of a dataset. */
export function namedTables(document: DatasetDocument): NamedTable[] {
  const { initial_table: initial } = document.history ?? {};
  return [
    ...forEachTables(document),
    ...initial === undefined ? [] : [{ key: 'history.initial_table', table: initial }],
    ...referencedTables(document),
  ];
}

/** The tables of inputs that rules refer to, either as `database.table` or by the name of the table alone. */
function referencedTables({ data_quality: { rules = [] } = {} }: DatasetDocument): NamedTable[] {
  return rules.flatMap(({ relationships }, index) => relationships === undefined
    ? []
    : [{ key: `data_quality.rules[${index}].relationships.to`, table: relationships.to }]);
}

/** The document, with the placeholders in table names replaced by the names of the databases. */
export function withTableDatabases(document: DatasetDocument, lake: LakeNames): DatasetDocument {
  const { history, data_quality: quality } = document;
  const resolved = (table: string) => withDatabases(table, layer => lake.database(layer));
  const endpoints = Object.entries(endpointsOf(document)).filter(([, { for_each: forEach }]) => forEach?.table);
  return {
    ...document,
    ...history?.initial_table !== undefined && {
      history: { ...history, initial_table: resolved(history.initial_table) },
    },
    ...quality?.rules !== undefined && {
      data_quality: { ...quality, rules: quality.rules.map(rule => withDatabase(rule, resolved)) },
    },
    ...endpoints.length > 0 && {
      api_endpoints: {
        ...document.api_endpoints,
        ...Object.fromEntries(endpoints.map(([name, endpoint]) => [name, {
          ...endpoint,
          for_each: {
            ...endpoint.for_each,
            table: resolved(endpoint.for_each!.table!),
          },
        }])),
      },
    },
  };
}

function withDatabase(rule: DataRule, resolved: (table: string) => string): DataRule {
  return rule.relationships === undefined
    ? rule
    : { ...rule, relationships: { ...rule.relationships, to: resolved(rule.relationships.to) } };
}

/**
 * The names of the tables of each dataset, keyed by `layer/dataset`. A value is undefined if the tables are unknown.
 */
export type TablesByDataset = ReadonlyMap<string, string[] | undefined>;

/**
 * The dataset that publishes a table, as `layer/dataset`. Undefined if no dataset has the table.
 *
 * @param table the name of the table, as `database.table`. The prefix of the database is not checked.
 */
export function datasetOfTable(table: string, datasets: TablesByDataset): string | undefined {
  const { layer, name } = parts(table);
  const candidates = [...datasets].filter(([dataset, tables]) => dataset.startsWith(`${layer}/`)
    && (tables ? tables.includes(name) : `${name}_`.startsWith(tablePrefix(dataset.split('/')[1]))));
  const owner = candidates.find(([, tables]) => tables !== undefined);
  // If the tables of several datasets are unknown, the dataset with the longest name applies: `fda_drugs_sales` belongs
  // to `fda-drugs`, not to `fda`.
  return (owner ?? candidates.sort(([a], [b]) => b.length - a.length)[0])?.[0];
}

/** "Did you mean …?" for a table that no dataset has. Empty if no table has a similar name. */
export function suggestTable(table: string, datasets: TablesByDataset): string {
  const { prefix } = parts(table);
  const known = [...datasets].flatMap(([dataset, tables = []]) => {
    const layer = dataset.split('/')[0];
    return tables.map(each => `${prefix === undefined ? `\${${layer}_database}` : `${prefix}_${layer}`}.${each}`);
  });
  return didYouMean(table, known, true);
}

function parts(table: string): { readonly layer?: string; readonly name: string; readonly prefix?: string } {
  const [, ofPlaceholder, prefix, ofDatabase, name] = TABLE.exec(table) ?? [];
  return { layer: ofPlaceholder ?? ofDatabase, name: name ?? table.split('.')[1], prefix };
}
