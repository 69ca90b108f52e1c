import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import {
  ApiEndpoint, Auth, BronzeDataset, BronzeDatasetProps, DatasetDirectory, EtlCore, ForEachTable, SilverDataset, Source,
} from '../src';
import { resources } from './assembly';
import { bronze, derived, ENV, Lake, LAYOUTS, PREFIXES } from './layouts';
import { readDatasets } from '../src/cli/dataset';
import { runOrder } from '../src/cli/run-order';

const URL = 'https://api.example.org/{value}';

/** A bronze dataset that requests an API per value of a table of `drugs`. */
function prices(
  where: Lake, forEachTable: Partial<ForEachTable> = {}, props: Partial<BronzeDatasetProps> = {},
): BronzeDataset {
  const input = SilverDataset.fromName(where.core, 'drugs');
  const endpoint: ApiEndpoint = { url: URL, forEachTable: { input, table: 'drugs', column: 'rxcui', ...forEachTable } };
  return bronze(where, { dataset: 'prices', source: Source.api({ items: endpoint }), ...props }, 'Prices');
}

function namesOf({ job }: BronzeDataset): { [name: string]: unknown } {
  const { DefaultArguments } = resources(Stack.of(job), 'AWS::Glue::Job')
    .find(({ Properties }) => Properties.Name === job.name)!.Properties;
  return JSON.parse(DefaultArguments['--names']);
}

describe.each(LAYOUTS)('in the layout $name, an endpoint per value of a table', ({ lake }) => {
  test('names the table in the document, and makes its dataset an input of the job', () => {
    const dataset = prices(lake(ENV));
    expect(JSON.parse(dataset.document).api_endpoints.items).toEqual({
      url: URL, for_each: { table: 'pp_dw_silver.drugs', column: 'rxcui' },
    });
    expect(namesOf(dataset)).toMatchObject({
      raw: 's3://pp-dw-123456789012/raw/prices/',
      inputs: [{
        dataset: 'silver/drugs',
        database: 'pp_dw_silver',
        runs: 's3://pp-dw-123456789012/etl/drugs/runs/silver/',
      }],
    });
  });

  test('adds read access to the table to the role of a dataset, and nothing else', () => {
    const policies = (dataset: (where: Lake) => BronzeDataset) => {
      const where = lake(ENV);
      dataset(where);
      return resources(where.stack, 'AWS::IAM::Role')
        .find(({ Properties }) => Properties.RoleName === 'pp-dw-bronze-prices-role')!.Properties.Policies;
    };
    const auth = Auth.bearer({ secret: 'vendor/api' });
    const source = Source.api({ items: { url: 'https://api.example.org' } });
    const without = policies(where => bronze(where, { dataset: 'prices', auth, source }));
    const withTable = policies(where => prices(where, {}, { auth }));
    const added = (withTable as { PolicyName: string }[]).filter(({ PolicyName }) => PolicyName === 'inputs');
    expect(withTable).toEqual(expect.arrayContaining(without));
    expect(withTable).toHaveLength(without.length + 1);
    expect(added).toEqual([{
      PolicyName: 'inputs',
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 's3:GetObject',
            Resource: [
              expect.stringMatching(/^arn:[^:]+:s3:::pp-dw-123456789012\/silver\/drugs\/\*$/),
              expect.stringMatching(/^arn:[^:]+:s3:::pp-dw-123456789012\/etl\/drugs\/runs\/silver\/\*$/),
            ],
          },
          {
            Effect: 'Allow',
            Action: 's3:ListBucket',
            Resource: expect.stringMatching(/^arn:[^:]+:s3:::pp-dw-123456789012$/),
            Condition: { StringLike: { 's3:prefix': ['silver/drugs/*', 'etl/drugs/runs/silver/*'] } },
          },
        ],
      },
    }]);
  });
});

test('a dataset that is read by several endpoints is one input', () => {
  const where = LAYOUTS[0].lake(ENV);
  const input = SilverDataset.fromName(where.core, 'drugs');
  const endpoint = (column: string): ApiEndpoint => ({ url: URL, forEachTable: { input, table: 'drugs', column } });
  const dataset = bronze(where, { source: Source.api({ a: endpoint('ndc'), b: endpoint('rxcui') }) });
  expect(namesOf(dataset).inputs).toHaveLength(1);
});

test('the keys can be in snake_case, as in Python dicts', () => {
  const where = LAYOUTS[0].lake(ENV);
  const input = SilverDataset.fromName(where.core, 'drugs');
  const endpoint = { url: URL, for_each_table: { input, table: 'drugs', column: 'rxcui' } };
  const dataset = bronze(where, { source: Source.api({ items: endpoint as unknown as ApiEndpoint }) });
  expect(JSON.parse(dataset.document).api_endpoints.items.for_each.table).toBe('pp_dw_silver.drugs');
});

test.each<[string, (where: Lake) => unknown, string]>([
  [
    'an input of another lake',
    where => prices(where, {
      input: SilverDataset.fromName(EtlCore.fromPrefixes(where.stack, 'Other', { resourcePrefix: 'other' }), 'drugs'),
    }),
    'LAKE_MISMATCH: Lake/Prices: forEachTable.input of endpoint "items" of dataset "prices" contains "drugs", which '
      + 'belongs to the lake "other". Use inputs of the lake "pp-dw".',
  ],
  [
    'a name instead of a dataset',
    where => prices(where, { input: 'drugs' as unknown as ForEachTable['input'] }),
    'PROP_TYPE_INVALID: Lake/Prices: forEachTable.input of endpoint "items" has the wrong type. Use a dataset: ',
  ],
  [
    'an unknown key',
    where => prices(where, { colum: 'rxcui' } as Partial<ForEachTable>),
    'UNKNOWN_KEY: Lake/Prices: forEachTable of endpoint "items" has the unknown key "colum". Did you mean "column"?',
  ],
  [
    'forEach in addition',
    where => {
      const input = SilverDataset.fromName(where.core, 'drugs');
      const endpoint: ApiEndpoint = {
        url: URL, forEach: { endpoint: 'a', field: 'b' }, forEachTable: { input, table: 'drugs', column: 'rxcui' },
      };
      return bronze(where, { source: Source.api({ items: endpoint }) });
    },
    'SETTINGS_CONFLICT: Lake/Bronze: endpoint "items" has both forEach and forEachTable. Set only one of them.',
  ],
  [
    'no column',
    where => prices(where, { column: undefined as unknown as string }),
    'SETTING_REQUIRED: Lake/Prices: api_endpoints.items.for_each of dataset "prices" has a table, but no column.',
  ],
  [
    'a table in forEach, which names no input',
    where => {
      const forEach = { table: 'pp_dw_silver.drugs', column: 'rxcui' } as unknown as ApiEndpoint['forEach'];
      return bronze(where, { source: Source.api({ items: { url: URL, forEach } }) });
    },
    'QUERY_TABLE_NOT_AN_INPUT: Lake/Bronze: api_endpoints.items.for_each.table of dataset "fda-nsde" is '
      + '"pp_dw_silver.drugs", which does not belong to any of its inputs. Use forEachTable, with the dataset of the '
      + 'table as its input.',
  ],
  [
    'a table of the dataset itself',
    where => prices(where, { input: BronzeDataset.fromName(where.core, 'prices'), table: 'prices_items' }),
    'INPUTS_CYCLE: Lake/Prices: inputs of dataset "bronze/prices" form a cycle: bronze/prices ← bronze/prices.',
  ],
  [
    'a table that is built from the table of the endpoint',
    where => {
      derived('silver', where, { dataset: 'drugs', inputs: [BronzeDataset.fromName(where.core, 'prices')] });
      return prices(where);
    },
    'INPUTS_CYCLE: Lake/Prices: inputs of dataset "bronze/prices" form a cycle: bronze/prices ← silver/drugs ← '
      + 'bronze/prices.',
  ],
])('fails with %s', (_, create, error) => {
  expect(() => create(LAYOUTS[0].lake(ENV))).toThrow(error);
});

test('a table that the dataset in this app does not have fails after all datasets are created', () => {
  const where = LAYOUTS[0].lake(ENV);
  prices(where, { table: 'drug' });
  derived('silver', where, { dataset: 'drugs' });
  expect(() => where.app.synth()).toThrow(
    'UNKNOWN_TABLE: Lake/Prices: api_endpoints.items.for_each.table of dataset "prices" is "pp_dw_silver.drug", which '
    + 'is not a table of the lake. Did you mean "pp_dw_silver.drugs"? Use one of these tables: pp_dw_silver.drugs.',
  );
});

test('medallion runs the dataset of the table first', () => {
  const where = LAYOUTS[0].lake(ENV);
  prices(where, { input: derived('silver', where, { dataset: 'drugs', inputs: [bronze(where)] }) });
  const { directory } = where.app.synth();
  const datasets = readDatasets(directory);
  const requested = datasets.filter(({ dataset }) => dataset === 'prices');
  const order = (hasTable: boolean, withInputs?: true) =>
    runOrder(requested, datasets, { app: directory, data: 'lake', hasTable: () => hasTable, withInputs })
      .map(({ layer, dataset }) => `${layer}/${dataset}`);
  expect(order(false)).toEqual(['bronze/fda-nsde', 'silver/drugs', 'bronze/prices']);
  expect(order(true)).toEqual(['bronze/prices']);
  expect(order(true, true)).toEqual(['bronze/fda-nsde', 'silver/drugs', 'bronze/prices']);
});

test('a table of a dataset in another app is not checked', () => {
  const where = LAYOUTS[0].lake(ENV);
  prices(where, { table: 'drugs_by_name' });
  expect(() => where.app.synth()).not.toThrow();
});

describe('in files', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'lake-')); });
  afterEach(() => rmSync(folder, { recursive: true }));

  const FILE = { data_size_category: 'small' };
  const endpoints = (table: string) => ({ items: { url: URL, for_each: { table, column: 'rxcui' } } });

  /** A lake in which `bronze/prices` reads a table, and a silver and a bronze dataset. */
  function directory(table: string, others: { otherDatasets?: string[]; inputs?: string[] } = {}): DatasetDirectory {
    const files: { [file: string]: object | string } = {
      'config.json': { etl_resource_prefix: 'pp-dw' },
      // `a` is created before its input.
      'a/config.json': { ...FILE, dataset: 'prices', api_endpoints: endpoints(table) },
      'b/config.json': {
        ...FILE, dataset: 'drugs', layer: 'silver', source_datasets: others.inputs ?? ['bronze/fda'], sql: 'q.sql',
      },
      'b/q.sql': 'SELECT 1 AS rxcui',
      'c/config.json': {
        ...FILE,
        dataset: 'fda',
        source_url: 'https://example.org/x.zip',
        file_table_mapping: { a: 'drugs', b: 'ndc' },
      },
    };
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content, undefined, 1);
      writeFileSync(path.join(folder, file), text);
    }
    const { otherDatasets } = others;
    return new DatasetDirectory(new App(), 'Lake', { path: folder, env: ENV, otherDatasets });
  }

  test.each([
    ['${silver_database}.drugs', 'silver/drugs', 'pp_dw_silver.drugs'],
    ['pp_dw_silver.drugs', 'silver/drugs', 'pp_dw_silver.drugs'],
    ['${bronze_database}.fda_drugs', 'bronze/fda', 'pp_dw_bronze.fda_drugs'],
  ])('the dataset of the table %s is an input, and deployed before', (table, input, name) => {
    const { datasets } = directory(table);
    const { 'bronze/prices': dataset } = datasets;
    expect(namesOf(dataset as BronzeDataset).inputs).toMatchObject([{ dataset: input }]);
    expect(JSON.parse(dataset.document).api_endpoints.items.for_each.table).toBe(name);
    expect(Stack.of(dataset).dependencies).toContain(Stack.of(datasets[input]));
  });

  test.each([
    ['gold/ndc', 'ndc', 'gold/ndc'],
    ['gold/ndc', 'ndc_names', 'gold/ndc'],
    ['gold/ndc-names', 'ndc_names', 'gold/ndc-names'],
  ])('a table of otherDatasets with %s belongs to the dataset with the longest name', (other, table, input) => {
    const { datasets } = directory(`\${gold_database}.${table}`, { otherDatasets: ['gold/n', other] });
    expect(namesOf(datasets['bronze/prices'] as BronzeDataset).inputs).toMatchObject([{ dataset: input }]);
  });

  test.each([
    [
      'a misspelled table',
      '${silver_database}.drug',
      'UNKNOWN_TABLE: PRICES/config.json:8:14: /api_endpoints/items/for_each/table is "${silver_database}.drug", which '
        + 'is not a table of a dataset in this directory. Did you mean "${silver_database}.drugs"?',
    ],
    [
      'a table of another layer',
      'pp_dw_bronze.drugs',
      'UNKNOWN_TABLE: PRICES/config.json:8:14: /api_endpoints/items/for_each/table is "pp_dw_bronze.drugs", which '
        + 'is not a table of a dataset in this directory. Did you mean "pp_dw_silver.drugs"?',
    ],
    [
      'a misspelled placeholder',
      '${silver_db}.drugs',
      'PLACEHOLDER_INVALID: PRICES/config.json:8:14: /api_endpoints/items/for_each/table contains ${silver_db}. '
        + 'Did you mean "silver_database"?',
    ],
    [
      'no database',
      'drugs',
      'VALUE_INVALID: PRICES/config.json:8:14: /api_endpoints/items/for_each/table is "drugs". Expected: Published '
        + 'table of the lake',
    ],
  ])('fails with %s', (_, table, error) => {
    const located = error.replace('PRICES', path.relative('', path.join(folder, 'a')));
    expect(() => directory(table)).toThrow(located);
  });

  test('a database with another prefix fails', () => {
    expect(() => directory('pp_dv_silver.drugs')).toThrow(
      'is "pp_dv_silver.drugs", which is not a table of the lake. Did you mean "pp_dw_silver.drugs"? Use one of',
    );
  });

  test('a cycle is reported at the table', () => {
    expect(() => directory('${silver_database}.drugs', { inputs: ['bronze/prices'] })).toThrow(
      /\/api_endpoints\/items\/for_each\/table forms a cycle: bronze\/prices ← silver\/drugs ← bronze\/prices/,
    );
  });
});

test('prefixes of databases can differ', () => {
  const where = LAYOUTS[0].lake(ENV, { ...PREFIXES, databasePrefix: 'sales' });
  expect(JSON.parse(prices(where).document).api_endpoints.items.for_each.table).toBe('sales_silver.drugs');
});
