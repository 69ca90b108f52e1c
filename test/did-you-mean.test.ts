import { mkdirSync, mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { bronze, gold, Lake, LAYOUTS } from './layouts';
import { BronzeDatasetProps, DatasetDirectory, EtlCore, Source, Transform } from '../src';
import { oneOf } from '../src/cli/commands/option-values';
import { Dataset, selectDataset, selectDatasets } from '../src/cli/dataset';
import { addGate } from '../src/cli/gates';
import { didYouMean } from '../src/private/errors/suggestion';

const ENDPOINT = { url: 'https://api.example.org/places' };

/** Values that TypeScript rejects, as in JavaScript and in files. */
const any = (value: unknown): any => value;
const ofBronze = (props: object) => () => bronze(LAYOUTS[0].lake(), any(props));
const ofCore = (props: object) => () =>
  new EtlCore(new Stack(new App(), 'Lake'), 'Core', any({ resourcePrefix: 'pp-dw', ...props }));

/** Synthesizes a lake of files: a dataset `zipcodes`, and a dataset `states` that reads it. */
function ofFiles(
  zipcodes: object, states: object = {}, query = 'SELECT * FROM ${bronze_database}.zipcodes',
): () => void {
  return () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lake-'));
    const files = {
      'config.json': { etl_resource_prefix: 'pp-dw' },
      'bronze/zipcodes/config.json': {
        dataset: 'zipcodes', data_size_category: 'small', source_url: 'https://example.org/zipcodes.csv', ...zipcodes,
      },
      'bronze/zipcodes/zipcodes.csv': 'zip\n1\n',
      'gold/states/config.json': {
        dataset: 'states',
        data_size_category: 'small',
        source_datasets: ['bronze/zipcodes'],
        sql: 'states.sql',
        ...states,
      },
      'gold/states/states.sql': query,
    };
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
    }
    const app = new App();
    new DatasetDirectory(app, 'Lake', { path: folder });
    app.synth();
  };
}

function ofQuery(query: string, props: Partial<BronzeDatasetProps>, where: Lake = LAYOUTS[0].lake()): () => void {
  return () => {
    const input = bronze(where, { dataset: 'postal', ...props });
    gold(where, { inputs: [input], transform: Transform.sql(query) });
    where.app.synth();
  };
}

const CLI_DATASETS = [any({ dataset: 'zipcodes', layer: 'bronze', stack: 'Datasets' }) as Dataset];

/** The part of the error that states what was found, and the name that the error suggests directly afterwards. */
const ERRORS: [what: string, run: () => unknown, found: string, suggestion: string][] = [
  ['a prop', ofBronze({ bussinessKey: ['zip'] }), 'bussinessKey is not a known prop.', 'businessKey'],
  ['a prop of the core', ofCore({ encripted: true }), 'encripted is not a known prop.', 'encrypted'],
  ['a key of a prop', ofBronze({ dataQuality: { maxShrnk: 0.5 } }), 'has the unknown key "maxShrnk".', 'maxShrink'],
  ['a key of an option', ofCore({ glueDefaults: { maxRetrys: 1 } }), 'has the unknown key "maxRetrys".', 'maxRetries'],
  ['a key of a file', ofFiles({ bussiness_key: ['zip'] }), '/bussiness_key is not a known key.', 'business_key'],
  [
    'a nested key of a file',
    ofFiles({ data_quality: { max_shrnk: 0 } }),
    '/data_quality/max_shrnk is not a known key.',
    'max_shrink',
  ],
  ['a size category', ofFiles({ data_size_category: 'smal' }), '/data_size_category is "smal".', 'small'],
  ['a size category in capitals', ofFiles({ data_size_category: 'LARGE' }), 'is "LARGE".', 'large'],
  ['a layer', ofFiles({}, { layer: 'sliver' }), '/layer is "sliver".', 'silver'],
  ['a table format', ofFiles({ table_format: 'iceburg' }), '/table_format is "iceburg".', 'iceberg'],
  ['a schema contract', ofFiles({ schema_contract: 'freze' }), 'is "freze".', 'freeze'],
  [
    'a worker type',
    ofCore({ glueWorkerConfigs: { small: { workerType: 'G1X', numberOfWorkers: 2 } } }),
    'worker_type is "G1X".',
    'G.1X',
  ],
  [
    'a size of worker configurations',
    ofCore({ glueWorkerConfigs: { smal: { workerType: 'G.1X', numberOfWorkers: 2 } } }),
    'has the unknown key "smal".',
    'small',
  ],
  ['a data type', ofBronze({ columnSchema: { 'fda-nsde': { a: { type: 'strng' } } } }), 'is "strng".', 'string'],
  [
    'a type of pagination',
    ofFiles({ source_url: undefined, api_endpoints: { zipcodes: { ...ENDPOINT, pagination: 'ofset' } } }),
    'pagination is "ofset".',
    'offset',
  ],
  [
    'a key of a file format',
    ofFiles({ file_format: { type: 'json', recrods: 'a' } }),
    '/recrods is not a known key.',
    'records',
  ],
  [
    'an endpoint',
    ofBronze({
      source: Source.api({
        products: ENDPOINT,
        parts: { url: 'https://api.example.org/{value}', forEach: { endpoint: 'product', field: 'id' } },
      }),
    }),
    'is "product", which is not in api_endpoints.',
    'products',
  ],
  [
    'a time zone',
    ofFiles({ schedule: { expression: 'cron(0 6 * * ? *)', timezone: 'Europe/Viena' } }),
    '/schedule/timezone is "Europe/Viena".',
    'Europe/Vienna',
  ],
  [
    'a table of a gate',
    ofBronze({
      fileTableMapping: { 'a.csv': 'products', 'b.csv': 'packages' },
      dataQuality: { requiredColumnsByTable: { product: ['a'] } },
    }),
    'contains the table "product", which does not exist.',
    'products',
  ],
  [
    'a table with the name of the dataset before it',
    ofBronze({
      fileTableMapping: { 'a.csv': 'products', 'b.csv': 'packages' },
      businessKeys: { fda_nsde_packages: ['a'] },
    }),
    'contains the table "fda_nsde_packages", which does not exist.',
    'packages',
  ],
  ['a database in a query', ofFiles({}, {}, 'SELECT * FROM ${bronze_db}.zipcodes'), '${bronze_db}.', 'bronze_database'],
  [
    'a table in a query',
    ofQuery('SELECT * FROM pp_dw_bronze.post', {}),
    'reads the table pp_dw_bronze.post (line 1, column 15), which does not belong to any of its inputs.',
    'pp_dw_bronze.postal',
  ],
  [
    'one of several tables in a query',
    ofQuery('SELECT 1 AS a\nFROM pp_dw_bronze.postal_zipcode', {
      fileTableMapping: { 'a.csv': 'zipcodes', 'b.csv': 'states' },
    }),
    'reads the table pp_dw_bronze.postal_zipcode (line 2, column 6), which does not belong to any of its inputs.',
    'pp_dw_bronze.postal_zipcodes',
  ],
  [
    'a table in the query of a file',
    ofFiles({}, {}, 'SELECT * FROM ${bronze_database}.zipcode'),
    'reads the table pp_dw_bronze.zipcode (line 1, column 15), which does not belong to any of its inputs.',
    'pp_dw_bronze.zipcodes',
  ],
  [
    'an input',
    ofFiles({}, { source_datasets: ['bronze/zipcode'] }),
    'is "bronze/zipcode", which is not a dataset in this directory.',
    'bronze/zipcodes',
  ],
  [
    'an input of another layer',
    ofFiles({}, { source_datasets: ['silver/zipcodes'] }),
    'is "silver/zipcodes", which is not a dataset in this directory.',
    'bronze/zipcodes',
  ],
  ['the file of a query', ofFiles({}, { sql: 'state.sql' }), 'is "state.sql", which does not exist.', 'states.sql'],
  [
    'a source file',
    ofFiles({ source_url: './zipcode.csv' }),
    'is "./zipcode.csv", a file that does not exist.',
    './zipcodes.csv',
  ],
  [
    'the file of a script',
    ofBronze({ script: 'test/layout.ts' }),
    'refers to the file "test/layout.ts", which does not exist.',
    'test/layouts.ts',
  ],
  ['a dataset on the command line', () => selectDataset(CLI_DATASETS, 'zipcode'), 'does not exist.', 'zipcodes'],
  [
    'a dataset with its layer on the command line',
    () => selectDataset(CLI_DATASETS, 'gold/zipcodes'),
    'does not exist.',
    'bronze/zipcodes',
  ],
  [
    'a stack on the command line',
    () => selectDatasets(CLI_DATASETS, 'Dataset'),
    'does not contain a dataset.',
    'Datasets',
  ],
  ['a gate on the command line', () => addGate('shrnk', []), '', 'shrink'],
  ['a choice on the command line', () => oneOf(['small', 'large'])('smal'), '', 'small'],
];

test.each(ERRORS)('a similar name is the first remedy for %s', (_what, run, found, suggestion) => {
  const parts = [found, `Did you mean "${suggestion}"?`].filter(part => part !== '');
  expect(run).toThrow(parts.join(' '));
});

test.each([
  ['a table that is not similar to one', 'SELECT * FROM pp_dw_bronze.elsewhere'],
  ['a table of a database that is not of the lake', 'SELECT * FROM other_bronze.elsewhere'],
  ['a common table expression', 'WITH post AS (SELECT 1 AS a) SELECT * FROM post'],
])('a query may contain %s', (_what, query) => {
  expect(ofQuery(query, {})).not.toThrow();
});

test('a table of a lake with another prefix is a warning, because the run reports it', () => {
  const where = LAYOUTS[0].lake();
  ofQuery('SELECT * FROM dev_bronze.postal', {}, where)();
  Annotations.fromStack(where.stack).hasWarning('*', Match.stringLikeRegexp(
    'the table dev_bronze.postal \\(line 1, column 15\\), which is not a table of this lake. Did you mean '
      + '"pp_dw_bronze.postal"\\? For lakes with different prefixes, write \\$\\{bronze_database\\}',
  ));
});

test('a query may contain a similar table if another app deploys an input of this layer', () => {
  const where = LAYOUTS[0].lake();
  expect(() => {
    const input = bronze(where, { dataset: 'postal' });
    const other = { core: where.core, layer: input.layer, dataset: 'post-codes' };
    gold(where, { inputs: [input, other], transform: Transform.sql('SELECT * FROM pp_dw_bronze.post') });
    where.app.synth();
  }).not.toThrow();
});

test.each([
  ['zipcode', ['states', 'zipcodes'], false, 'Did you mean "zipcodes"? '],
  ['ZIP-Codes', ['zip_code', 'zip_codes'], false, 'Did you mean "zip_codes"? '],
  ['elsewhere', ['states', 'zipcodes'], false, ''],
  ['id', ['v'], false, ''],
  ['4.0', ['5.0', '5.1'], false, ''],
  ['', ['a'], false, ''],
  ['zip', [], false, ''],
  ['lake_bronze.zip', ['lake_bronze.zips', 'lake_gold.zips'], true, 'Did you mean "lake_bronze.zips"? '],
  ['zips', ['lake_bronze.zips', 'lake_gold.zips'], true, 'Did you mean "lake_bronze.zips" or "lake_gold.zips"? '],
])('%j among %j, qualified %j: %j', (word, known, isQualified, suggestion) => {
  expect(didYouMean(word, known, isQualified)).toBe(suggestion);
});
