import { Annotations, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { IDataset } from '../../i-dataset';
import { DatasetNames, LakeNames } from '../../naming';
import { NamedTable } from '../document/api-endpoints';
import { didYouMean } from '../errors/suggestion';
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
 * Fails at synth if a query reads a table that belongs to this app but to none of the inputs, or names a table without
 * its database.
 *
 * Also fails if a table does not exist, but its name is similar to the name of a table of an input. The check runs
 * after the app is complete, because datasets can be created in any order. Tables of other apps are not known.
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
        const at = `(line ${line}, column ${column})`;
        const known = tablesOfInputs(tables, lake, inputs, database);
        const suggestion = tables.has(`${database}.${table}`) ? '' : didYouMean(`${database}.${table}`, known, true);
        if (suggestion !== '' && !isOfLake(lake, database)) {
          Annotations.of(scope).addWarningV2(
            `cdk-glue-medallion:database-of-another-lake-${database}`,
            `the query of dataset "${dataset}" reads the table ${database}.${table} ${at}, which is not a table of `
              + `this lake. ${suggestion}For lakes with different prefixes, write `
              + '${bronze_database}, ${silver_database} or ${gold_database} instead of the name of the database.',
          );
        } else if (suggestion !== '') {
          throw synthError(
            scope,
            'QUERY_TABLE_NOT_AN_INPUT',
            `the query of dataset "${dataset}" reads the table ${database}.${table} ${at}, which does not belong to `
              + 'any of its inputs.',
            `${suggestion}The tables of the inputs: ${known.join(', ')}.`,
          );
        }
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
          `the query of dataset "${dataset}" ${database === undefined
            ? `names the table ${table} without its database ${at}.`
            : `reads the table ${name} ${at}, which does not belong to any of its inputs.`}`,
          database === undefined
            ? `Use ${name}${adding === undefined ? '' : `, and ${adding}`}.`
            : `To read it, ${adding}.`,
        );
      }
      return [];
    },
  });
}

/**
 * Fails if the settings of a dataset refer to a table that does not belong to any of its inputs. Tables of inputs in
 * other apps are not known.
 *
 * The check runs after the app is complete, because datasets can be created in any order.
 */
export function checkNamedTables(
  scope: IConstruct, { lake, dataset }: DatasetNames, named: NamedTable[], inputs: IDataset[],
): void {
  const unknown = ({ key, table }: NamedTable, known: string[]) => synthError(
    scope,
    'UNKNOWN_TABLE',
    `${key} of dataset "${dataset}" is "${table}", which is not a table of the lake.`,
    `${didYouMean(table, isQualified({ table }) ? known : known.map(nameOf))}Use one of these tables: `
      + `${known.join(', ')}.`,
  );
  const noInput = ({ key, table }: NamedTable) => synthError(
    scope,
    'QUERY_TABLE_NOT_AN_INPUT',
    `${key} of dataset "${dataset}" is "${table}", which does not belong to any of its inputs.`,
    key.startsWith('api_endpoints')
      ? 'Use forEachTable, with the dataset of the table as its input.'
      : 'Add the dataset of the table to inputs, or to source_datasets in a file.',
  );
  for (const each of named.filter(isQualified)) {
    const databases = LAYERS.map(layer => lake.database(layer));
    const [database, name] = each.table.split('.');
    if (!databases.includes(database)) {
      throw unknown(each, databases.map(known => `${known}.${name}`));
    }
    if (!inputs.some(({ layer }) => lake.database(layer) === database)) {
      throw noInput(each);
    }
  }
  scope.node.addValidation({
    validate: () => {
      const tables = lakeTables(scope, lake.resourcePrefix);
      const names = new Set(inputs.map(input => `${input.layer}/${input.dataset}`));
      const known = [...tables].filter(([, owner]) => names.has(owner));
      const areKnown = new Set(known.map(([, owner]) => owner)).size === names.size;
      const isFound = (each: NamedTable) => known.some(([name]) =>
        each.table === (isQualified(each) ? name : nameOf(name)));
      for (const each of named.filter(other => !isFound(other))) {
        if (tables.has(each.table)) {
          throw noInput(each);
        }
        if (areKnown && !Token.isUnresolved(each.table)) {
          throw unknown(each, known.map(([name]) => name));
        }
      }
      return [];
    },
  });
}

/** Whether the name of a table includes its database. A rule can omit the database of an input table. */
function isQualified({ table }: Pick<NamedTable, 'table'>): boolean {
  return table.includes('.');
}

/** The name of a table without its database. */
function nameOf(table: string): string {
  return table.slice(table.indexOf('.') + 1);
}

function isOfLake(lake: LakeNames, database: string | undefined): boolean {
  return LAYERS.some(layer => lake.database(layer) === database);
}

/**
 * The input tables that a database can contain: the tables of the inputs in its layer, or the tables of all inputs if
 * the database does not belong to the lake. Empty if another app deploys one of these inputs.
 */
function tablesOfInputs(
  tables: LakeTables, lake: LakeNames, inputs: string[], database: string | undefined,
): string[] {
  if (database === undefined) {
    return [];
  }
  const owners = new Set(tables.values());
  const layer = LAYERS.find(each => lake.database(each) === database);
  const ofLayer = inputs.filter(input => layer === undefined || input.startsWith(`${layer}/`));
  return ofLayer.every(input => owners.has(input))
    ? [...tables].filter(([, owner]) => ofLayer.includes(owner)).map(([name]) => name)
    : [];
}

function lakeTables(scope: IConstruct, resourcePrefix: string): LakeTables {
  return lakeState(scope, 'tables', resourcePrefix, () => new Map<string, string>());
}
