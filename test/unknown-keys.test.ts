import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import {
  Auth,
  BronzeDataset,
  BronzeDatasetProps,
  DatasetDirectory,
  DataSizeCategory,
  EtlCore,
  EtlDashboard,
  FileFormat,
  GoldDataset,
  Pagination,
  Schedule,
  SharedGlueRole,
  Source,
  Transform,
} from '../src';

/** Props that the TypeScript compiler would reject, as in JavaScript, Python dicts and files. */
type Untyped = { [prop: string]: unknown };

function bronze(props: Untyped, core: Untyped = {}): { stack: Stack; dataset: BronzeDataset } {
  const stack = new Stack(new App(), 'Lake');
  const dataset = new BronzeDataset(stack, 'Zip', {
    core: new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', ...core }),
    dataset: 'zip',
    dataSizeCategory: DataSizeCategory.SMALL,
    source: Source.url('https://example.org/zip.csv'),
    ...props,
  } as BronzeDatasetProps);
  return { stack, dataset };
}

function gold(props: Untyped): void {
  const { dataset } = bronze({});
  new GoldDataset(dataset, 'Gold', {
    core: dataset.core,
    dataset: 'by-state',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [dataset],
    transform: Transform.sql('SELECT 1 AS a'),
    ...props,
  });
}

const any = (value: unknown): any => value;
const api = (endpoint: unknown, props: Untyped = {}) =>
  bronze({ source: Source.api({ zip: any(endpoint) }), ...props });
const url = 'https://example.org/zip';

/** Misspelled keys at any depth, and values of the wrong type. */
const REJECTED: [what: string, create: () => unknown, error: string][] = [
  ['a prop', () => bronze({ bussinessKey: ['zip'] }), 'bussinessKey is not a known prop. Did you mean "businessKey"?'],
  ['a prop of gold', () => gold({ outputz: ['a'] }), 'outputz is not a known prop. Did you mean "outputs"?'],
  [
    'a prop of the core',
    () => bronze({}, { encripted: true }),
    'encripted is not a known prop. Did you mean "encrypted"?',
  ],
  [
    'a key of dataQuality',
    () => bronze({ dataQuality: { maxShrnk: 0.5 } }),
    'UNKNOWN_KEY: Lake/Zip: data_quality of dataset "zip" has the unknown key "maxShrnk". Did you mean "maxShrink"? '
      + 'Known keys: requiredColumns, ',
  ],
  [
    'a key of dataQuality in snake_case',
    () => bronze({ dataQuality: { max_shrnk: 0.5 } }),
    'data_quality of dataset "zip" has the unknown key "max_shrnk". Did you mean "max_shrink"? Known keys: ',
  ],
  [
    'a key of a column',
    () => bronze({ columnSchema: { zip: { X: { type: 'date', fromat: 'yyyy' } } } }),
    'column_schema.zip.X of dataset "zip" has the unknown key "fromat". Did you mean "format"? Known keys: ',
  ],
  [
    'a key of a column in another case',
    () => bronze({ columnSchema: { zip: { X: { targetname: 'x' } } } }),
    'column_schema.zip.X of dataset "zip" has the unknown key "targetname". Did you mean "target_name"?',
  ],
  [
    'a key of a column that is set twice',
    () => bronze({ columnSchema: { zip: { X: { targetName: 'x', target_name: 'y' } } } }),
    'DUPLICATE_KEY: Lake/Zip: column_schema.zip.X of dataset "zip" has both targetName and target_name. Remove one',
  ],
  [
    'a column that is text',
    () => bronze({ columnSchema: { zip: { X: 'date' } } }),
    'column_schema.zip.X of dataset "zip" is "date"',
  ],
  [
    'columns that are a list',
    () => bronze({ columnSchema: { zip: ['X'] } }),
    'column_schema.zip of dataset "zip" is ["X"]',
  ],
  ['a columnSchema that is text', () => bronze({ columnSchema: 'X' }), 'column_schema of dataset "zip" is "X"'],
  ['a dataQuality that is a list', () => bronze({ dataQuality: ['a'] }), 'data_quality of dataset "zip" is ["a"]'],
  ['a dataQuality that is null', () => bronze({ dataQuality: null }), 'data_quality of dataset "zip" is null'],
  [
    'a number as text',
    () => bronze({ dataQuality: { maxShrink: '0.5' } }),
    'data_quality.max_shrink of dataset "zip" is "0.5"',
  ],
  [
    'a key of a rate limit',
    () => bronze({ rateLimit: { requests: 1, secs: 2 } }),
    'rate_limit of dataset "zip" has the unknown key "secs"',
  ],
  ['a key of history', () => gold({ history: { businessKey: ['a'], excluded: ['b'] } }), 'Did you mean "exclude"?'],
  [
    'a key of an endpoint',
    () => api({ url, rateLimits: { requests: 1 } }),
    'has the unknown key "rateLimits". Did you mean "rateLimit"?',
  ],
  [
    'a key of forEach',
    () => api({ url, forEach: { endpoint: 'a', feld: 'b' } }),
    'api_endpoints.zip.for_each of dataset "zip" has',
  ],
  ['a key of an endpoint\'s rate limit', () => api({ url, rateLimit: { request: 1 } }), 'Did you mean "requests"?'],
  [
    'a key of pagination',
    () => api({ url, pagination: Pagination.offset(any({ limt: 5 })) }),
    'api_endpoints.zip.pagination of dataset "zip" has the unknown key "limt". Did you mean "limit"?',
  ],
  [
    'a key of auth',
    () => bronze({ auth: Auth.bearer(any({ secret: 'a', secretKy: 'b' })) }),
    'Did you mean "secretKey"?',
  ],
  [
    'a key of a file format',
    () => bronze({ fileFormat: FileFormat.csv(any({ skipRow: 1 })) }),
    'Did you mean "skipRows"?',
  ],
  [
    'a key of a schedule',
    () => bronze({ schedule: Schedule.cron('0 6 * * ? *', any({ timeZone: 'UTC' })) }),
    'Did you mean "timezone"?',
  ],
  [
    'an option of a source',
    () => bronze({ source: Source.s3('s3://bucket/folder/', any({ file: 'all' })) }),
    'options of source has the unknown key "file". Did you mean "files"?',
  ],
  [
    'a key of glueDefaults',
    () => bronze({}, { glueDefaults: { maxRetrys: 2 } }),
    'glueDefaults has the unknown key "maxRetrys". Did you mean "maxRetries"?',
  ],
  [
    'a key of glueWorkerConfigs',
    () => bronze({}, { glueWorkerConfigs: { small: { numberOfWorker: 3 } } }),
    'glueWorkerConfigs.small has the unknown key "numberOfWorker". Did you mean "numberOfWorkers"?',
  ],
  [
    'a key of retention',
    () => bronze({}, { retention: { stagin: Duration.days(2) } }),
    'retention has the unknown key "stagin". Did you mean "staging"?',
  ],
  [
    'a key of alerts',
    () => bronze({}, { alerts: { email: ['a@example.org'] } }),
    'alerts has the unknown key "email". Did you mean "emails"?',
  ],
  [
    'a timeout that is a number',
    () => bronze({}, { glueDefaults: { timeout: 60 } }),
    'glueDefaults.timeout has the wrong type. Use a Duration',
  ],
  [
    'a retention that is a number',
    () => bronze({}, { retention: { staging: 3 } }),
    'retention.staging has the wrong type. Use a Duration',
  ],
  [
    'a scan limit that is a number',
    () => bronze({}, { queryScanLimit: 5 }),
    'queryScanLimit has the wrong type. Use a Size',
  ],
  [
    'a key that is an ARN',
    () => bronze({}, { encryptionKey: 'arn:aws:kms:a:b:key/c' }),
    'encryptionKey has the wrong type. Use a KMS key',
  ],
  [
    'a topic that is an ARN',
    () => bronze({}, { alerts: { topic: 'arn:aws:sns:a:b:c' } }),
    'alerts.topic has the wrong type. Use an SNS topic',
  ],
  ['the text "false"', () => bronze({}, { encrypted: 'false' }), 'encrypted has the wrong type. Use true or false.'],
  [
    'a role that is an ARN',
    () => bronze({ role: 'arn:aws:iam::1:role/x' }),
    'role has the wrong type. Use an IAM role',
  ],
  [
    'a prop of the shared role',
    () => new SharedGlueRole(new Stack(), 'R', any({ resourcePrefix: 'pp-dw', metric: true })),
    'Did you mean "metrics"?',
  ],
  [
    'a prop of a directory',
    () => new DatasetDirectory(new App(), 'L', any({ path: 'x', otherDataset: [] })),
    'Did you mean "otherDatasets"?',
  ],
  [
    'a prop of a core in another app',
    () => EtlCore.fromPrefixes(new Stack(), 'Core', any({ resourcePrefix: 'pp-dw', databasePrefx: 'x' })),
    'Did you mean "databasePrefix"?',
  ],
  [
    'a prop of a dashboard',
    () => new EtlDashboard(new Stack(), 'D', any({ core: bronze({}).dataset.core, dataset: [] })),
    'Did you mean "datasets"?',
  ],
];

test.each(REJECTED)('%s is rejected by name', (_what, create, error) => {
  expect(create).toThrow(error);
});

test('keys in snake_case, as in a Python dict, are the same as in camelCase', () => {
  const column = { target_name: 'zip_code', type: 'date', format: 'yyyyMMdd' };
  const { dataset } = bronze({
    columnSchema: { zip: { X: column } },
    dataQuality: { max_shrink: 0.5, required_columns: ['zip_code'] },
  });
  expect(JSON.parse(dataset.document)).toMatchObject({
    column_schema: { zip: { X: column } },
    data_quality: { max_shrink: 0.5, required_columns: ['zip_code'] },
  });
  const forEach = { endpoint: 'zip', field: 'id', column: 'zip_id' };
  const prices = { url: `${url}/{value}`, for_each: forEach, rate_limit: { requests: 1 } };
  const source = Source.api({ zip: { url }, prices: any(prices) });
  expect(JSON.parse(bronze({ dataset: 'zips', source }).dataset.document)).toMatchObject({
    api_endpoints: { prices: { for_each: forEach, rate_limit: { requests: 1 } } },
  });
  const { core } = bronze({}, { glueWorkerConfigs: { small: { number_of_workers: 7 } } }).dataset;
  expect(core.glueWorkerConfigs).toEqual({ small: { numberOfWorkers: 7 } });
});

test.each([
  ['a header', () => bronze({ headers: { 'X-Key': '{{resolve:ssm:/lake/key}}' } }), 'headers.X-Key'],
  [
    'one of several URLs',
    () => bronze({ source: Source.urls([`${url}/a`, '{{resolve:ssm:/lake/url}}']) }),
    'source_url[1]',
  ],
  [
    'a parameter',
    () => api({ url, params: { key: '{{resolve:secretsmanager:vendor/api}}' } }),
    'api_endpoints.zip.params.key',
  ],
])('a dynamic reference in %s is rejected, because it would be deployed as it is', (_what, create, key) => {
  expect(create).toThrow(`TOKEN_NOT_ALLOWED: Lake/Zip: ${key} of dataset "zip" contains a dynamic reference`);
});

test('a prop of a subclass is a warning', () => {
  const { stack } = bronze({ ourTeam: 'sales' });
  const message = Match.stringLikeRegexp('"ourTeam" is not a known prop, and is ignored');
  Annotations.fromStack(stack).hasWarning('/Lake/Zip', message);
});

test('the getters of a class that implements an interface are its values', () => {
  class Quality {
    get maxShrink() {
      return 0.25;
    }
  }
  const { document } = bronze({ dataQuality: new Quality() }).dataset;
  expect(JSON.parse(document).data_quality).toEqual({ max_shrink: 0.25 });
});
