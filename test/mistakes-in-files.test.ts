import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from '../src';
import { ERROR_CODES, ErrorCode } from '../src/private/errors/error-code';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'mistakes-')); });
afterEach(() => rmSync(folder, { recursive: true }));

/** Files, keyed by path. Objects are written as JSON. A number is the size of a file in bytes. */
type Files = { [file: string]: object | string | Buffer | number };

const CORE = { etl_resource_prefix: 'pp-dw' };
const BRONZE = { data_size_category: 'small', source_url: 'https://example.org/zipcodes.zip' };
const API = { data_size_category: 'small' };
const GOLD = { data_size_category: 'small', source_datasets: ['bronze/zipcodes'], sql: 'query.sql' };
const ZIPCODES = { ...BRONZE, dataset: 'zipcodes' };
const QUERY = 'SELECT * FROM ${bronze_database}.zipcodes';
const url = 'https://api.example.org/items';

/** A bronze dataset with one mistake. */
const bronze = (name: string, mistake: object, base: object = BRONZE): Files =>
  ({ [`${name}/config.json`]: { ...base, dataset: name, ...mistake } });

/** An API with one mistake. */
const api = (name: string, mistake: object): Files => bronze(name, mistake, API);

/** An endpoint that is called for each record of another one. */
const itemsOf = (endpoint: string) => ({ url: `${url}/{value}`, for_each: { endpoint, field: 'id' } });

/** A gold dataset with one mistake. */
const gold = (name: string, mistake: object, query: string | undefined = QUERY): Files => ({
  [`${name}/config.json`]: { ...GOLD, dataset: name, ...mistake },
  ...query === undefined ? {} : { [`${name}/query.sql`]: query },
});

/** A pipeline with one mistake. */
const pipeline = (name: string, mistake: object): Files =>
  ({ [`pipelines/${name}.json`]: { pipeline: name, datasets: ['bronze/zipcodes'], ...mistake } });

/** A mistake: its files, and the start of its line in the error, after the folder. */
type Mistake = readonly [files: Files, line: string];

/** One mistake for each code that files can cause. All of them are in one lake. */
const MISTAKES: { readonly [code in ErrorCode]?: Mistake } = {
  PREFIX_INVALID: [
    {
      'config.json': {
        ...CORE, database_prefix: 'pp_silver', glue_defaults: { default_arguments: { '--TempDir': 'x' } },
      },
    },
    '/config.json:3:21: /database_prefix is "pp_silver", which contains a layer name',
  ],
  ARGUMENT_RESERVED: [{}, '/config.json:5:24: /glue_defaults/default_arguments contains --TempDir'],
  DATASET_NAME_INVALID: [bronze('names', { dataset: 'FDA_NDC' }), '/names/config.json:4:13: /dataset is "FDA_NDC"'],
  NAME_TOO_LONG: [
    bronze('n'.repeat(60), { schedule: { expression: 'rate(1 day)' } }),
    `/${'n'.repeat(60)}/config.json:4:13: /dataset: the name of the schedule "pp-dw-bronze-nnn`,
  ],
  NAME_TAKEN: [
    { ...bronze('taken-a', { dataset: 'taken' }), ...bronze('taken-b', { dataset: 'taken' }) },
    '/taken-b/config.json:4:13: /dataset is "taken", which LAKE/taken-a/config.json also uses',
  ],
  TABLE_NAME_RESERVED: [
    bronze('tables', { file_table_mapping: { 'a.csv': 'tables', 'b.csv': 'b' } }),
    '/tables/config.json:5:24: /file_table_mapping has several tables',
  ],
  COLUMN_NAME_TAKEN: [
    bronze('columns', { column_mappings: { A: 'a', B: 'a' } }),
    '/columns/config.json:7:8: /column_mappings/B is "a"',
  ],
  COLUMN_NAME_RESERVED: [
    gold('history', { history: { business_key: ['meta_run_id'] } }),
    '/history/config.json:9:19: /history/business_key contains the metadata column meta_run_id',
  ],
  UNKNOWN_KEY: [
    bronze('keys', { column_schema: { keys: { A: { type: 'date', fromat: 'yyyyMMdd' } } } }),
    '/keys/config.json:9:15: /column_schema/keys/A/fromat is not a known key. Did you mean "format"?',
  ],
  DUPLICATE_KEY: [
    {
      'twice/config.json': '{"dataset": "twice", "data_size_category": "small", "source_url": "https://a.b/c",\n'
        + '"source_url": "https://a.b/d"}',
    },
    '/twice/config.json:2:1: /source_url is set twice',
  ],
  SETTING_REQUIRED: [
    bronze('required', { data_size_category: undefined }),
    '/required/config.json: the file has no data_size_category',
  ],
  SETTING_NOT_APPLICABLE: [
    bronze('not-applicable', { history: { business_key: 'a' } }),
    '/not-applicable/config.json:5:13: /history is set, but the dataset is bronze',
  ],
  SETTINGS_CONFLICT: [
    bronze('conflict', { source_url: 'https://api.example.org', api_endpoints: { items: url } }),
    '/conflict/config.json:3:16: /source_url is set, and api_endpoints is also set: a dataset loads either files or an '
      + 'API. Remove source_url: the job loads api_endpoints, and source_url is the base URL of an endpoint.',
  ],
  VALUE_INVALID: [
    bronze('value', { data_size_category: 'tiny' }),
    '/value/config.json:2:24: /data_size_category is "tiny"',
  ],
  DUPLICATE_VALUE: [bronze('list', { business_key: ['a', 'a'] }), '/list/config.json:5:18: /business_key is ["a","a"]'],
  TOKEN_NOT_ALLOWED: [
    bronze('token', { source_url: 'https://example.org/${Token[TOKEN.5]}' }),
    '/token/config.json: the file contains ${Token[…]}',
  ],
  FILE_NOT_FOUND: [
    bronze('no-file', { source_url: 'no-such.csv' }),
    '/no-file/config.json:3:16: /source_url is "no-such.csv", a file that does not exist',
  ],
  FILE_UNREADABLE: [
    { 'unreadable/config.json': Buffer.from([0x7b, 0xff, 0xfe]) },
    '/unreadable/config.json: the file cannot be read',
  ],
  FILE_EMPTY: [gold('empty', {}, ' \n'), '/empty/config.json:6:9: /sql is "query.sql", a file that is empty'],
  FILE_TOO_LARGE: [
    { ...bronze('large', { source_url: 'large.csv' }), 'large/large.csv': 200_000_001 },
    '/large/config.json:3:16: /source_url has 201 MB of files',
  ],
  FILE_OUTSIDE_APP: [
    bronze('outside', { source_url: '../../secret.csv' }),
    '/outside/config.json:3:16: /source_url is "../../secret.csv", which is outside of the app',
  ],
  JSON_INVALID: [
    { 'syntax/config.json': JSON.stringify({ ...ZIPCODES, dataset: 'syntax' }).replace('}', ',}') },
    '/syntax/config.json:1:97: the file is not valid JSON: a comma after the last value',
  ],
  SCRIPT_LAYER_MISMATCH: [
    { ...bronze('script', {}), 'script/glue/gold_job.py': 'print(1)' },
    '/script/config.json: the file defines a bronze dataset, but its folder contains glue/gold_job.py',
  ],
  DATASETS_REQUIRED: [pipeline('no-datasets', { datasets: [] }), '/pipelines/no-datasets.json:3:14: /datasets is []'],
  SOURCE_REQUIRED: [
    bronze('no-source', { source_url: undefined }),
    '/no-source/config.json: the file has neither source_url nor api_endpoints',
  ],
  URL_INVALID: [bronze('ftp', { source_url: 'ftp://example.org/a' }), '/ftp/config.json:3:16: /source_url is "ftp:'],
  PLACEHOLDER_INVALID: [
    bronze('placeholder', { source_url: 'https://example.org/{month}.zip' }),
    '/placeholder/config.json:3:16: /source_url is "https://example.org/{month}.zip", and {month} is not a date',
  ],
  PLACEHOLDER_REQUIRED: [
    bronze('lookback', { lookback_days: 3 }),
    '/lookback/config.json:5:19: /lookback_days is 3, but source_url has no date placeholder',
  ],
  SECRET_IN_CONFIG: [
    bronze('secret', { headers: { Authorization: 'Bearer abc' } }),
    '/secret/config.json:6:20: /headers/Authorization is set',
  ],
  HEADER_RESERVED: [bronze('header', { headers: { Host: 'a' } }), '/header/config.json:6:11: /headers/Host is set'],
  SECRET_ARN_INVALID: [
    bronze('arn', { auth: { type: 'bearer', secret: 'arn:aws:s3:::bucket' } }),
    '/arn/config.json:7:13: /auth/secret is "arn:aws:s3:::bucket"',
  ],
  ENCRYPTION_KEY_INVALID: [
    bronze('kms', { auth: { type: 'bearer', secret: 'a', encryption_key: 'arn:aws:kms:eu-central-1:1:key/1' } }),
    '/kms/config.json:8:21: /auth/encryption_key is "arn:aws:kms:eu-central-1:1:key/1"',
  ],
  UNKNOWN_ENDPOINT: [
    api('endpoint', { api_endpoints: { items: itemsOf('groups') } }),
    '/endpoint/config.json:8:17: /api_endpoints/items/for_each/endpoint is "groups"',
  ],
  ENDPOINTS_CYCLE: [
    api('endpoints', { api_endpoints: { items: itemsOf('items') } }),
    '/endpoints/config.json:8:17: /api_endpoints/items/for_each/endpoint forms a cycle',
  ],
  FORMAT_INVALID: [bronze('format', { date_format: 'yyyy' }), '/format/config.json:5:17: /date_format is "yyyy"'],
  CHARACTERS_CONFLICT: [
    bronze('characters', { delimiter: '|', file_format: { quote: '|' } }),
    '/characters/config.json:7:12: /file_format/quote is "|"',
  ],
  DATA_TYPE_INVALID: [
    bronze('types', { column_schema: { types: { A: { type: 'varchar' } } } }),
    '/types/config.json:8:13: /column_schema/types/A/type is "varchar"',
  ],
  SCHEDULE_INVALID: [
    bronze('cron', { schedule: { expression: 'cron(61 6 * * ? *)' } }),
    '/cron/config.json:6:17: /schedule/expression is "cron(61 6 * * ? *)"',
  ],
  TIMEZONE_INVALID: [
    bronze('zone', { schedule: { expression: 'rate(1 day)', timezone: 'Mars/Phobos' } }),
    '/zone/config.json:7:15: /schedule/timezone is "Mars/Phobos"',
  ],
  TRANSFORM_REQUIRED: [gold('no-query', { sql: undefined }), '/no-query/config.json: the file has no sql'],
  TABLE_REQUIRED: [
    api('no-table', { api_endpoints: { items: { url, table: false } } }),
    '/no-table/config.json:4:19: /api_endpoints has no endpoint with a table',
  ],
  UNKNOWN_TABLE: [
    bronze('no-such-table', { business_keys: { items: 'id' } }),
    '/no-such-table/config.json:5:19: /business_keys contains the table "items"',
  ],
  UNKNOWN_INPUT: [
    gold('input', { source_datasets: ['zipcode'] }, 'SELECT 1 AS a'),
    '/input/config.json:4:3: /source_datasets/0 is "zipcode", which is not a dataset in this directory. Did you mean '
      + '"bronze/zipcodes"?',
  ],
  UNKNOWN_DATASET: [
    pipeline('unknown', { datasets: ['bronze/zipcode'] }),
    '/pipelines/unknown.json:4:3: /datasets/0 is "bronze/zipcode", which is not a dataset in this directory. Did you '
      + 'mean "bronze/zipcodes"?',
  ],
  QUERY_TABLE_NOT_AN_INPUT: [
    gold('query', {}, 'SELECT * FROM ${bronze_database}.script'),
    '/query/config.json:6:9: /sql: the query of dataset "query" reads the table pp_dw_bronze.script (line 1',
  ],
  INPUTS_CYCLE: [
    gold('cycle', { source_datasets: ['gold/cycle'] }, 'SELECT 1 AS a'),
    '/cycle/config.json:4:3: /source_datasets/0 forms a cycle: gold/cycle ← gold/cycle',
  ],
  ROLE_POLICY_TOO_LARGE: [
    bronze('policy', {
      source_url: Array.from({ length: 150 }, (_, index) => `s3://bucket-${index}/${'f'.repeat(60)}/`),
    }),
    '/policy/config.json:155:13: /dataset: the policies of the role',
  ],
  JOB_ARGUMENTS_TOO_LARGE: [
    api('arguments', {
      api_endpoints: Object.fromEntries(Array.from({ length: 800 }, (_, index) => [`${'e'.repeat(70)}${index}`, url])),
    }),
    '/arguments/config.json:3:13: /dataset: the names of 800 tables require',
  ],
};

/** One mistake in the file of a pipeline for each code that it shares with the files of datasets. */
const PIPELINE_MISTAKES: { readonly [code in ErrorCode]?: Mistake } = {
  NAME_TAKEN: [
    { ...pipeline('same-a', { pipeline: 'same' }), ...pipeline('same-b', { pipeline: 'same' }) },
    '/pipelines/same-b.json:2:14: /pipeline is "same", which LAKE/pipelines/same-a.json also uses',
  ],
  UNKNOWN_KEY: [
    pipeline('key', { max_concurrent_job: 3 }),
    '/pipelines/key.json:6:24: /max_concurrent_job is not a known key. Did you mean "max_concurrent_jobs"?',
  ],
  DUPLICATE_KEY: [
    { 'pipelines/twice.json': '{"pipeline": "twice", "datasets": ["bronze/zipcodes"],\n"pipeline": "twice"}' },
    '/pipelines/twice.json:2:1: /pipeline is set twice',
  ],
  SETTING_REQUIRED: [
    pipeline('no-name', { pipeline: undefined }),
    '/pipelines/no-name.json: the file has no pipeline. Set pipeline, for example to the name of the file: "pipeline": '
      + '"no-name".',
  ],
  VALUE_INVALID: [
    pipeline('value', { max_concurrent_jobs: 101 }),
    '/pipelines/value.json:6:25: /max_concurrent_jobs is 101',
  ],
  DUPLICATE_VALUE: [
    pipeline('list', { datasets: ['bronze/zipcodes', 'bronze/zipcodes'] }),
    '/pipelines/list.json:3:14: /datasets is ["bronze/zipcodes","bronze/zipcodes"], which contains a duplicate',
  ],
  TOKEN_NOT_ALLOWED: [
    pipeline('token', { description: '${Token[TOKEN.5]}' }),
    '/pipelines/token.json: the file contains ${Token[…]}',
  ],
  FILE_UNREADABLE: [
    { 'pipelines/unreadable.json': Buffer.from([0x7b, 0xff, 0xfe]) },
    '/pipelines/unreadable.json: the file cannot be read',
  ],
  JSON_INVALID: [{ 'pipelines/syntax.json': '["daily"]' }, '/pipelines/syntax.json: the file is not a JSON object'],
  SCHEDULE_INVALID: [
    pipeline('cron', { schedule: { expression: 'cron(0 6 * * *)' } }),
    '/pipelines/cron.json:7:17: /schedule/expression is "cron(0 6 * * *)". Write "cron(0 6 * * ? *)".',
  ],
  TIMEZONE_INVALID: [
    pipeline('zone', { schedule: { expression: 'rate(1 day)', timezone: 'Mars/Phobos' } }),
    '/pipelines/zone.json:8:15: /schedule/timezone is "Mars/Phobos"',
  ],
};

const ALL_MISTAKES = [...Object.entries(MISTAKES), ...Object.entries(PIPELINE_MISTAKES)];

/** The codes that files cannot cause in this lake, with the reason. */
const OTHERS: { readonly [code in ErrorCode]?: string } = {
  BUCKET_NAME_INVALID: 'existingBucketName has no key',
  PROP_TYPE_INVALID: 'a prop has the wrong type',
  LAKE_MISMATCH: 'an input is a construct of another lake',
  ENVIRONMENT_MISMATCH: 'env is a prop',
  DATASET_AFTER_SYNTH: 'a dashboard is created in code',
  PIPELINE_TOO_LARGE: 'needs more than 400 datasets',
  FRESHNESS_CHECK_TOO_LARGE: 'needs more than 500 datasets',
  DASHBOARD_TOO_LARGE: 'a dashboard is created in code',
  STACK_TOO_LARGE: 'each file has a stack of its own',
};

function write(files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === 'number' ? '' : typeof content === 'string' || Buffer.isBuffer(content)
      ? content
      : JSON.stringify(content, undefined, 1));
    if (typeof content === 'number') {
      truncateSync(target, content);
    }
  }
}

/** The lines of the error, with LAKE instead of the path of the folder. */
function failure(files: Files): string[] {
  write(files);
  try {
    new DatasetDirectory(new App(), 'Lake', { path: folder });
  } catch (error) {
    const lake = path.relative(process.cwd(), folder);
    return (error as Error).message.replaceAll(lake, 'LAKE').split('\n').map(line => line.trim());
  }
  throw new Error('no error was thrown');
}

test('every error code has a mistake in a file, or a reason why files cannot cause it', () => {
  expect([...Object.keys(MISTAKES), ...Object.keys(OTHERS)].sort()).toEqual([...ERROR_CODES].sort());
});

test('all mistakes of a lake are reported in one error, each with its code, file, position and JSON pointer', () => {
  const [head, ...lines] = failure({
    'config.json': CORE,
    ...bronze('zipcodes', {}),
    ...Object.assign({}, ...ALL_MISTAKES.map(([, [files]]) => files)),
  });
  const expected = ALL_MISTAKES.map(([code, [, line]]) => `${code}: LAKE${line}`);
  expect(expected.filter(start => !lines.some(line => line.startsWith(start)))).toEqual([]);
  const unexpected = lines.filter(line => !expected.some(start => line.startsWith(start)));
  expect(unexpected).toEqual([]);
  expect(head).toMatch(new RegExp(`^${expected.length} problems in \\d+ files:$`));
});

test('a mistake in a file does not hide its other mistakes', () => {
  const lines = failure({
    'config.json': { glue_defaults: { version: '4.0', default_arguments: { '--TempDir': 'x' } } },
    'zipcodes/config.json': ZIPCODES,
    'states/config.json': '{"dataset": "states", // a comment\n "data_size_category": "tiny",\n'
      + '"shedule": {"expression": "cron(61 6 * * ? *)"},\n'
      + '"source_datasets": ["zipcode", "bronze/zipcodes"], "sql": "query.sql", "source_url": "ftp://a",\n'
      + '"outputs": ["a", "b"], "history": {"business_key": "meta_a"}, "business_keys": {"c": "x"},\n'
      + '"data_quality": {"max_shrink": 2, "max_rescued_share": 0.1},}',
    'states/query.sql': 'SELECT * FROM ${bronze_databse}.zipcodes',
  });
  expect(lines.slice(1).map(line => line.replace(/^(\w+): \S+ (\S+) .*$/, '$1 $2')).sort()).toEqual([
    'ARGUMENT_RESERVED /glue_defaults/default_arguments',
    'COLUMN_NAME_RESERVED /history/business_key',
    'JSON_INVALID the',
    'JSON_INVALID the',
    'PLACEHOLDER_INVALID /sql',
    'SCHEDULE_INVALID /shedule/expression',
    'SETTINGS_CONFLICT /business_keys',
    'SETTINGS_CONFLICT /history',
    'SETTING_NOT_APPLICABLE /data_quality/max_rescued_share',
    'SETTING_NOT_APPLICABLE /source_url',
    'SETTING_REQUIRED the',
    'UNKNOWN_INPUT /source_datasets/0',
    'UNKNOWN_KEY /shedule',
    'UNKNOWN_TABLE /business_keys',
    'URL_INVALID /source_url',
    'VALUE_INVALID /data_quality/max_shrink',
    'VALUE_INVALID /data_size_category',
    'VALUE_INVALID /glue_defaults/version',
  ]);
});
