import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Auth, DatasetDocument, ForEach, Pagination } from '../../../src/private/document/dataset-document.generated';
import { checkRules, ruleProblems } from '../../../src/private/document/dataset-rules';

/** A minimal document, which each test changes. */
const DOCUMENT: DatasetDocument = { dataset: 'fda-cder', data_size_category: 'small', source_url: 'https://example.org/cder.zip' };
const TABLES = ['products', 'packages'];

function check(document: Partial<DatasetDocument>, tables = TABLES): void {
  checkRules(new Stack(undefined, 'Lake'), { ...DOCUMENT, ...document }, tables);
}

const column = (type?: string, format?: string): Partial<DatasetDocument> => ({
  column_schema: { products: { Cell: { type, format } } },
});

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/api-AbCdEf';
const KEY_ARN = 'arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111';

/** A dataset that loads an API. */
function api(
  endpoints: DatasetDocument['api_endpoints'],
  more: Partial<DatasetDocument> = {},
): Partial<DatasetDocument> {
  return { source_url: undefined, api_endpoints: endpoints, ...more };
}

/** Makes an endpoint be called once per record of `products`. */
const IDS: ForEach = { endpoint: 'products', field: 'id' };

/** The keys of each pagination type. */
const SIZE = { limit: 100, limit_param: 'size', max_pages: 5 };
const PAGINATIONS: { [type in Pagination['type']]: Omit<Pagination, 'type'> } = {
  auto: { max_pages: 5 },
  json_link: { path: 'next', base: 'links.base', max_pages: 5 },
  header_link: { max_pages: 5 },
  header_cursor: { header: 'X-Next', param: 'after', ...SIZE },
  cursor: { path: 'next', param: 'after', url: 'https://example.org/next', body: {}, ...SIZE },
  record_cursor: { path: 'id', param: 'after', inclusive: true, ...SIZE },
  offset: { param: 'start', first: 1, total_records: 'total', ...SIZE },
  page_number: { param: 'p', first: 0, total_pages: 'pages', ...SIZE },
  single: {},
};
const EVERY_PAGE_KEY: Omit<Pagination, 'type'> = Object.assign({}, ...Object.values(PAGINATIONS));

test.each<[string, Partial<DatasetDocument>]>([
  ['a URL without a date placeholder', {}],
  ...['{yyyy}', '{yyyy-MM}', '{yyyyMMdd}', '{yyyy/MM/dd}', '{dd.MM.yyyy}', '{yyyy}/all-{yyyy-MM-dd}'].map(
    (date): [string, Partial<DatasetDocument>] => [
      `the date placeholder ${date}`,
      { source_url: `https://example.org/${date}.csv`, lookback_days: 3 },
    ],
  ),
  [
    'a date placeholder in one of two URLs',
    { source_url: ['https://example.org/a', 'https://example.org/{yyyy}'], lookback_days: 0 },
  ],
  [
    'every key of csv',
    {
      file_format: {
        type: 'csv',
        delimiter: ';',
        header: true,
        column_names: ['id', 'price'],
        encoding: 'cp1252',
        quote: "'",
        escape: '\\',
        null_values: ['NA'],
        quoted_nulls: false,
        comment: '#',
        skip_rows: 1,
        skip_rows_after_header: 1,
        skip_footer: 1,
        date_format: 'yyyyMMdd',
        number_format: '1.234,56',
      },
    },
  ],
  ...['15', '31', 'last day', 'first monday', 'last friday'].map((on): [string, Partial<DatasetDocument>] => [
    `monthly files on ${on}`,
    { source_url: 'https://example.org/{yyyyMMdd}.zip', source_dates: { every: 'month', on } },
  ]),
  [
    'weekly files on a weekday',
    { source_url: 'https://example.org/{yyyyMMdd}.zip', source_dates: { every: 'week', on: 'sunday' } },
  ],
  ['149 workers of type G.2X', { worker_type: 'G.2X', number_of_workers: 149 }],
  ['spare capacity with the minimum timeout', { worker_type: 'G.2X', flex: true, timeout_minutes: 30 }],
  ['no spare capacity', { worker_type: 'R.8X', flex: false, timeout_minutes: 15 }],
  ['299 workers of type G.1X', { worker_type: 'G.1X', number_of_workers: 299 }],
  ['csv without quotes', { delimiter: '|', file_format: { quote: '' } }],
  [
    'names instead of those in the header',
    { file_format: { header: true, column_names: ['a'], skip_rows_after_header: 1 } },
  ],
  ['names per table', { file_format: { column_names: { products: ['a', 'b'], packages: ['c'] } } }],
  [
    'names of one of two tables, and records to skip after the header of the other',
    { file_format: { column_names: { products: ['a'] }, skip_rows_after_header: 1 } },
  ],
  ['names of fixed-width fields', { file_format: { widths: [5, 2], column_names: ['a', 'b'] } }],
  ['widths without a type', { file_format: { widths: [5], comment: ',' } }],
  ['records without a type', { file_format: { records: 'data.items' } }],
  ['keys of csv without a type', { delimiter: '|', file_format: { escape: '\\' } }],
  ...['1234.56', '1,234.56', '1 234,56', '1.234', '$1,234.56', '1.234,56 €', 'USD 1,234'].map(
    (format): [string, Partial<DatasetDocument>] => [`the number format ${format}`, column('decimal(18,2)', format)],
  ),
  ...['MM/dd/yyyy hh:mm:ss a', 'M/d/yyyy h:mma', 'd.M.yyyy H:mm'].map(
    (format): [string, Partial<DatasetDocument>] => [`the timestamp format ${format}`, column('timestamp', format)],
  ),
  ['a decimal whose scale equals its precision', column('decimal(2,2)')],
  ['a date format', column('date', 'd. MMM yy')],
  ['a timestamp format', column('timestamp', 'MM/dd/yyyy HH:mm:ss.SSS')],
  ['a timestamp format without a time', column('timestamp', 'yyyyMMdd')],
  ['a boolean format', column('boolean', 'Y/N')],
  [
    'settings of every table',
    {
      column_schema: { products: {}, packages: {} },
      business_keys: { products: ['ndc'], packages: ['ndc'] },
      data_quality: { required_columns: { products: ['ndc'] }, expected_record_count_min: { packages: 3 } },
    },
  ],
  [
    'the same column name in two tables',
    { column_schema: { products: { A: { target_name: 'ndc' } }, packages: { B: { target_name: 'ndc' } } } },
  ],
  [
    'an HTTP URL and an S3 URL',
    {
      source_url: ['https://example.org/a.csv', 's3://vendor/a/*.csv'],
      source_files: 'all',
      headers: { 'Accept': 'a', 'X-Token-Kind': 'b' },
    },
  ],
  ...[
    's3://vendor/',
    's3://vendor/a/',
    's3://vendor/a/*.csv',
    's3://vendor/{yyyy-MM-dd}/a?.csv',
    's3://vendor/a b/[ab].csv',
  ].map((url): [string, Partial<DatasetDocument>] => [
    `source_files of ${url}`,
    { source_url: url, source_files: 'newest' },
  ]),
  ['a date placeholder in an S3 URL', { source_url: 's3://vendor/{yyyyMMdd}.csv', lookback_days: 3 }],
  [
    'every key of bearer',
    { auth: { type: 'bearer', secret: 'vendor/api', secret_key: 'token', encryption_key: KEY_ARN } },
  ],
  ['the ARN of a secret', { auth: { type: 'basic', secret: SECRET_ARN, username_key: 'a', password_key: 'b' } }],
  ['an API key', { auth: { type: 'api_key', secret: 'a', name: 'X-Api-Key', location: 'header', secret_key: 'a' } }],
  [
    'every key of oauth2_client_credentials',
    {
      auth: {
        type: 'oauth2_client_credentials',
        secret: 'a',
        token_url: 'https://example.org/token',
        scope: 'read',
        token_params: { audience: 'api' },
        token_auth_method: 'client_secret_post',
        client_id_key: 'a',
        client_secret_key: 'b',
      },
    },
  ],
  [
    'endpoints in the short form',
    api({ products: 'https://example.org/p', packages: 'https://example.org/q?page_token=1' }),
  ],
  [
    'a placeholder in the URL',
    api({ products: 'https://example.org/p', packages: { url: 'https://example.org/{value}/{value}', for_each: IDS } }),
  ],
  [
    'a placeholder in a parameter',
    api({
      products: 'https://example.org/p',
      packages: { url: 'https://example.org', params: { id: '{value}' }, for_each: IDS },
    }),
  ],
  [
    'a placeholder in the body',
    api({
      products: 'https://example.org/p',
      packages: { url: 'https://example.org', method: 'POST', body: { a: [{ b: '{value}' }] }, for_each: IDS },
    }),
  ],
  [
    'for_each of an endpoint that has for_each',
    api({
      products: 'https://example.org/p',
      packages: { url: 'https://example.org/{value}', for_each: IDS },
      prices: { url: 'https://example.org/{value}', for_each: { endpoint: 'packages', field: 'a.b' } },
    }),
  ],
  ['a body without a placeholder', api({ products: { url: 'https://example.org', method: 'POST', body: {} } })],
  ['a POST without a body', api({ products: { url: 'https://example.org', method: 'POST' } })],
  ...Object.entries(PAGINATIONS).map(([type, keys]): [string, Partial<DatasetDocument>] => [
    `every key of the pagination type ${type}`,
    api({ products: { url: 'https://example.org', pagination: { type: type as 'auto', ...keys } } }),
  ]),
  ['a pagination in the short form', api({ products: { url: 'https://example.org', pagination: 'header_link' } })],
  [
    'an endpoint without a table and an endpoint with a table',
    api({ products: { url: 'https://example.org', table: false }, packages: 'https://example.org' }),
  ],
  [
    'date format, columns, headers and rate limit of an API',
    api(
      { products: 'https://example.org' },
      {
        date_format: 'yyyyMMdd',
        column_schema: { products: {} },
        headers: { Accept: 'a' },
        rate_limit: { requests: 1 },
      },
    ),
  ],
  ['two columns of different tables mapped to one name', { column_mappings: { A: 'ndc', B: 'ndc' } }],
])('%s is valid', (_, document) => {
  expect(() => check(document)).not.toThrow();
});

/** A secret value, which errors must not contain. */
const PASTED = '0123456789abcdef';

const client = (keys: Partial<Auth>): Partial<DatasetDocument> => ({ auth: { type: 'oauth2_client_credentials', secret: 'a', token_url: 'https://example.org', ...keys } });

/** Keys that do not apply to an auth type. */
function auths(
  type: Auth['type'],
  keys: Omit<Auth, 'type'>,
  others: (keyof Auth)[],
  allowed: string,
): [string, Partial<DatasetDocument>, string][] {
  return others.map(key => [
    `${key} of the auth type ${type}`,
    { auth: { type, ...keys, [key]: PASTED } },
    `SETTING_NOT_APPLICABLE: Lake: auth.${key} of dataset "fda-cder" is set, but does not apply to the type ${type}. `
      + `Remove it. The type ${type} has the keys ${allowed}`,
  ]);
}

const DATE =
  'Use yyyy, optionally MM, dd and separators, for example {yyyy-MM-dd} or {yyyyMMdd}: the run date replaces '
  + 'the placeholder. Write literal braces as %7B and %7D.';
const PATTERN =
  'Use each part once: yyyy or yy; MM, M or MMM; dd or d; for times HH or H, or hh or h with a for AM or PM; mm, ss, '
  + 'S to SSSSSS; with separators between them, for example MM/dd/yyyy HH:mm:ss.';
const NO_FORMAT = 'FORMAT_INVALID: Lake: column_schema.products.Cell.format of dataset "fda-cder" is';

test.each<[string, Partial<DatasetDocument>, string]>([
  ...['{date}', '{MM}', '{yyyy-mm-dd}', '{yyyyyy}', '{yyyy-yyyy}', '{yyyy', 'yyyy}', '{}', '{yyyy-MMM}', '{yyyy1}'].map(
    (braces): [string, Partial<DatasetDocument>, string] => [
      `the date placeholder ${braces}`,
      { source_url: `https://example.org/${braces}.csv` },
      `source_url of dataset "fda-cder" is "https://example.org/${braces}.csv", and `
        + `${braces.endsWith('}') ? braces.replace(/^yyyy/, '') : `${braces}.csv`} is not a date placeholder. ${DATE}`,
    ],
  ),
  [
    'an invalid date placeholder in a list',
    { source_url: ['https://example.org/{yyyy}', 'https://example.org/{id}'] },
    'PLACEHOLDER_INVALID: Lake: source_url[1] of dataset "fda-cder" is "https://example.org/{id}", and {id} is not a '
      + `date placeholder. ${DATE}`,
  ],
  [
    'an invalid port',
    { source_url: 'https://example.org:99999/{yyyy}.csv' },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is "https://example.org:99999/{yyyy}.csv", which is not a '
      + 'valid URL. Check the host and the port.',
  ],
  [
    'an invalid port in a list',
    { source_url: ['https://example.org', 'https://example.org:99999'] },
    'URL_INVALID: Lake: source_url[1] of dataset "fda-cder" is "https://example.org:99999", which is not a valid '
      + 'URL. Check the host and the port.',
  ],
  [
    'lookback_days without a date placeholder',
    { lookback_days: 3 },
    'PLACEHOLDER_REQUIRED: Lake: lookback_days of dataset "fda-cder" is 3, but source_url has no date placeholder. '
      + 'Add a date placeholder to the URL, for example {yyyy-MM-dd}, or remove lookback_days.',
  ],

  [
    'delimiter and file_format.delimiter',
    { delimiter: '|', file_format: { delimiter: ';' } },
    'SETTINGS_CONFLICT: Lake: delimiter of dataset "fda-cder" is "|", and file_format.delimiter is ";". Set '
      + 'only one of them.',
  ],
  [
    'date_format and file_format.date_format',
    { date_format: 'yyyyMMdd', file_format: { date_format: 'dd.MM.yyyy' } },
    'SETTINGS_CONFLICT: Lake: date_format of dataset "fda-cder" is "yyyyMMdd", and file_format.date_format is '
      + '"dd.MM.yyyy". Set only one of them.',
  ],
  [
    'a delimiter of fixed widths',
    { file_format: { type: 'fixed_width', widths: [5], delimiter: '|' } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.delimiter of dataset "fda-cder" is "|", but does not apply to the type '
      + 'fixed_width. Remove it. The type fixed_width has the keys widths, header, column_names, encoding, ',
  ],
  [
    'a quote of fixed widths without a type',
    { file_format: { widths: [5], quote: '' } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.quote of dataset "fda-cder" is "", but does not apply to the type '
      + 'fixed_width.',
  ],
  [
    'an escape of JSON',
    { file_format: { type: 'json', escape: '\\' } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.escape of dataset "fda-cder" is "\\\\", but does not apply to the '
      + 'type json. '
      + 'Remove it. The type json has the keys records, records_optional, orient, key_column, encoding.',
  ],
  [
    'a delimiter of JSON',
    { delimiter: '|', file_format: { type: 'json' } },
    'SETTING_NOT_APPLICABLE: Lake: delimiter of dataset "fda-cder" is "|", but does not apply to the type json. '
      + 'Remove it. The type json has the keys records, records_optional, orient, key_column, encoding.',
  ],
  [
    'a delimiter with records',
    { delimiter: '|', file_format: { records: 'data' } },
    'SETTING_NOT_APPLICABLE: Lake: delimiter of dataset "fda-cder" is "|", but does not apply to the type json.',
  ],
  [
    'a column of keys without an orient',
    { file_format: { key_column: 'day' } },
    'SETTING_REQUIRED: Lake: file_format.key_column of dataset "fda-cder" is "day", but orient is not set. Add orient '
      + '"index" to file_format: only records that are the values of an object have keys.',
  ],
  [
    'a column of keys with rows',
    { file_format: { key_column: 'day', orient: 'values' } },
    'SETTINGS_CONFLICT: Lake: file_format.key_column of dataset "fda-cder" is "day", but orient is "values". Set '
      + 'orient of file_format to "index", or remove key_column',
  ],
  [
    'a column of keys of an endpoint without an orient',
    { source_url: undefined, api_endpoints: { products: { url: 'https://api.example.org', key_column: 'day' } } },
    'SETTING_REQUIRED: Lake: api_endpoints.products.key_column of dataset "fda-cder" is "day", but orient is not set. '
      + 'Add orient "index" to api_endpoints.products',
  ],
  [
    'names of columns with records that are objects',
    { file_format: { orient: 'index', column_names: ['a'] } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.column_names of dataset "fda-cder" is ["a"], but does not apply to the '
      + 'type json. '
      + 'Remove it. The type json has the keys records, records_optional, orient, key_column, encoding.',
  ],
  [
    'a comment with records that are lists',
    { file_format: { orient: 'values', comment: '#' } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.comment of dataset "fda-cder" is "#", but does not apply to the type '
      + 'json. Remove it. The type json has the keys records, records_optional, orient, key_column, encoding, '
      + 'column_names, header.',
  ],
  [
    'records of JSON Lines',
    { file_format: { type: 'jsonl', records: 'data' } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.records of dataset "fda-cder" is "data", but does not apply to the type '
      + 'jsonl.',
  ],
  [
    'lines to skip in Parquet',
    { file_format: { type: 'parquet', skip_rows: 1 } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.skip_rows of dataset "fda-cder" is 1, but does not apply to the type '
      + 'parquet. Remove it. The type parquet has no other keys.',
  ],
  [
    'widths of csv',
    { file_format: { type: 'csv', widths: [5] } },
    'SETTING_NOT_APPLICABLE: Lake: file_format.widths of dataset "fda-cder" is [5], but does not apply to the type '
      + 'csv.',
  ],
  [
    'records to skip after a header that the file does not have',
    { file_format: { header: false, skip_rows_after_header: 1 } },
    'SETTINGS_CONFLICT: Lake: file_format.skip_rows_after_header of dataset "fda-cder" is 1, but the file has no '
      + 'header. Use skip_rows for lines before the first record, or set header to true.',
  ],
  [
    'records to skip after the header, with column names',
    { file_format: { column_names: ['a'], skip_rows_after_header: 1 } },
    'SETTINGS_CONFLICT: Lake: file_format.skip_rows_after_header of dataset "fda-cder" is 1, but the file has no '
      + 'header.',
  ],
  [
    'fewer column names than widths',
    { file_format: { widths: [1, 2], column_names: ['a'] } },
    'SETTINGS_CONFLICT: Lake: file_format.column_names of dataset "fda-cder" has 1 names, but widths has 2 fields. '
      + 'Declare one name per field.',
  ],
  [
    'fewer column names of a table than widths',
    { file_format: { widths: [1, 2], column_names: { packages: ['a', 'b'], products: ['a'] } } },
    'SETTINGS_CONFLICT: Lake: file_format.column_names.products of dataset "fda-cder" has 1 names, but widths has 2 '
      + 'fields. Declare one name per field.',
  ],
  [
    'records to skip after the header, with column names of all tables',
    { file_format: { column_names: { packages: ['a'], products: ['a'] }, skip_rows_after_header: 1 } },
    'SETTINGS_CONFLICT: Lake: file_format.skip_rows_after_header of dataset "fda-cder" is 1, but the file has no '
      + 'header.',
  ],
  [
    'column names of a misspelled table',
    { file_format: { column_names: { product: ['a'] } } },
    'UNKNOWN_TABLE: Lake: file_format.column_names of dataset "fda-cder" contains the table "product", which does not '
      + 'exist. Did you mean "products"? Tables of the dataset: products, packages.',
  ],
  [
    'weekly files on a day of the month',
    { source_url: 'https://example.org/{yyyyMMdd}.zip', source_dates: { every: 'week', on: 'first monday' } },
    'SETTINGS_CONFLICT: Lake: source_dates.on of dataset "fda-cder" is "first monday", but every is "week". Use a '
      + 'weekday, for example sunday.',
  ],
  [
    'monthly files on a weekday',
    { source_url: 'https://example.org/{yyyyMMdd}.zip', source_dates: { every: 'month', on: 'monday' } },
    'SETTINGS_CONFLICT: Lake: source_dates.on of dataset "fda-cder" is "monday", but every is "month". Use a day of '
      + 'the month, for example "15", "last day" or "first monday".',
  ],
  [
    'usual dates for a URL without a day',
    { source_url: 'https://example.org/{yyyy-MM}.zip', source_dates: { every: 'month', on: '15' } },
    'PLACEHOLDER_REQUIRED: Lake: source_dates of dataset "fda-cder" is set, but source_url has no date placeholder '
      + 'with a day. Add a date placeholder to the URL, for example {yyyy-MM-dd}, or remove source_dates.',
  ],
  [
    'more workers than AWS Glue allows for their type',
    { worker_type: 'G.2X', number_of_workers: 150 },
    'SETTINGS_CONFLICT: Lake: number_of_workers of dataset "fda-cder" is 150, but AWS Glue allows at most 149 workers '
      + 'of type G.2X. Use fewer workers, or the worker type G.1X or G.4X.',
  ],
  [
    'spare capacity of a worker type that has none',
    { worker_type: 'G.4X', flex: true },
    'SETTINGS_CONFLICT: Lake: flex of dataset "fda-cder" is true, but AWS Glue does not support the execution class '
      + 'FLEX for workers of type G.4X. Use the worker type G.1X or G.2X, or set flex to false.',
  ],
  [
    'spare capacity with a short timeout',
    { flex: true, timeout_minutes: 29 },
    'SETTINGS_CONFLICT: Lake: flex of dataset "fda-cder" is true, but the timeout is 29 minutes; AWS Glue can wait 20 '
      + 'minutes for spare capacity, and a run does not publish in the last ten minutes before its timeout. Set a '
      + 'timeout of at least 30 minutes, or set flex to false.',
  ],
  [
    'fixed widths without widths',
    { file_format: { type: 'fixed_width' } },
    'SETTING_REQUIRED: Lake: file_format of dataset "fda-cder" has the type fixed_width, but no widths. Add '
      + 'the widths of the fields, for example [5, 20, 2].',
  ],
  [
    'a date format with MMMM',
    { date_format: 'dd MMMM yyyy' },
    `FORMAT_INVALID: Lake: date_format of dataset "fda-cder" is "dd MMMM yyyy". ${PATTERN}`,
  ],
  [
    'a date format with two years',
    { file_format: { date_format: 'yyyyMMdd yy' } },
    `FORMAT_INVALID: Lake: file_format.date_format of dataset "fda-cder" is "yyyyMMdd yy". ${PATTERN}`,
  ],
  [
    'the same separator for thousands and decimals',
    { file_format: { number_format: '1.234.56' } },
    'FORMAT_INVALID: Lake: file_format.number_format of dataset "fda-cder" is "1.234.56". Use different '
      + 'separators for thousands and decimals, as in 1.234,56 or 1,234.56.',
  ],

  [
    'a quote that is the delimiter',
    { delimiter: '|', file_format: { quote: '|' } },
    'CHARACTERS_CONFLICT: Lake: file_format.quote of dataset "fda-cder" is "|", which is also the delimiter. '
      + 'Use different characters.',
  ],
  [
    'a quote that the delimiter contains',
    { file_format: { delimiter: "~'~", quote: "'" } },
    'CHARACTERS_CONFLICT: Lake: file_format.quote of dataset "fda-cder" is "\'", which the delimiter "~\'~" '
      + 'contains. Use different characters.',
  ],
  [
    'an escape that is the quote',
    { file_format: { escape: '"' } },
    'CHARACTERS_CONFLICT: Lake: file_format.escape of dataset "fda-cder" is "\\"", which is also the quote. '
      + 'Remove escape: without it, two quotes inside a quoted value mean one quote.',
  ],
  [
    'an escape that is the default delimiter',
    { file_format: { escape: ',' } },
    'CHARACTERS_CONFLICT: Lake: file_format.escape of dataset "fda-cder" is ",", which is also the delimiter.',
  ],
  [
    'a comment that is the delimiter',
    { file_format: { delimiter: '#', comment: '#' } },
    'CHARACTERS_CONFLICT: Lake: file_format.comment of dataset "fda-cder" is "#", which is also the delimiter.',
  ],
  [
    'a comment that the delimiter contains',
    { file_format: { delimiter: '##', comment: '#' } },
    'CHARACTERS_CONFLICT: Lake: file_format.comment of dataset "fda-cder" is "#", which the delimiter "##" contains.',
  ],
  [
    'a comment that is the quote',
    { file_format: { comment: '"' } },
    'CHARACTERS_CONFLICT: Lake: file_format.comment of dataset "fda-cder" is "\\"", which is also the quote.',
  ],
  [
    'a comment that is the escape',
    { file_format: { escape: '\\', comment: '\\' } },
    'CHARACTERS_CONFLICT: Lake: file_format.comment of dataset "fda-cder" is "\\\\", which is also the escape.',
  ],

  [
    'column_schema of a misspelled table',
    { column_schema: { product: {} } },
    'UNKNOWN_TABLE: Lake: column_schema of dataset "fda-cder" contains the table "product", which does not '
      + 'exist. Did you mean "products"? Tables of the dataset: products, packages.',
  ],
  [
    'business_keys of a table with its name in the database',
    { business_keys: { fda_cder_packages: ['ndc'] } },
    'UNKNOWN_TABLE: Lake: business_keys of dataset "fda-cder" contains the table "fda_cder_packages", which does '
      + 'not exist. Did you mean "packages"? Tables of the dataset: products, packages.',
  ],
  [
    'required columns of an unknown table',
    { data_quality: { required_columns: { elsewhere: ['ndc'] } } },
    'UNKNOWN_TABLE: Lake: data_quality.required_columns of dataset "fda-cder" contains the table "elsewhere", '
      + 'which does not exist. Tables of the dataset: products, packages.',
  ],
  [
    'row count of an unknown table',
    { data_quality: { expected_record_count_min: { product: 1 } } },
    'UNKNOWN_TABLE: Lake: data_quality.expected_record_count_min of dataset "fda-cder" contains the table '
      + '"product", which does not exist. Did you mean "products"?',
  ],

  [
    'a decimal whose scale is larger than its precision',
    column('decimal(2,18)'),
    'DATA_TYPE_INVALID: Lake: column_schema.products.Cell.type of dataset "fda-cder" is "decimal(2,18)", '
      + 'whose scale is larger than its precision. '
      + 'Write decimal(precision,scale), for example decimal(18,2).',
  ],
  [
    'a format without a type',
    column(undefined, 'yyyyMMdd'),
    `${NO_FORMAT} "yyyyMMdd", but the type of the column is not set. Set the type of the column, for example date.`,
  ],
  [
    'a format of a string',
    column('string', 'yyyyMMdd'),
    `${NO_FORMAT} "yyyyMMdd", but the type of the column is string. Remove it: string columns have no format.`,
  ],
  [
    'an invalid date format of a column',
    column('date', '%Y-%m-%d'),
    `${NO_FORMAT} "%Y-%m-%d", but the type of the column is date.`,
  ],
  [
    'a date format without a day',
    column('date', 'yyyyMM'),
    `${NO_FORMAT} "yyyyMM", but the type of the column is date. ${PATTERN}`,
  ],
  [
    'a date format with a time',
    column('date', 'yyyy-MM-dd HH:mm'),
    `${NO_FORMAT} "yyyy-MM-dd HH:mm", but the type of the column is date. Remove HH, hh, `
      + 'mm, ss, S and a, which dates do not have, or use the type timestamp.',
  ],
  [
    'a timestamp format with hh',
    column('timestamp', 'yyyy-MM-dd hh:mm'),
    `${NO_FORMAT} "yyyy-MM-dd hh:mm", but the type of the column is timestamp. ${PATTERN}`,
  ],
  [
    'a timestamp format with HH and a',
    column('timestamp', 'yyyy-MM-dd HH:mm a'),
    `${NO_FORMAT} "yyyy-MM-dd HH:mm a", but the type of the column is timestamp. ${PATTERN}`,
  ],
  [
    'a number format with a percent sign',
    column('double', '1234.56%'),
    `${NO_FORMAT} "1234.56%", but the type of the column is double. Write the number 1234.56 with the separators`,
  ],
  [
    'a date format of a number',
    column('bigint', 'yyyyMMdd'),
    `${NO_FORMAT} "yyyyMMdd", but the type of the column is bigint. Write the number 1234.56 with the separators of `
      + 'the file, '
      + 'for example 1.234,56.',
  ],
  [
    'the same separator twice in a column',
    column('decimal(18,2)', '1,234,56'),
    `${NO_FORMAT} "1,234,56", but the type of the column is decimal(18,2). Use different separators for thousands `
      + 'and decimals',
  ],
  [
    'the same value for true and false',
    column('boolean', 'Y/Y'),
    `${NO_FORMAT} "Y/Y", but the type of the column is boolean. Write the values for true and false, separated by a `
      + 'slash, for example Y/N.',
  ],
  ['no value for false', column('boolean', 'Y/'), `${NO_FORMAT} "Y/", but the type of the column is boolean.`],
  [
    'three values of a boolean',
    column('boolean', 'Y/N/U'),
    `${NO_FORMAT} "Y/N/U", but the type of the column is boolean.`,
  ],
  [
    'two columns with the same target_name',
    { column_schema: { products: { A: { target_name: 'ndc' }, B: { target_name: 'ndc' } } } },
    'COLUMN_NAME_TAKEN: Lake: column_schema.products.B.target_name of dataset "fda-cder" is "ndc", which is '
      + 'already the name of "A". Rename one of them.',
  ],

  [
    'no source',
    { source_url: undefined },
    'SOURCE_REQUIRED: Lake: dataset "fda-cder" has neither source_url nor api_endpoints. Set one of them. '
      + 'For a bronze dataset with a custom script, add glue/bronze_job.py. For a silver or gold dataset, set '
      + 'source_datasets.',
  ],
  [
    'two sources',
    { api_endpoints: { products: 'https://example.org' } },
    'SETTINGS_CONFLICT: Lake: api_endpoints of dataset "fda-cder" is set, and source_url is also set: a dataset loads '
      + 'either files or an API. Remove api_endpoints: the other settings describe files. To load the API as well, add '
      + 'a second dataset with these api_endpoints.',
  ],
  ...Object.entries({
    lookback_days: 3,
    source_files: 'all',
    delimiter: '|',
    file_format: { type: 'json' },
    file_table_mapping: { a: 'products' },
  }).map(([key, value]): [string, Partial<DatasetDocument>, string] => [
    `${key} of an API`,
    api({ products: 'https://example.org' }, { [key]: value }),
    `SETTING_NOT_APPLICABLE: Lake: ${key} of dataset "fda-cder" is set, and api_endpoints is also set. `
      + `Remove ${key}: it only applies to files.`,
  ]),
  ...Object.entries({
    headers: { Accept: 'a' },
    rate_limit: { requests: 1 },
    auth: { type: 'bearer', secret: 'a' },
  }).map(([key, value]): [string, Partial<DatasetDocument>, string] => [
    `${key} of an S3 URL`,
    { source_url: ['s3://vendor/a', 's3://vendor/b'], [key]: value },
    `SETTING_NOT_APPLICABLE: Lake: ${key} of dataset "fda-cder" is set, but source_url is an S3 URL. Remove `
      + `${key}: it only applies to HTTP requests. The job reads S3 with the role of the dataset.`,
  ]),
  ...['https://example.org/a/*.csv', 's3://vendor/a.csv', 's3://vendor/{yyyy}.csv'].map(
    (url): [string, Partial<DatasetDocument>, string] => [
      `source_files of ${url}`,
      { source_url: url, source_files: 'newest' },
      'SETTING_NOT_APPLICABLE: Lake: source_files of dataset "fda-cder" is "newest", but source_url is neither an S3 '
        + 'folder nor a glob. Use a folder or a glob, for example s3://bucket/folder/ or',
    ],
  ),
  [
    'an invalid date placeholder in an S3 URL',
    { source_url: 's3://vendor/{id}.csv' },
    'PLACEHOLDER_INVALID: Lake: source_url of dataset "fda-cder" is "s3://vendor/{id}.csv", and {id} is not a date '
      + 'placeholder. Use yyyy, optionally MM, dd and separators, for example {yyyy-MM-dd} or {yyyyMMdd}: the run date '
      + 'replaces the placeholder. Write literal braces as ?, which matches any character.',
  ],

  ...['Authorization', 'proxy-authorization', 'COOKIE', 'X-API-Key', 'x_api_key', 'Api-Key', 'X-Auth-Token'].map(
    (name): [string, Partial<DatasetDocument>, string] => [
      `a secret in the header ${name}`,
      { headers: { [name]: PASTED } },
      `SECRET_IN_CONFIG: Lake: headers.${name} of dataset "fda-cder" is set. Do not put secrets into files or `
        + 'templates. Use auth, which reads the secret from AWS Secrets Manager.',
    ],
  ),
  [
    "a secret in an endpoint's header",
    api({ products: { url: 'https://example.org', headers: { Authorization: PASTED } } }),
    'SECRET_IN_CONFIG: Lake: api_endpoints.products.headers.Authorization of dataset "fda-cder" is set. Do '
      + 'not put secrets into files or templates. Use auth, which reads the secret from AWS Secrets Manager.',
  ],
  ...['api_key', 'apikey', 'API-Key', 'access_token', 'client_secret', 'password', 'Token'].map(
    (name): [string, Partial<DatasetDocument>, string] => [
      `a secret in the parameter ${name}`,
      api({ products: { url: 'https://example.org', params: { [name]: PASTED } } }),
      `SECRET_IN_CONFIG: Lake: api_endpoints.products.params.${name} of dataset "fda-cder" is set. Do not put `
        + 'secrets into files or templates. Use auth',
    ],
  ),
  [
    'a secret in a URL',
    api({ products: `https://example.org/a?page=1&api_key=${PASTED}#x` }),
    'SECRET_IN_CONFIG: Lake: api_endpoints.products.url of dataset "fda-cder" has the parameter api_key. Do '
      + 'not put secrets into files or templates. Use auth, which reads the secret from AWS Secrets Manager.',
  ],
  [
    'a secret in an invalid URL',
    api({ products: `https://example.org:99999/a?key=${PASTED}` }),
    'URL_INVALID: Lake: api_endpoints.products.url of dataset "fda-cder" is "https://example.org:99999/a?key=***", '
      + 'which is not a valid URL. Check the host and the port.',
  ],
  [
    'a secret in an invalid source_url',
    { source_url: `https://example.org:99999/a?X-Token=${PASTED}&b=c` },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is "https://example.org:99999/a?X-Token=***&b=c", which is '
      + 'not a valid URL.',
  ],
  [
    'a secret in a source_url with an invalid placeholder',
    { source_url: `https://example.org/{id}?sig=${PASTED}#a` },
    'PLACEHOLDER_INVALID: Lake: source_url of dataset "fda-cder" is "https://example.org/{id}?sig=***#a", and {id} '
      + 'is not a date placeholder.',
  ],
  [
    'an API key in a reserved header',
    { auth: { type: 'api_key', secret: 'a', name: 'Host' } },
    'HEADER_RESERVED: Lake: auth.name of dataset "fda-cder" is "Host". Use a different header: the job sets this one.',
  ],
  [
    'a secret in token_params',
    client({ token_params: { client_secret: PASTED } }),
    'SECRET_IN_CONFIG: Lake: auth.token_params.client_secret of dataset "fda-cder" is set. Do not put secrets into '
      + 'files or templates. Store the value in the secret that auth.secret names.',
  ],
  ...['Host', 'content-length', 'Transfer-Encoding', 'connection', 'Accept-Encoding', 'Range'].map(
    (name): [string, Partial<DatasetDocument>, string] => [
      `the header ${name}`,
      { headers: { [name]: 'a' } },
      `HEADER_RESERVED: Lake: headers.${name} of dataset "fda-cder" is set. Remove it: the job sets this header.`,
    ],
  ),

  ...auths(
    'bearer',
    { secret: 'a' },
    ['location', 'name', 'username_key', 'password_key', 'token_url', 'scope'],
    'secret, secret_key, encryption_key',
  ),
  ...auths(
    'api_key',
    { secret: 'a', name: 'k' },
    ['username_key', 'token_url', 'client_id_key'],
    'secret, secret_key, encryption_key, location, name',
  ),
  ...auths(
    'basic',
    { secret: 'a' },
    ['secret_key', 'name', 'token_auth_method', 'client_secret_key'],
    'secret, encryption_key, username_key, password_key',
  ),
  ...auths(
    'oauth2_client_credentials',
    { secret: 'a', token_url: 'https://example.org' },
    ['secret_key', 'location', 'password_key'],
    'secret, encryption_key, token_url,',
  ),
  [
    'api_key without a name',
    { auth: { type: 'api_key', secret: 'a' } },
    'SETTING_REQUIRED: Lake: auth of dataset "fda-cder" has the type api_key, but no name. '
      + 'Set name: api_key requires name.',
  ],
  [
    'oauth2_client_credentials without token_url',
    { auth: { type: 'oauth2_client_credentials', secret: 'a' } },
    'SETTING_REQUIRED: Lake: auth of dataset "fda-cder" has the type oauth2_client_credentials, but no '
      + 'token_url. Set token_url',
  ],
  [
    'an invalid port in token_url',
    client({ token_url: 'https://example.org:99999/token?a=b' }),
    'URL_INVALID: Lake: auth.token_url of dataset "fda-cder" is "https://example.org:99999/token?a=b", which is not '
      + 'a valid URL. Check the host and the port.',
  ],
  ...['arn:aws:secretsmanager:*:123456789012:secret:*', 'arn:aws:s3:::vendor', `${SECRET_ARN}?`].map(
    (arn): [string, Partial<DatasetDocument>, string] => [
      `the secret ${arn}`,
      { auth: { type: 'bearer', secret: arn } },
      `SECRET_ARN_INVALID: Lake: auth.secret of dataset "fda-cder" is "${arn}", which is not a valid secret ARN. Use `
        + 'the complete ARN, for example',
    ],
  ),
  ...['arn:aws:kms:us-east-1:123456789012:key/*', 'arn:aws:kms:*:123456789012:key/1'].map(
    (arn): [string, Partial<DatasetDocument>, string] => [
      `the key ${arn}`,
      { auth: { type: 'bearer', secret: 'a', encryption_key: arn } },
      `ENCRYPTION_KEY_INVALID: Lake: auth.encryption_key of dataset "fda-cder" is "${arn}", which is not a valid KMS `
        + 'key ARN. Use the ARN of the key',
    ],
  ),

  ...['{id}', '{value', 'value}', '{}', '{yyyy}'].map((braces): [string, Partial<DatasetDocument>, string] => [
    `${braces} in the URL of an endpoint`,
    api({ products: `https://example.org/${braces}` }),
    'PLACEHOLDER_INVALID: Lake: api_endpoints.products.url of dataset "fda-cder" contains '
      + `${braces.replace(/^value/, '')}. The only placeholder is {value}, the value of for_each. Write literal `
      + 'braces as %7B and %7D.',
  ]),
  [
    'a placeholder in the host',
    api({ products: 'https://example.org', packages: { url: 'https://{value}.org/a', for_each: IDS } }),
    'PLACEHOLDER_INVALID: Lake: api_endpoints.packages.url of dataset "fda-cder" has braces in its host. '
      + 'Write the host without braces: a response must not determine the host of a request.',
  ],
  [
    'a body with the method GET',
    api({ products: { url: 'https://example.org', method: 'GET', body: {} } }),
    'SETTING_NOT_APPLICABLE: Lake: api_endpoints.products.body of dataset "fda-cder" is set, but the method is GET. '
      + 'Set method to POST, or remove body.',
  ],
  [
    'a body without a method',
    api({ products: { url: 'https://example.org', body: {} } }),
    'SETTING_NOT_APPLICABLE: Lake: api_endpoints.products.body of dataset "fda-cder" is set, but the method is GET.',
  ],
  [
    'names of columns of an endpoint whose records are objects',
    api({ products: { url: 'https://example.org', column_names: ['a'] } }),
    'SETTING_NOT_APPLICABLE: Lake: api_endpoints.products.column_names of dataset "fda-cder" is set, but orient is not '
      + 'set. Set orient to values if the records are lists.',
  ],
  [
    'a placeholder in the URL without for_each',
    api({ products: 'https://example.org/{value}' }),
    'SETTING_REQUIRED: Lake: api_endpoints.products.url of dataset "fda-cder" contains {value}, but for_each '
      + 'is not set. Set for_each to the endpoint or the table that contains the values, for example '
      + '{"endpoint": "products", "field": "id"} or {"table": "${silver_database}.drugs", "column": "rxcui"}.',
  ],
  [
    'a placeholder in a parameter without for_each',
    api({ products: { url: 'https://example.org', params: { id: 'a-{value}' } } }),
    'SETTING_REQUIRED: Lake: api_endpoints.products.params of dataset "fda-cder" contains {value}, but for_each is '
      + 'not set.',
  ],
  [
    'a placeholder in the body without for_each',
    api({ products: { url: 'https://example.org', method: 'POST', body: { a: ['{value}'] } } }),
    'SETTING_REQUIRED: Lake: api_endpoints.products.body of dataset "fda-cder" contains {value}, but for_each is not '
      + 'set.',
  ],
  [
    'for_each without a placeholder',
    api({ products: 'https://example.org', packages: { url: 'https://example.org', for_each: IDS } }),
    'PLACEHOLDER_REQUIRED: Lake: api_endpoints.packages.for_each of dataset "fda-cder" is set, but url, params and '
      + 'body do not contain {value}. Add {value} to one of them, or remove for_each.',
  ],
  ...([
    ['neither an endpoint nor a table', { column: 'id' }, 'SETTING_REQUIRED: Lake: KEY has neither endpoint nor table'],
    [
      'an endpoint and a table',
      { ...IDS, table: 'a.b' },
      'SETTINGS_CONFLICT: Lake: KEY.table is set, and for_each.endpoint is also set',
    ],
    [
      'an endpoint without a field',
      { endpoint: 'products' },
      'SETTING_REQUIRED: Lake: KEY has an endpoint, but no field',
    ],
    ['a table without a column', { table: 'a.b' }, 'SETTING_REQUIRED: Lake: KEY has a table, but no column'],
    [
      'a table and a field',
      { table: 'a.b', column: 'c', field: 'id' },
      'SETTING_NOT_APPLICABLE: Lake: KEY.field is set, but the values are in a table',
    ],
  ] as const).map(([name, forEach, error]): [string, Partial<DatasetDocument>, string] => [
    `for_each with ${name}`,
    api({ products: 'https://example.org', packages: { url: 'https://example.org/{value}', for_each: forEach } }),
    error.replace(/KEY([.\w]*)/, 'api_endpoints.packages.for_each$1 of dataset "fda-cder"'),
  ]),
  [
    'for_each of a misspelled endpoint',
    api({
      products: 'https://example.org',
      packages: { url: 'https://example.org/{value}', for_each: { endpoint: 'product', field: 'id' } },
    }),
    'UNKNOWN_ENDPOINT: Lake: api_endpoints.packages.for_each.endpoint of dataset "fda-cder" is "product", '
      + 'which is not in api_endpoints. Did you mean "products"? Other endpoints: products.',
  ],
  [
    'for_each of an unknown endpoint',
    api({ packages: { url: 'https://example.org/{value}', for_each: { endpoint: 'other', field: 'id' } } }),
    'UNKNOWN_ENDPOINT: Lake: api_endpoints.packages.for_each.endpoint of dataset "fda-cder" is "other", which '
      + 'is not in api_endpoints. Add that endpoint.',
  ],
  [
    'for_each of the same endpoint',
    api({ products: { url: 'https://example.org/{value}', for_each: IDS } }),
    'ENDPOINTS_CYCLE: Lake: api_endpoints.products.for_each.endpoint of dataset "fda-cder" forms a cycle: '
      + 'products ← products. Remove one for_each: an endpoint cannot depend on its own records.',
  ],
  [
    'a for_each cycle',
    api({
      products: { url: 'https://example.org/{value}', for_each: { endpoint: 'packages', field: 'id' } },
      packages: { url: 'https://example.org/{value}', for_each: IDS },
    }),
    'ENDPOINTS_CYCLE: Lake: api_endpoints.products.for_each.endpoint of dataset "fda-cder" forms a cycle: '
      + 'products ← packages ← products.',
  ],
  [
    'an API without a table',
    api({ products: { url: 'https://example.org', table: false } }),
    'TABLE_REQUIRED: Lake: api_endpoints of dataset "fda-cder" has no endpoint with a table. Remove "table": '
      + 'false from at least one endpoint.',
  ],

  ...Object.entries(PAGINATIONS).flatMap(([type, keys]) =>
    Object.keys(EVERY_PAGE_KEY)
      .filter(key => !(key in keys))
      .map((key): [string, Partial<DatasetDocument>, string] => [
        `${key} of the pagination type ${type}`,
        api({
          products: {
            url: 'https://example.org',
            pagination: { type: type as 'auto', ...keys, [key]: EVERY_PAGE_KEY[key as 'path'] },
          },
        }),
        `SETTING_NOT_APPLICABLE: Lake: api_endpoints.products.pagination.${key} of dataset "fda-cder" is set, `
          + `but does not apply to the type ${type}. Remove it. The type ${type} has `,
      ]),
  ),
  ...(
    [
      ['header_cursor', 'header', { param: 'p' }],
      ['header_cursor', 'param', { header: 'h' }],
      ['cursor', 'path', { param: 'p' }],
      ['cursor', 'param', { path: 'p' }],
      ['record_cursor', 'path', { param: 'p' }],
      ['record_cursor', 'param', { path: 'p' }],
    ] as const
  ).map(([type, key, others]): [string, Partial<DatasetDocument>, string] => [
    `the pagination type ${type} without ${key}`,
    api({ products: { url: 'https://example.org', pagination: { type, ...others } } }),
    `SETTING_REQUIRED: Lake: api_endpoints.products.pagination of dataset "fda-cder" has the type ${type}, but `
      + `no ${key}. Set ${key}: ${type} requires `,
  ]),
  [
    'a pagination body without a URL',
    api({ products: { url: 'https://example.org', pagination: { type: 'cursor', path: 'p', param: 'p', body: {} } } }),
    'SETTING_REQUIRED: Lake: api_endpoints.products.pagination.body of dataset "fda-cder" is set, but pagination.url '
      + 'is not. Set url to the URL of the pages after the first, or remove body.',
  ],
  [
    'a placeholder in the URL of the next pages',
    api({
      products: {
        url: 'https://example.org',
        pagination: { type: 'cursor', path: 'p', param: 'p', url: 'https://example.org/{value}' },
      },
    }),
    'PLACEHOLDER_INVALID: Lake: api_endpoints.products.pagination.url of dataset "fda-cder" contains {value}. Write '
      + 'the URL without placeholders. Write literal braces as %7B and %7D.',
  ],
  [
    'a secret in the URL of the next pages',
    api({
      products: {
        url: 'https://example.org',
        pagination: { type: 'cursor', path: 'p', param: 'p', url: `https://example.org/?api_key=${PASTED}` },
      },
    }),
    'SECRET_IN_CONFIG: Lake: api_endpoints.products.pagination.url of dataset "fda-cder" has the parameter api_key. ',
  ],
  [
    'a base that is not a valid URL',
    api({
      products: {
        url: 'https://example.org',
        pagination: { type: 'json_link', path: 'next', base: 'https://example.org:port/' },
      },
    }),
    'URL_INVALID: Lake: api_endpoints.products.pagination.base of dataset "fda-cder" is "https://example.org:port/", '
      + 'which is not a valid URL. Check the host and the port.',
  ],
  [
    'the pagination type cursor in the short form',
    api({ products: { url: 'https://example.org', pagination: 'cursor' } }),
    'SETTING_REQUIRED: Lake: api_endpoints.products.pagination of dataset "fda-cder" has the type cursor, but '
      + 'no path. Set path: cursor requires path and param.',
  ],

  [
    'business_key and business_keys',
    { business_key: ['ndc'], business_keys: { products: ['ndc'] } },
    'SETTINGS_CONFLICT: Lake: business_key of dataset "fda-cder" is set, and business_keys is also '
      + 'set. Set business_key for all tables, or business_keys for each table.',
  ],
])('%s is an error with its code, its key, what was found and what to do', (_, document, message) => {
  expect(() => check(document)).toThrow(message);
  expect(() => check(document)).not.toThrow(new RegExp(PASTED));
});

test('a custom script requires no source', () => {
  expect([...ruleProblems({ ...DOCUMENT, source_url: undefined }, TABLES, true)]).toEqual([]);
});

describe.each([
  ['gold', undefined], ['gold', 'gold'], ['silver', 'silver'],
] as const)('in a %s dataset with the layer %s', (layer, declared) => {
  test.each(['source_url', 'source_files', 'api_endpoints', 'headers', 'rate_limit', 'auth', 'connection'])(
    '%s is an error',
    key => {
      const document = { dataset: 'a', layer: declared, data_size_category: 'small' as const, source_datasets: [] };
      const [first] = ruleProblems({ ...document, [key]: {} }, ['a']);
      expect(first).toEqual({
        code: 'SETTING_NOT_APPLICABLE',
        key,
        found: `is set, but the dataset is ${layer}, because source_datasets is set`,
        remedy: `Remove ${key}: it only applies to bronze datasets.`,
      });
    },
  );
});

test('sql without source_datasets is an error', () => {
  expect(() => check(api({ products: 'https://example.org' }, { sql: 'q.sql' }))).toThrow(
    'SETTING_NOT_APPLICABLE: Lake: sql of dataset "fda-cder" is set, but the dataset is bronze, because '
      + 'source_datasets is not set. Remove sql: it only applies to silver and gold datasets, which have '
      + 'source_datasets instead of api_endpoints.',
  );
});

test.each([
  [
    { layer: 'bronze', source_datasets: [] },
    'layer is "bronze", but source_datasets is set: Use "silver" or "gold" for a dataset with source_datasets. A '
      + 'bronze dataset has source_url or api_endpoints.',
  ],
  [
    { layer: 'silver', source_url: 'https://example.org/a.csv' },
    'layer is "silver", but source_datasets is missing: Add source_datasets with the datasets that the query or script '
      + 'reads, for example ["bronze/zipcodes"]. Use an empty list for a table that needs no inputs.',
  ],
] as const)('%j has a layer that its other keys contradict', (keys, message) => {
  const [first] = ruleProblems({ ...DOCUMENT, source_url: undefined, ...keys } as DatasetDocument, TABLES);
  expect(`${first.key} ${first.found}: ${first.remedy}`).toBe(message);
});

test('with one table, two columns with the same name in column_mappings are an error', () => {
  expect(() => check({ column_mappings: { A: 'ndc', B: 'ndc' } }, ['fda_cder'])).toThrow(
    'COLUMN_NAME_TAKEN: Lake: column_mappings.B of dataset "fda-cder" is "ndc", which is already the name of '
      + '"A". Rename one of them.',
  );
  expect(() =>
    check({ column_mappings: { A: 'ndc', B: 'ndc' }, column_schema: { fda_cder: { B: { target_name: 'other' } } } }, [
      'fda_cder',
    ]),
  ).not.toThrow();
});

test('tokens are valid', () => {
  const scope = new Stack(undefined, 'Lake');
  const text = new CfnParameter(scope, 'Text').valueAsString;
  const list = new CfnParameter(scope, 'List', { type: 'CommaDelimitedList' }).valueAsList;
  const number = new CfnParameter(scope, 'Number', { type: 'Number' }).valueAsNumber;
  const unknown: Partial<DatasetDocument> = {
    lookback_days: 3,
    date_format: text,
    file_format: { delimiter: text, quote: text, escape: text, comment: text, number_format: text },
    column_schema: { products: { A: { type: 'date', format: text }, B: { type: text, format: 'Y/N' } } },
    data_quality: { required_columns: list, expected_record_count_min: number },
  };
  const auth: Auth = { type: 'bearer', secret: text, encryption_key: text };
  for (const source of [text, [text], list]) {
    expect(() => check({ source_url: source, source_files: 'all', headers: { Accept: text }, auth })).not.toThrow();
  }
  const unknownApi: DatasetDocument['api_endpoints'] = {
    products: { url: text, params: { a: text }, body: { a: text }, method: text as 'GET', records: text },
    packages: { url: `https://${text}/{value}`, for_each: { endpoint: text, field: text } },
    prices: { url: text, for_each: IDS },
  };
  expect(() =>
    check(api(unknownApi, { auth: { ...auth, type: 'oauth2_client_credentials', token_url: text } })),
  ).not.toThrow();
  for (const source of [text, `https://${text}/{yyyy}`, [text], list]) {
    expect(() => check({ ...unknown, source_url: source })).not.toThrow();
  }
});

test.each<[string, Partial<DatasetDocument>]>([
  ['file_table_mapping', { file_table_mapping: { 'a.csv': 'fda_cder', 'b.csv': 'packages' } }],
  ['api_endpoints', api({ fda_cder: 'https://example.org', packages: 'https://example.org' })],
  [
    'outputs',
    { source_url: undefined, source_datasets: ['bronze/x'], sql: 'q.sql', outputs: ['fda_cder', 'packages'] },
  ],
])('a table with the name of the dataset, and another table, is an error: %s', (key, document) => {
  expect(() => check(document, ['fda_cder', 'packages'])).toThrow(
    `TABLE_NAME_RESERVED: Lake: ${key} of dataset "fda-cder" has several tables, and one of them has the name of `
      + 'the dataset, "fda_cder". Rename this table, for example to "main": its folder would contain the folders of '
      + 'the other tables.',
  );
});

test.each<[string, Partial<DatasetDocument>, string]>([
  ['a web page', { source_url: 'https://rxnav.nlm.nih.gov/docs/' }, 'source_url of'],
  ['the base URL of an endpoint', { source_url: 'https://example.org/api' }, 'source_url of'],
  ['a data file', { api_endpoints: { a: 'https://example.org/cder' } }, 'api_endpoints of'],
  ['a file in a bucket', { source_url: 's3://vendor/drops/' }, 'api_endpoints of'],
  ['a URL next to a delimiter', { source_url: 'https://example.org/download', delimiter: '|' }, 'api_endpoints of'],
])('the conflict of an API and %s says which one to remove', (what, document, removed) => {
  const problem = () => check({ api_endpoints: { products: 'https://example.org/api/products' }, ...document });
  expect(problem).toThrow(`SETTINGS_CONFLICT: Lake: ${removed} dataset "fda-cder" is set, and `);
  expect(problem).toThrow(`Remove ${removed.split(' ')[0]}: `);
  if (removed.startsWith('source_url')) {
    expect(problem).toThrow(what === 'a web page' ? 'not the URL of a data file' : what);
  }
});
