import { IConstruct } from 'constructs';
import { DatasetNames } from '../../naming';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';
import { lakeState } from '../resources/stage-state';
import { tablesReadBy } from '../scripts/query-tables';

/** The dataset of each table of a lake, as `layer/dataset`, keyed by the name of the table in Athena. */
type LakeTables = Map<string, string>;

/** Registers the tables of a dataset, so that the queries of other datasets can be checked. */
export function registerTables(scope: IConstruct, { lake, database, layer, dataset, tables }: DatasetNames): void {
  const registered = lakeTables(scope, lake.resourcePrefix);
  for (const { name } of Object.values(tables)) {
    registered.set(`${database}.${name}`, `${layer}/${dataset}`);
  }
}

/**
 * Fails at synth if a query reads a table of another dataset of this app that is not an input, or without its database.
 *
 * It fails after the app is complete, because datasets are created in any order. Tables of other apps are not known.
 *
 * @param inputs the inputs of the dataset, as `layer/dataset`
 */
export function checkQueryTables(
  scope: IConstruct, { lake, layer, dataset }: DatasetNames, query: string, inputs: string[],
): void {
  scope.node.addValidation({
    validate: () => {
      const tables = lakeTables(scope, lake.resourcePrefix);
      for (const { database, table, line, column } of tablesReadBy(query)) {
        const found = (database === undefined ? LAYERS.map(each => lake.database(each)) : [database])
          .map(each => ({ name: `${each}.${table}`, owner: tables.get(`${each}.${table}`) }))
          .filter(({ owner }) => owner !== undefined && owner !== `${layer}/${dataset}`);
        const usable = found.filter(({ owner }) => inputs.includes(owner!));
        if (found.length === 0 || (database !== undefined && usable.length > 0)) {
          continue;
        }
        const [{ name, owner }] = [...usable, ...found];
        const adding = usable.length > 0 ? undefined : `add "${owner}" to inputs, or to source_datasets in a file`;
        throw synthError(
          scope,
          'QUERY_TABLE_NOT_AN_INPUT',
          `the query of dataset "${dataset}" reads the table ${database === undefined ? table : name} (line ${line}, `
            + `column ${column}), `
            + `${database === undefined ? 'without its database' : 'which is not a table of an input'}.`,
          database === undefined
            ? `Use ${name}${adding === undefined ? '' : `, and ${adding}`}.`
            : `To read it, ${adding}.`,
        );
      }
      return [];
    },
  });
}

function lakeTables(scope: IConstruct, resourcePrefix: string): LakeTables {
  return lakeState(scope, 'tables', resourcePrefix, () => new Map<string, string>());
}
