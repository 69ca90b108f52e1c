import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import {
  Auth,
  BronzeDataset,
  DataSizeCategory,
  DatasetDirectory,
  EtlCore,
  FileFormat,
  GlueConnection,
  GlueVersion,
  GoldDataset,
  HttpMethod,
  LakeDataset,
  Pagination,
  S3Files,
  Schedule,
  SchemaContract,
  Source,
  TableFormat,
  TokenAuthMethod,
  Transform,
} from '../src';
import { deployedFiles, resource, resources, templateOf } from './assembly';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'lake-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const CORE = { etl_resource_prefix: 'pp-dw' };
const ZIPCODES = { dataset: 'zipcodes', data_size_category: 'small', source_url: 'https://example.org/zipcodes.zip' };
const API = { dataset: 'zipcodes', data_size_category: 'small', api_endpoints: { places: 'https://api.example.org/places' } };
const STATES = {
  dataset: 'states',
  data_size_category: 'small',
  source_datasets: ['bronze/zipcodes'],
  sql: 'states.sql',
};
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111';
const QUERY = 'SELECT state, count(*) AS zip_codes FROM pp_dw_bronze.zipcodes GROUP BY state';

/** Files, keyed by path in the folder. Objects are written as JSON. */
type Files = { [file: string]: object | string };

const LAKE: Files = {
  'config.json': CORE,
  'bronze/zipcodes/config.json': ZIPCODES,
  'gold/states/config.json': STATES,
  'gold/states/states.sql': QUERY,
};

function write(files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content, undefined, 1));
  }
}

function lake(files: Files, props: { otherDatasets?: string[] } = {}): { app: App; directory: DatasetDirectory } {
  write(files);
  const app = new App();
  return { app, directory: new DatasetDirectory(app, 'Lake', { path: folder, ...props }) };
}

/** Returns the lines of the error, with LAKE instead of the path of the folder. */
function failure(files: Files, props: { otherDatasets?: string[] } = {}): string[] {
  try {
    lake(files, props);
  } catch (error) {
    return (error as Error).message.replaceAll(path.relative(process.cwd(), folder), 'LAKE').split('\n');
  }
  throw new Error('no error was thrown');
}

test('each file becomes a stack, first the core, then each dataset after its inputs', () => {
  const { app, directory } = lake({
    ...LAKE,
    'gold/a-first/config.json': { ...STATES, dataset: 'a-first', source_datasets: ['gold/states'] },
    'gold/a-first/states.sql': 'SELECT * FROM pp_dw_gold.states',
  });
  const stacks = app.node.findAll().filter(Stack.isStack);
  expect(
    stacks.map(({ stackName, dependencies }) => [stackName, ...dependencies.map(other => other.stackName).sort()]),
  ).toEqual([
    ['pp-dw-core'],
    ['pp-dw-bronze-zipcodes'],
    ['pp-dw-gold-states', 'pp-dw-bronze-zipcodes'],
    ['pp-dw-gold-a-first', 'pp-dw-gold-states'],
  ]);
  const order = app.synth().stacks.map(({ stackName }) => stackName);
  expect(order).toEqual(['pp-dw-core', 'pp-dw-bronze-zipcodes', 'pp-dw-gold-states', 'pp-dw-gold-a-first']);
  expect(Object.keys(directory.datasets)).toEqual(['bronze/zipcodes', 'gold/states', 'gold/a-first']);
});

test.each([
  ['name', 'vendor-sftp-job', ':role/vendor-sftp-job'],
  ['ARN', 'arn:aws:iam::123456789012:role/teams/sftp', 'arn:aws:iam::123456789012:role/teams/sftp'],
])('a file sets the workers, the timeout, the retries and the role of a dataset, by its %s', (_, role, arn) => {
  const settings = { worker_type: 'G.2X', number_of_workers: 3, timeout_minutes: 90, max_retries: 0 };
  const { directory } = lake({ ...LAKE, 'bronze/zipcodes/config.json': { ...ZIPCODES, ...settings, role } });
  const dataset = directory.datasets['bronze/zipcodes'];
  const { Properties } = resource(Stack.of(dataset), 'AWS::Glue::Job');
  expect(Properties).toMatchObject({ WorkerType: 'G.2X', NumberOfWorkers: 3, Timeout: 90, MaxRetries: 0 });
  expect(JSON.stringify(Properties.Role)).toContain(arn);
  expect(dataset.maxDpuHours).toBe(9);
  expect(JSON.parse(dataset.document)).toEqual({ ...ZIPCODES, ...settings });
  expect(resources(Stack.of(dataset), 'AWS::IAM::Policy').flatMap(policy => policy.Properties.Roles))
    .not.toContain('vendor-sftp-job');
});

test('a role in a file that is not a role is an error with its position', () => {
  expect(failure({ ...LAKE, 'bronze/zipcodes/config.json': { ...ZIPCODES, role: 'arn:aws:s3:::bucket' } }).join('\n'))
    .toContain('VALUE_INVALID: LAKE/bronze/zipcodes/config.json:5:');
});

test.each<[string, Record<string, object | string>]>([
  ['declares it', { 'any/config.json': { ...STATES, layer: 'silver' }, 'any/states.sql': QUERY }],
  [
    'has a silver script',
    { 'any/config.json': { ...STATES, sql: undefined }, 'any/glue/silver_job.py': 'print("mine")\n' },
  ],
])('a dataset is silver if it %s, and can have the name of a gold dataset', (_, files) => {
  const { directory } = lake({ ...LAKE, ...files });
  const { layer, databaseName, jobName, document } = directory.datasets['silver/states'];
  expect([layer, databaseName, jobName]).toEqual(['silver', 'pp_dw_silver', 'pp-dw-silver-states']);
  expect(JSON.parse(document)).toMatchObject({ layer: 'silver' });
  expect(Object.keys(directory.datasets)).toContain('gold/states');
});

test('datasets can be in folders at any depth; generated and hidden folders are ignored', () => {
  const { directory } = lake({
    ...LAKE,
    'vendors/a/b/airports/config.json': { ...ZIPCODES, dataset: 'airports' },
    'node_modules/x/config.json': '{',
    'cdk.out/x/config.json': '{',
    '.hidden/config.json': '{',
  });
  expect(Object.keys(directory.datasets)).toEqual(['bronze/zipcodes', 'gold/states', 'bronze/airports']);
});

/** The same datasets as props and as files. The keys of the files are in another order. */
const BOTH: { name: string; document: object; files?: Files; make(scope: Construct, core: EtlCore): LakeDataset }[] = [
  {
    name: 'bronze/zipcodes',
    document: ZIPCODES,
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'zipcodes',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url('https://example.org/zipcodes.zip'),
      }),
  },
  {
    name: 'bronze/fda-cder',
    document: {
      $schema: './dataset.schema.json',
      schedule: { timezone: 'Europe/Berlin', flexible_minutes: 0, expression: 'cron(0 6 * * ? *)', enabled: false },
      source_url: ['https://example.org/cder-{yyyyMMdd}.zip'],
      dataset: 'fda-cder',
      data_quality: {
        max_shrink: 0.1,
        required_columns: { products: ['ndc'] },
        expected_record_count_min: { products: 10 },
      },
      data_size_category: 'medium',
      description: 'Products and packages',
      lookback_days: 3,
      delimiter: '|',
      file_format: { quote: '', encoding: 'cp1252', header: false, type: 'csv' },
      date_format: 'dd.MM.yyyy',
      file_table_mapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
      column_schema: {
        products: {
          'NDC Code': { type: 'date', format: 'yyyyMMdd', target_name: 'ndc' },
          'A Price': { description: 'In US dollars', type: 'decimal(18,2)' },
        },
      },
      table_format: 'iceberg',
      column_mappings: { 'Start Date': 'started_on' },
      business_keys: { products: ['ndc'], packages: ['ndc', 'package'] },
      schema_contract: 'freeze',
      glue_version: '6.0',
    },
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'fda-cder',
        dataSizeCategory: DataSizeCategory.MEDIUM,
        source: Source.urls(['https://example.org/cder-{yyyyMMdd}.zip']),
        lookbackDays: 3,
        description: 'Products and packages',
        delimiter: '|',
        dateFormat: 'dd.MM.yyyy',
        fileFormat: FileFormat.csv({ header: false, encoding: 'cp1252', quote: '' }),
        fileTableMapping: { 'Products*.txt': 'products', 'Packages.txt': 'packages' },
        columnSchema: {
          products: {
            'NDC Code': { targetName: 'ndc', type: 'date', format: 'yyyyMMdd' },
            'A Price': { type: 'decimal(18,2)', description: 'In US dollars' },
          },
        },
        tableFormat: TableFormat.ICEBERG,
        columnMappings: { 'Start Date': 'started_on' },
        businessKeys: { products: ['ndc'], packages: ['ndc', 'package'] },
        schemaContract: SchemaContract.FREEZE,
        dataQuality: {
          requiredColumnsByTable: { products: ['ndc'] },
          expectedRecordCountMinByTable: { products: 10 },
          maxShrink: 0.1,
        },
        schedule: Schedule.cron('0 6 * * ? *', {
          timezone: 'Europe/Berlin',
          enabled: false,
          flexibleWindow: Duration.minutes(0),
        }),
        glueVersion: GlueVersion.V6_0,
      }),
  },
  {
    name: 'bronze/vendor',
    document: {
      api_endpoints: {
        products: {
          url: 'https://api.example.org/products',
          records: 'data.items',
          params: { order: 'id', country: 'NL' },
          pagination: { max_pages: 5, limit_param: 'size', type: 'offset', total_records: 'meta.total', limit: 100 },
          headers: { 'Accept': 'application/json', 'X-Version': '2' },
        },
        prices: {
          for_each: { field: 'id', endpoint: 'products', column: 'product' },
          method: 'POST',
          url: 'https://api.example.org/prices',
          body: { product: '{value}', all: [true, { a: 1 }] },
          rate_limit: { seconds: 2, requests: 1 },
          table: false,
        },
      },
      auth: {
        token_params: { audience: 'api' },
        type: 'oauth2_client_credentials',
        token_url: 'https://login.example.org/token',
        secret: 'vendor/api',
        token_auth_method: 'client_secret_post',
        encryption_key: KEY,
      },
      headers: { Accept: 'application/json' },
      rate_limit: { seconds: 60, requests: 240 },
      connection: 'vendor-network',
      dataset: 'vendor',
      data_size_category: 'small',
    },
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'vendor',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.api({
          products: {
            url: 'https://api.example.org/products',
            params: { order: 'id', country: 'NL' },
            headers: { 'Accept': 'application/json', 'X-Version': '2' },
            records: 'data.items',
            pagination: Pagination.offset({ limit: 100, limitParam: 'size', totalRecords: 'meta.total', maxPages: 5 }),
          },
          prices: {
            url: 'https://api.example.org/prices',
            method: HttpMethod.POST,
            body: { product: '{value}', all: [true, { a: 1 }] },
            forEach: { endpoint: 'products', field: 'id', column: 'product' },
            rateLimit: { requests: 1, seconds: 2 },
            table: false,
          },
        }),
        headers: { Accept: 'application/json' },
        rateLimit: { requests: 240, seconds: 60 },
        auth: Auth.oauth2ClientCredentials({
          secret: 'vendor/api',
          encryptionKey: KEY,
          tokenUrl: 'https://login.example.org/token',
          tokenParams: { audience: 'api' },
          tokenAuthMethod: TokenAuthMethod.CLIENT_SECRET_POST,
        }),
        connection: GlueConnection.fromName('vendor-network'),
      }),
  },
  {
    name: 'bronze/drops',
    document: {
      source_files: 'all',
      source_url: 's3://vendor/drops/*.csv',
      dataset: 'drops',
      data_size_category: 'small',
    },
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'drops',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.s3('s3://vendor/drops/*.csv', { files: S3Files.ALL }),
      }),
  },
  {
    name: 'bronze/from-nowhere',
    document: { dataset: 'from-nowhere', data_size_category: 'small' },
    files: { 'glue/bronze_job.py': 'print("bronze")\n' },
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'from-nowhere',
        dataSizeCategory: DataSizeCategory.SMALL,
        script: path.join(folder, 'x/glue/bronze_job.py'),
      }),
  },
  {
    name: 'gold/states',
    document: { ...STATES, history: { exclude: ['zip_codes'], business_key: ['state'] } },
    files: { 'states.sql': QUERY },
    make: (scope, core) =>
      new GoldDataset(scope, 'Dataset', {
        core,
        dataset: 'states',
        dataSizeCategory: DataSizeCategory.SMALL,
        inputs: [BronzeDataset.fromName(core, 'zipcodes')],
        transform: Transform.sqlFile(path.join(folder, 'x/states.sql')),
        history: { businessKey: ['state'], exclude: ['zip_codes'] },
      }),
  },
  {
    name: 'gold/calendar',
    document: {
      table_format: 'iceberg',
      column_descriptions: { weeks: { week: 'ISO week' } },
      dataset: 'calendar',
      data_size_category: 'small',
      source_datasets: [],
      outputs: ['days', 'weeks'],
    },
    files: { 'glue/gold_job.py': 'print("a calendar")\n' },
    make: (scope, core) =>
      new GoldDataset(scope, 'Dataset', {
        core,
        dataset: 'calendar',
        dataSizeCategory: DataSizeCategory.SMALL,
        inputs: [],
        transform: Transform.script(path.join(folder, 'x/glue/gold_job.py')),
        outputs: ['days', 'weeks'],
        columnDescriptions: { weeks: { week: 'ISO week' } },
        tableFormat: TableFormat.ICEBERG,
      }),
  },
  {
    name: 'bronze/by-hand',
    document: { ...ZIPCODES, dataset: 'by-hand' },
    files: { 'glue/bronze_job.py': 'print("bronze")\n' },
    make: (scope, core) =>
      new BronzeDataset(scope, 'Dataset', {
        core,
        dataset: 'by-hand',
        dataSizeCategory: DataSizeCategory.SMALL,
        source: Source.url('https://example.org/zipcodes.zip'),
        script: path.join(folder, 'x/glue/bronze_job.py'),
      }),
  },
];

test.each(BOTH)(
  'props and files result in the same templates and deployed files: $name',
  ({ name, document, files = {}, make }) => {
    write(Object.fromEntries(Object.entries(files).map(([file, content]) => [`x/${file}`, content])));
    const { directory } = lake(
      { 'config.json': CORE, 'x/config.json': document },
      { otherDatasets: ['bronze/zipcodes'] },
    );
    const ofFile = Stack.of(directory.datasets[name]);

    const scope = new Construct(new App(), 'Lake');
    const core = new EtlCore(
      new Stack(scope, 'core', { stackName: 'pp-dw-core', description: 'Core of the lake pp-dw' }),
      'Core',
      { resourcePrefix: 'pp-dw' },
    );
    const description = (document as { description?: string }).description;
    const ofProps = new Stack(scope, name.replace('/', '-'), {
      stackName: `pp-dw-${name.replace('/', '-')}`,
      description,
    });
    make(ofProps, core);

    expect(templateOf(ofFile)).toBe(templateOf(ofProps));
    expect(deployedFiles(ofFile)).toEqual(deployedFiles(ofProps));
  },
);

test('the format and the retention of snapshots of the core apply to all datasets', () => {
  const { directory } = lake({
    ...LAKE,
    'config.json': { ...CORE, table_format: 'iceberg', retention: { snapshot_hours: 24 } },
    'bronze/zipcodes/config.json': { ...ZIPCODES, table_format: 'parquet' },
  });
  const names = Object.fromEntries(Object.entries(directory.datasets).map(([name, dataset]) => {
    const { DefaultArguments } = resource(Stack.of(dataset), 'AWS::Glue::Job').Properties;
    return [name, JSON.parse(DefaultArguments['--names'] as string) as object];
  }));
  expect(names['gold/states']).toMatchObject({ snapshot_retention_hours: 24 });
  expect(names['bronze/zipcodes']).not.toHaveProperty('snapshot_retention_hours');
});

test('a dataset with a custom script and a query deploys both', () => {
  const { directory } = lake({ ...LAKE, 'gold/states/glue/gold_job.py': 'print("mine")\n' });
  const files = deployedFiles(Stack.of(directory.datasets['gold/states']));
  expect(files.get('states/glue/gold_job.py')?.toString()).toBe('print("mine")\n');
  expect(files.get('states/glue/gold.sql')?.toString()).toBe(QUERY);
});

test('an endpoint that is only a URL is a table, and is deployed unchanged', () => {
  const { directory } = lake({
    ...LAKE,
    'bronze/api/config.json': { ...API, dataset: 'api', business_keys: { places: ['id'] } },
  });
  const { tableNames, document } = directory.datasets['bronze/api'];
  expect(tableNames).toEqual(['api_places']);
  expect(JSON.parse(document).api_endpoints).toEqual(API.api_endpoints);
});

const AIRPORTS = { ...ZIPCODES, dataset: 'airports' };

test.each<[string, Files, { otherDatasets?: string[] }, string[]]>([
  ['a bronze dataset', { 'x/config.json': { ...STATES, source_datasets: ['zipcodes'] } }, {}, ['bronze/zipcodes']],
  ['a text', { 'x/config.json': { ...STATES, source_datasets: 'zipcodes' } }, {}, ['bronze/zipcodes']],
  [
    'a bronze dataset with the name of the dataset itself',
    { 'x/config.json': { ...STATES, dataset: 'zipcodes', source_datasets: ['zipcodes'] } },
    {},
    ['bronze/zipcodes'],
  ],
  [
    'a silver dataset',
    {
      'x/config.json': { ...STATES, source_datasets: ['places', 'zipcodes'] },
      'y/config.json': { ...STATES, dataset: 'places', layer: 'silver' },
      'y/states.sql': QUERY,
    },
    {},
    ['silver/places', 'bronze/zipcodes'],
  ],
  [
    'a dataset of another app',
    { 'x/config.json': { ...STATES, source_datasets: ['zipcodes', 'counties'] } },
    { otherDatasets: ['bronze/counties'] },
    ['bronze/zipcodes', 'bronze/counties'],
  ],
])('an input without a layer can be %s', (_, files, props, inputs) => {
  const { directory } = lake(
    { 'config.json': CORE, 'bronze/zipcodes/config.json': ZIPCODES, 'x/states.sql': QUERY, ...files },
    props,
  );
  const gold = Object.values(directory.datasets).find(({ layer }) => layer === 'gold')!;
  expect(JSON.parse(gold.document).source_datasets).toEqual(inputs);
});

test('an input without a layer that several datasets have as their name is an error with their names', () => {
  expect(failure({
    ...LAKE,
    'a/config.json': { ...STATES, dataset: 'zipcodes', layer: 'silver' },
    'a/states.sql': QUERY,
    'gold/states/config.json': { ...STATES, source_datasets: ['zipcodes'] },
  })).toEqual([
    '1 problem in 1 file:',
    '  UNKNOWN_INPUT: LAKE/gold/states/config.json:5:3: /source_datasets/0 is "zipcodes", the name of several '
      + 'datasets. Did you mean "silver/zipcodes" or "bronze/zipcodes"?',
  ]);
});

test('a dataset in an invalid file is not an unknown input, and other inputs are still checked', () => {
  expect(failure({
    ...LAKE,
    'bronze/zipcodes/config.json': '{"dataset": "zipcodes" "',
    'bronze/airports/config.json': { ...AIRPORTS, layer: 'platinum' },
    'bronze/rivers/config.json': { ...ZIPCODES, dataset: 'US_Rivers' },
    'gold/states/config.json': {
      ...STATES,
      source_datasets: [
        'bronze/zipcodes', 'airports', 'bronze/counties', 'bronze/us-rivers', 'bronze/rivers',
      ],
    },
  }).map(line => line.replace(/^ *(\w+): \S+ (\S+) .*$/, '$1 $2'))).toEqual([
    '4 problems in 4 files:',
    'VALUE_INVALID /layer',
    'DATASET_NAME_INVALID /dataset',
    'JSON_INVALID the',
    'UNKNOWN_INPUT /source_datasets/2',
  ]);
});

test('the error of a lake lists the warnings about its invalid files', () => {
  expect(failure({
    ...LAKE,
    'bronze/zipcodes/config.json': { ...ZIPCODES, tables: ['a'] },
    'gold/states/config.json': { ...STATES, source_datasets: undefined, dependencies: ['zipcodes'], layer: 'gold' },
  })).toEqual([
    '1 problem in 1 file:',
    expect.stringContaining('SETTING_REQUIRED: LAKE/gold/states/config.json:8:11: /layer is "gold", but '),
    '1 warning:',
    '  LAKE/gold/states/config.json:5:18: /dependencies is an unknown key and is ignored. Use source_datasets, for '
      + 'example "source_datasets": ["bronze/fda-nsde"].',
  ]);
});

test('a hyphen in the name of a table is a warning of its stack, with the name that is deployed', () => {
  const { app, directory } = lake({
    ...LAKE, 'bronze/zipcodes/config.json': { ...ZIPCODES, file_table_mapping: { 'a.csv': 'us-zipcodes' } },
  });
  expect(directory.datasets['bronze/zipcodes'].tableNames).toEqual(['zipcodes_us_zipcodes']);
  expect(app.synth().getStackByName('pp-dw-bronze-zipcodes').messages.map(({ entry }) => entry.data)).toEqual([
    expect.stringContaining('config.json:6:12: /file_table_mapping/a.csv is read as "us_zipcodes". The names of tables '
      + 'have underscores instead of hyphens.'),
  ]);
});

test('a warning about the file of the core is a warning of its stack', () => {
  const { app } = lake({ ...LAKE, 'config.json': { ...CORE, python_version: '3.11' } });
  expect(app.synth().getStackByName('pp-dw-core').messages.map(({ entry }) => entry.data)).toEqual([
    expect.stringContaining('config.json:3:20: /python_version is an unknown key and is ignored. The Glue version '),
  ]);
});

test('a core that is passed replaces the file of the core', () => {
  write({ ...LAKE, 'config.json': '{' });
  const app = new App();
  const core = EtlCore.fromPrefixes(new Stack(app, 'Foreign'), 'Core', { resourcePrefix: 'other' });
  const { datasets } = new DatasetDirectory(app, 'Lake', { path: folder, core });
  expect(resource(Stack.of(datasets['bronze/zipcodes']), 'AWS::Glue::Job').Properties.Name).toBe(
    'other-bronze-zipcodes',
  );
});

test('otherDatasets can be inputs', () => {
  const files = {
    ...LAKE,
    'gold/states/config.json': { ...STATES, source_datasets: ['bronze/airports'] },
    'gold/states/states.sql': 'SELECT state FROM ${bronze_database}.airports',
  };
  expect(Object.keys(lake(files, { otherDatasets: ['bronze/airports'] }).directory.datasets)).toEqual([
    'bronze/zipcodes',
    'gold/states',
  ]);
});

test.each<[string, Files, string]>([
  [
    'an invalid value',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, data_size_category: 'tiny' } },
    'VALUE_INVALID: LAKE/bronze/zipcodes/config.json:3:24: /data_size_category is "tiny". Expected: Size of '
      + 'the input data, which selects the workers and the timeout.',
  ],
  [
    'no source',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, source_url: undefined } },
    'SOURCE_REQUIRED: LAKE/bronze/zipcodes/config.json: the file has neither source_url nor api_endpoints. '
      + 'Set one of them. For a bronze dataset with a custom script, add glue/bronze_job.py. For a silver or gold '
      + 'dataset, set source_datasets.',
  ],
  [
    'a misspelled key',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, bussiness_key: ['zip'] } },
    'UNKNOWN_KEY: LAKE/bronze/zipcodes/config.json:5:19: /bussiness_key is not a known key. Did you mean '
      + '"business_key"?',
  ],
  [
    'a misspelled nested key',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, data_quality: { max_shrinc: 1 } } },
    'UNKNOWN_KEY: LAKE/bronze/zipcodes/config.json:6:17: /data_quality/max_shrinc is not a known key. Did you mean '
      + '"max_shrink"?',
  ],
  [
    'an invalid port',
    { 'bronze/zipcodes/config.json': { ...API, api_endpoints: { products: 'https://api.example.org:99999/' } } },
    'URL_INVALID: LAKE/bronze/zipcodes/config.json:5:15: /api_endpoints/products is '
      + '"https://api.example.org:99999/", which is not a valid URL. Check the host and the port.',
  ],
  [
    'a rule of an endpoint',
    {
      'bronze/zipcodes/config.json': {
        ...API,
        api_endpoints: { a: { url: 'https://api.example.org', pagination: { type: 'cursor', param: 'p' } } },
      },
    },
    'SETTING_REQUIRED: LAKE/bronze/zipcodes/config.json:7:18: /api_endpoints/a/pagination has the type '
      + 'cursor, but no path. Set path',
  ],
  [
    'a secret in a header',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, headers: { Authorization: 'Bearer 0123456789abcdef' } } },
    'SECRET_IN_CONFIG: LAKE/bronze/zipcodes/config.json:6:20: /headers/Authorization is set. Do not put '
      + 'secrets into files or templates. Use auth, which reads the secret from AWS Secrets Manager.',
  ],
  [
    'a column name with dots and slashes',
    {
      'bronze/zipcodes/config.json': {
        ...ZIPCODES,
        column_schema: { zipcodes: { 'a.b/c': { type: 'date', format: 'the day' } } },
      },
    },
    'FORMAT_INVALID: LAKE/bronze/zipcodes/config.json:9:15: /column_schema/zipcodes/a.b~1c/format is "the day"',
  ],
  [
    'a rule that is not part of the schema',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, history: { business_key: ['a'] } } },
    'SETTING_NOT_APPLICABLE: LAKE/bronze/zipcodes/config.json:5:13: /history is set, but the dataset '
      + 'is bronze, because source_datasets is not set. Remove history: it only applies to silver and gold datasets, '
      + 'which have source_datasets instead of source_url.',
  ],
  [
    'a table that does not exist',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, business_keys: { zipcode: ['zip'] } } },
    'UNKNOWN_TABLE: LAKE/bronze/zipcodes/config.json:5:19: /business_keys contains the table "zipcode", which '
      + 'does not exist. Did you mean "zipcodes"?',
  ],
  [
    'a table with the name of the dataset, and another table',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, file_table_mapping: { a: 'zipcodes', b: 'b' } } },
    'TABLE_NAME_RESERVED: LAKE/bronze/zipcodes/config.json:5:24: /file_table_mapping has several tables, '
      + 'and one of them has the name of the dataset, "zipcodes". Rename this table, for example '
      + 'to "main": its folder would contain the folders of the other tables.',
  ],
  [
    'a misspelled input',
    { 'gold/states/config.json': { ...STATES, source_datasets: ['bronze/zipcode'] } },
    'UNKNOWN_INPUT: LAKE/gold/states/config.json:5:3: /source_datasets/0 is "bronze/zipcode", which is not a '
      + 'dataset in this directory. Did you mean "bronze/zipcodes"?',
  ],
  [
    'an input that no file describes',
    { 'gold/states/config.json': { ...STATES, source_datasets: ['bronze/airports'] } },
    'UNKNOWN_INPUT: LAKE/gold/states/config.json:5:3: /source_datasets/0 is "bronze/airports", which is not a '
      + 'dataset in this directory. Correct it. If another app deploys it, add it to otherDatasets of the '
      + 'DatasetDirectory.',
  ],
  [
    'a dataset that is its own input',
    { 'gold/states/config.json': { ...STATES, source_datasets: ['gold/states'] } },
    'INPUTS_CYCLE: LAKE/gold/states/config.json:5:3: /source_datasets/0 forms a cycle: gold/states ← '
      + 'gold/states. A dataset cannot depend on itself: remove one of these inputs.',
  ],
  [
    'two datasets with the same name',
    { 'b/config.json': ZIPCODES },
    'NAME_TAKEN: LAKE/bronze/zipcodes/config.json:2:13: /dataset is "zipcodes", which '
      + 'LAKE/b/config.json also uses. Rename one of them.',
  ],
  [
    'no query',
    { 'gold/states/config.json': { ...STATES, sql: undefined } },
    'TRANSFORM_REQUIRED: LAKE/gold/states/config.json: the file has no sql, and its folder does not '
      + 'contain glue/gold_job.py. Set sql to the file with the query, for example "sql": "query.sql", or add a custom '
      + 'script.',
  ],
  [
    'a query that does not exist',
    { 'gold/states/config.json': { ...STATES, sql: 'state.sql' } },
    'FILE_NOT_FOUND: LAKE/gold/states/config.json:7:9: /sql is "state.sql", which does not exist. '
      + 'Did you mean "states.sql"? Query files in the folder: states.sql.',
  ],
  [
    'a query in another folder',
    { 'gold/states/config.json': { ...STATES, sql: '../secret.sql' } },
    'VALUE_INVALID: LAKE/gold/states/config.json:7:9: /sql is "../secret.sql". Expected: silver, gold: name of the '
      + 'file',
  ],
  [
    'a folder instead of a query',
    { 'gold/states/config.json': { ...STATES, sql: 'folder.sql' }, 'gold/states/folder.sql/x': '' },
    'FILE_NOT_FOUND: LAKE/gold/states/config.json:7:9: /sql is "folder.sql", which does not exist. '
      + 'Query files in the folder: states.sql.',
  ],
  [
    'a CDK token',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, source_url: 'ftp://${Token[TOKEN.5]}' } },
    'TOKEN_NOT_ALLOWED: LAKE/bronze/zipcodes/config.json: the file contains ${Token[…]}, which CDK would '
      + 'interpret as a token.',
  ],
  [
    'an empty query',
    { 'gold/states/states.sql': ' \n' },
    'FILE_EMPTY: LAKE/gold/states/config.json:7:9: /sql is "states.sql", a file that is empty.',
  ],
  [
    'a gold script in a bronze dataset',
    { 'bronze/zipcodes/glue/gold_job.py': '' },
    'SCRIPT_LAYER_MISMATCH: LAKE/bronze/zipcodes/config.json: the file defines a bronze dataset, but '
      + 'its folder contains glue/gold_job.py. Rename the script to bronze_job.py, or remove it.',
  ],
  [
    'a gold script in a silver dataset',
    {
      'gold/states/config.json': { ...STATES, layer: 'silver' },
      'gold/states/glue/silver_job.py': 'print(1)',
      'gold/states/glue/gold_job.py': 'print(1)',
    },
    'SCRIPT_LAYER_MISMATCH: LAKE/gold/states/config.json: the file defines a silver dataset, but '
      + 'its folder contains glue/gold_job.py. Rename the script to silver_job.py, or remove it. Or set "layer" to '
      + '"gold".',
  ],
  [
    'an empty script',
    { 'bronze/zipcodes/glue/bronze_job.py': '\n' },
    'FILE_EMPTY: LAKE/bronze/zipcodes/config.json: the file has the custom script '
      + 'glue/bronze_job.py, which is empty. Add a script. For an example, see docs/sources/custom-scripts.md.',
  ],
  [
    'invalid JSON',
    { 'bronze/zipcodes/config.json': '{"dataset": "zipcodes"' },
    'JSON_INVALID: LAKE/bronze/zipcodes/config.json:1:23: the file is not valid JSON: close brace expected.',
  ],
  [
    'a URL with a password',
    { 'bronze/zipcodes/config.json': { ...ZIPCODES, source_url: 'https://me:secret@example.org/x' } },
    'URL_INVALID: LAKE/bronze/zipcodes/config.json:4:16: /source_url is "https://***@example.org/x".',
  ],
])('%s is an error with its code, file, line, JSON pointer and what to do', (_, files, message) => {
  const [head, line, ...more] = failure({ ...LAKE, ...files });
  expect([head, more]).toEqual(['1 problem in 1 file:', []]);
  expect(line.trim().slice(0, message.length)).toBe(message);
});

test('a query that is not encoded in UTF-8 is an error', () => {
  write(LAKE);
  writeFileSync(path.join(folder, 'gold/states/states.sql'), Buffer.from('SELECT \'caf\u00e9\' AS c', 'latin1'));
  expect(failure({})[1]).toContain(
    'FILE_UNREADABLE: LAKE/gold/states/config.json:7:9: /sql is "states.sql", a file that is not in UTF-8. '
      + 'Save '
      + 'the file in UTF-8.',
  );
});

test('the error for a stack name that is too long names the file', () => {
  const files = {
    'config.json': { etl_resource_prefix: 'p'.repeat(49) },
    'x/config.json': { ...ZIPCODES, dataset: 'd'.repeat(80) },
  };
  expect(failure(files)[1]).toContain(
    `NAME_TOO_LONG: LAKE/x/config.json:2:13: /dataset: the name of the stack "${'p'.repeat(49)}-bronze-`
      + `${'d'.repeat(80)}" has 137 characters; the maximum is 128. Use a shorter prefix or dataset name.`,
  );
});

test('all problems in all files are reported in one error', () => {
  expect(
    failure({
      ...LAKE,
      'bronze/zipcodes/config.json': {
        ...ZIPCODES,
        data_size_category: 'tiny',
        auth: { type: 'bearer' },
        lookback_days: -1,
      },
      'gold/states/states.sql': '',
      'gold/other/config.json': '{',
    }).map(line =>
      line
        .trim()
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .replace(/:\d+:\d+/, ''),
    ),
  ).toEqual([
    '5 problems',
    'VALUE_INVALID: LAKE/bronze/zipcodes/config.json:',
    'VALUE_INVALID: LAKE/bronze/zipcodes/config.json:',
    'SETTING_REQUIRED: LAKE/bronze/zipcodes/config.json:',
    'JSON_INVALID: LAKE/gold/other/config.json:',
    'FILE_EMPTY: LAKE/gold/states/config.json:',
  ]);
});

test('an error of a dataset is reported together with another file that has its name', () => {
  const source_url = Array.from({ length: 150 }, (_, index) => `s3://bucket-${index}/${'f'.repeat(60)}/`);
  expect(failure({
    'config.json': CORE,
    'a/config.json': { ...ZIPCODES, source_url },
    'b/config.json': { ...ZIPCODES, source_url },
  }).slice(1).map(line => line.trim().split(': /')[0])).toEqual([
    'NAME_TAKEN: LAKE/b/config.json:2:13', 'ROLE_POLICY_TOO_LARGE: LAKE/a/config.json:2:13',
  ]);
});

test('a cycle of two datasets is reported for both', () => {
  const lines = failure({
    ...LAKE,
    'gold/states/config.json': { ...STATES, source_datasets: ['gold/b'] },
    'gold/b/config.json': { ...STATES, dataset: 'b', source_datasets: ['bronze/zipcodes', 'gold/states'] },
    'gold/b/states.sql': QUERY,
  });
  expect(lines).toEqual([
    '2 problems in 2 files:',
    expect.stringContaining('/source_datasets/1 forms a cycle: gold/b ← gold/states ← gold/b.'),
    expect.stringContaining('/source_datasets/0 forms a cycle: gold/states ← gold/b ← gold/states.'),
  ]);
});

test.each<[string, Files, string]>([
  ['nothing', {}, 'DATASETS_REQUIRED: LAKE: the folder contains no dataset. Add LAKE/<dataset>/config.json.'],
  ['a core alone', { 'config.json': CORE }, 'DATASETS_REQUIRED: LAKE: the folder contains no dataset.'],
  [
    'no core',
    { 'x/config.json': ZIPCODES },
    'FILE_NOT_FOUND: LAKE/config.json: the file does not exist. Create it, for example with '
      + '{ "etl_resource_prefix": "pp-dw" }, or set core.',
  ],
])('the error for a folder with %s says what to create', (_, files, message) => {
  expect(failure(files)).toContainEqual(expect.stringContaining(message));
});

test('links to folders and files of datasets are followed', () => {
  const shared = mkdtempSync(path.join(tmpdir(), 'shared-'));
  try {
    write(LAKE);
    mkdirSync(path.join(shared, 'counties'));
    writeFileSync(path.join(shared, 'counties/config.json'), JSON.stringify({ ...ZIPCODES, dataset: 'counties' }));
    writeFileSync(path.join(shared, 'cities.json'), JSON.stringify({ ...ZIPCODES, dataset: 'cities' }));
    symlinkSync(path.join(shared, 'counties'), path.join(folder, 'bronze/counties'));
    mkdirSync(path.join(folder, 'bronze/cities'));
    symlinkSync(path.join(shared, 'cities.json'), path.join(folder, 'bronze/cities/config.json'));
    const { directory } = lake({});
    expect(Object.keys(directory.datasets)).toEqual([
      'bronze/cities', 'bronze/counties', 'bronze/zipcodes', 'gold/states',
    ]);
  } finally {
    rmSync(shared, { recursive: true });
  }
});

test('a link to a folder that contains it is followed once', () => {
  write(LAKE);
  symlinkSync('..', path.join(folder, 'bronze/parent'));
  symlinkSync('.', path.join(folder, 'bronze/zipcodes/self'));
  expect(Object.keys(lake({}).directory.datasets)).toEqual(['bronze/zipcodes', 'gold/states']);
});

test('the deployed content of linked scripts and queries is that of their targets', () => {
  const { 'gold/states/states.sql': _query, ...others } = LAKE;
  write({ ...others, '.shared/q.sql': QUERY, '.shared/gold_job.py': 'print("mine")\n' });
  symlinkSync('../../.shared/q.sql', path.join(folder, 'gold/states/states.sql'));
  symlinkSync('../../.shared', path.join(folder, 'gold/states/glue'));
  const { directory } = lake({});
  const files = deployedFiles(Stack.of(directory.datasets['gold/states']));
  expect(String(files.get('states/glue/gold.sql'))).toBe(QUERY);
  expect(String(files.get('states/glue/gold_job.py'))).toBe('print("mine")\n');

  const stack = new Stack(new App(), 'Lake');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  const gold = (dataset: string, transform: Transform) => new GoldDataset(stack, dataset, {
    core,
    dataset,
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [],
    transform,
  });
  gold('by-query', Transform.sqlFile(path.join(folder, 'gold/states/states.sql')));
  gold('by-script', Transform.script(path.join(folder, 'gold/states/glue/gold_job.py')));
  expect(String(deployedFiles(stack).get('by-query/glue/gold.sql'))).toBe(QUERY);
  expect(String(deployedFiles(stack).get('by-script/glue/gold_job.py'))).toBe('print("mine")\n');
});

test('a folder of datasets can itself be a link', () => {
  write({ 'real/config.json': CORE, 'real/zipcodes/config.json': ZIPCODES });
  symlinkSync('real', path.join(folder, 'linked'));
  const directory = new DatasetDirectory(new App(), 'Lake', { path: path.join(folder, 'linked') });
  expect(Object.keys(directory.datasets)).toEqual(['bronze/zipcodes']);
});

test.each([
  ['folder', 'bronze/counties'],
  ['config file', 'bronze/zipcodes/other/config.json'],
  ['core config file', 'config.json'],
  ['script', 'bronze/zipcodes/glue/bronze_job.py'],
  ['query', 'gold/states/other.sql'],
])('a broken link to a %s is an error, because a dataset would be deleted or changed', (_, link) => {
  write(LAKE);
  mkdirSync(path.dirname(path.join(folder, link)), { recursive: true });
  rmSync(path.join(folder, link), { force: true });
  symlinkSync('no/such', path.join(folder, link));
  expect(failure({})).toContainEqual(expect.stringContaining(
    `FILE_NOT_FOUND: LAKE/${link}: the file is a broken symbolic link to "no/such". `
      + 'Correct the link, or remove it.',
  ));
});

test('a link that refers to itself is an error', () => {
  write(LAKE);
  symlinkSync('loop', path.join(folder, 'bronze/loop'));
  expect(failure({})[1]).toContain('FILE_NOT_FOUND: LAKE/bronze/loop: the file is a broken symbolic link to "loop"');
});

test('a folder that does not exist is an error', () => {
  expect(() => new DatasetDirectory(new App(), 'Lake', { path: 'no/such' })).toThrow(
    'FILE_NOT_FOUND: Lake: path is "no/such", which is not a folder.',
  );
});

test('an unknown key is a warning of its stack, and is not deployed', () => {
  const { app, directory } = lake({ ...LAKE, 'bronze/zipcodes/config.json': { ...ZIPCODES, our_team: 'data' } });
  const stack = app.synth().getStackByName('pp-dw-bronze-zipcodes');
  expect(stack.messages.map(({ entry }) => entry.data)).toEqual([
    expect.stringContaining(
      'zipcodes/config.json:5:14: /our_team is an unknown key and is ignored. The closest known ',
    ),
  ]);
  expect(JSON.parse(directory.datasets['bronze/zipcodes'].document)).toEqual(ZIPCODES);
});

test('a description that is longer than a stack allows is shortened for the stack and complete on the job', () => {
  const description = 'ü'.repeat(600);
  const { app } = lake({ ...LAKE, 'bronze/zipcodes/config.json': { ...ZIPCODES, description } });
  const { template } = app.synth().getStackByName('pp-dw-bronze-zipcodes');
  expect(template.Description).toBe(`${'ü'.repeat(510)}…`);
  const [job] = Object.values(template.Resources as { [id: string]: { Type: string; Properties: object } })
    .filter(({ Type }) => Type === 'AWS::Glue::Job');
  expect(job.Properties).toMatchObject({ Description: description });
});

test('one query is deployed with the databases of its lake, and a misspelled placeholder is an error', () => {
  const files = {
    ...LAKE,
    'config.json': { etl_resource_prefix: 'dev' },
    'gold/states/states.sql': 'SELECT state FROM ${bronze_database}.zipcodes',
  };
  const { directory } = lake(files);
  expect(String(deployedFiles(Stack.of(directory.datasets['gold/states'])).get('states/glue/gold.sql')))
    .toBe('SELECT state FROM dev_bronze.zipcodes');
  expect(failure({ ...files, 'gold/states/states.sql': 'SELECT state FROM ${bronze}.zipcodes' })).toEqual([
    '1 problem in 1 file:',
    '  PLACEHOLDER_INVALID: LAKE/gold/states/config.json:7:9: /sql is "states.sql", a file that contains ${bronze}. '
      + 'Did you mean "bronze_database"? The databases of the lake are ${bronze_database}, ${silver_database}, '
      + '${gold_database}.',
  ]);
});
