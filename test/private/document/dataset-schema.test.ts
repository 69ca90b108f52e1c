import { execSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Ajv2020 } from '../../../src/private/dependencies/ajv';
import { DatasetDocument } from '../../../src/private/document/dataset-document.generated';
import { checkDocument } from '../../../src/private/document/dataset-schema';

interface Tasks {
  readonly tasks: { readonly generate: { readonly steps: { readonly exec: string }[] } };
}

test.each([
  'dataset', 'config', 'pipeline',
])('the generated types match %s.schema.json; `npx projen generate` updates them', name => {
  const types = `src/private/document/${name}-document.generated.ts`;
  const { tasks } = JSON.parse(readFileSync('.projen/tasks.json', 'utf8')) as Tasks;
  const { exec } = tasks.generate.steps.find(step => step.exec.includes(`${name}.schema.json`))!;
  const folder = mkdtempSync(path.join(tmpdir(), 'dataset-document-'));
  try {
    const fresh = path.join(folder, 'types.ts');
    execSync(exec.replace(types, fresh), {
      env: { ...process.env, PATH: `node_modules/.bin${path.delimiter}${process.env.PATH}` },
    });
    expect(readFileSync(types, 'utf8')).toBe(readFileSync(fresh, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  'dataset', 'config', 'pipeline', 'tests',
])('%s.schema.json conforms to JSON Schema, which no synthesis checks', name => {
  const schema = JSON.parse(readFileSync(`glue-templates/${name}.schema.json`, 'utf8')) as object;
  const ajv = new Ajv2020({ strictTypes: false });
  expect(ajv.validateSchema(schema) === true ? [] : ajv.errors).toEqual([]);
});

/** A minimal document, which each test changes. */
const DOCUMENT: DatasetDocument = { dataset: 'fda-cder', data_size_category: 'small', source_url: 'https://example.org/cder.zip' };

test.each<[string, object, string]>([
  [
    'an invalid URL in a list',
    { source_url: ['https://a.org/1', 'ftp://a.org/2'] },
    'URL_INVALID: Lake: source_url[1] of dataset "fda-cder" is "ftp://a.org/2". Expected: An http:// or https:// URL '
      + 'without credentials, an s3:// URL with a bucket and a path, or, in a configuration file, the path of a file, '
      + 'relative to config.json. For example: ',
  ],
  [
    'a URL with a password in a list',
    { source_url: ['https://a.org/1', 'https://me:secret@a.org/2'] },
    'URL_INVALID: Lake: source_url[1] of dataset "fda-cder" is "https://***@a.org/2".',
  ],
  [
    'a URL with an API key',
    { source_url: 'https://a.org/1 2?a=b&Api-Key=secret&c=d' },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is "https://a.org/1 2?a=b&Api-Key=***&c=d".',
  ],
  [
    'a source_url that is neither a string nor a list',
    { source_url: 5 },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is 5. Expected: The http://, https:// or s3:// URL of a '
      + 'file, or a list',
  ],
  [
    'an empty list of URLs',
    { source_url: [] },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is []. Expected: The http://, https:// or s3:// URL of a '
      + 'file, or a list',
  ],
  [
    'a duplicate URL',
    { source_url: ['https://a.org', 'https://a.org'] },
    'DUPLICATE_VALUE: Lake: source_url of dataset "fda-cder" is ["https://a.org","https://a.org"], which contains a '
      + 'duplicate. Expected: The http://, https:// or s3:// URL of a file, or a list',
  ],
  [
    'a fraction of a day',
    { lookback_days: 1.5 },
    'VALUE_INVALID: Lake: lookback_days of dataset "fda-cder" is 1.5. Expected: Number of days that a run looks back',
  ],
  [
    'a negative number of days',
    { lookback_days: -1 },
    'VALUE_INVALID: Lake: lookback_days of dataset "fda-cder" is -1. Expected: Number of days that a run looks back',
  ],
  [
    'an invalid date format',
    { date_format: 'the day' },
    'FORMAT_INVALID: Lake: date_format of dataset "fda-cder" is "the day". Expected: Format of dates',
  ],
  [
    'an invalid date format of a file',
    { file_format: { date_format: 'the day' } },
    'FORMAT_INVALID: Lake: file_format.date_format of dataset "fda-cder" is "the day". Expected: Format of dates',
  ],
  [
    'an unknown file type',
    { file_format: { type: 'xlsx' } },
    'VALUE_INVALID: Lake: file_format.type of dataset "fda-cder" is "xlsx". Expected: csv: delimited text',
  ],
  [
    'an escape with two characters',
    { file_format: { escape: '\\\\' } },
    'VALUE_INVALID: Lake: file_format.escape of dataset "fda-cder" is "\\\\\\\\". Expected: Character that escapes '
      + 'the next character',
  ],
  [
    'the empty string as a null value',
    { file_format: { null_values: ['NA', ''] } },
    'VALUE_INVALID: Lake: file_format.null_values[1] of dataset "fda-cder" is "". Expected: Values that mean null',
  ],
  [
    'an empty list of null values',
    { file_format: { null_values: [] } },
    'VALUE_INVALID: Lake: file_format.null_values of dataset "fda-cder" is []. Expected: Values that mean null',
  ],
  [
    'a comment prefix with several characters',
    { file_format: { comment: 'REM' } },
    'VALUE_INVALID: Lake: file_format.comment of dataset "fda-cder" is "REM". Expected: Character that starts a '
      + 'comment line',
  ],
  [
    'a string instead of a boolean',
    { file_format: { quoted_nulls: 'yes' } },
    'VALUE_INVALID: Lake: file_format.quoted_nulls of dataset "fda-cder" is "yes". Expected: Whether the empty string',
  ],
  [
    'a negative number of lines',
    { file_format: { skip_rows: -1 } },
    'VALUE_INVALID: Lake: file_format.skip_rows of dataset "fda-cder" is -1. Expected: Number of lines to skip '
      + 'before the header',
  ],
  [
    'too many records to skip',
    { file_format: { skip_footer: 10001 } },
    'VALUE_INVALID: Lake: file_format.skip_footer of dataset "fda-cder" is 10001. Expected: Number of records to '
      + 'skip at the end',
  ],
  [
    'a field width of 0',
    { file_format: { widths: [5, 0] } },
    'VALUE_INVALID: Lake: file_format.widths[1] of dataset "fda-cder" is 0. Expected: fixed_width: widths of the '
      + 'fields',
  ],
  [
    'a number format with other digits',
    { file_format: { number_format: '9.999,99' } },
    'FORMAT_INVALID: Lake: file_format.number_format of dataset "fda-cder" is "9.999,99". Expected: Format of numbers',
  ],
  [
    'an empty path to records',
    { file_format: { records: '' } },
    'VALUE_INVALID: Lake: file_format.records of dataset "fda-cder" is "". Expected: json: path to the list of records',
  ],
  [
    'an unknown column type',
    { column_schema: { products: { 'A/B ~1': { type: 'int' } } } },
    'DATA_TYPE_INVALID: Lake: column_schema.products.A/B ~1.type of dataset "fda-cder" is "int". Expected: Data '
      + 'type: string, bigint, double, decimal(p,s), boolean, date or timestamp.',
  ],
  [
    'a decimal with a precision of 39',
    { column_schema: { products: { Price: { type: 'decimal(39,2)' } } } },
    'DATA_TYPE_INVALID: Lake: column_schema.products.Price.type of dataset "fda-cder" is "decimal(39,2)".',
  ],
  [
    'a column name that is not snake_case',
    { column_schema: { products: { Zip: { target_name: 'Zip Code' } } } },
    'VALUE_INVALID: Lake: column_schema.products.Zip.target_name of dataset "fda-cder" is "Zip Code". '
      + 'Expected: Name of a column in its table: snake_case',
  ],
  [
    'a column name that starts with meta_',
    { column_mappings: { Run: 'meta_run_id' } },
    'VALUE_INVALID: Lake: column_mappings.Run of dataset "fda-cder" is "meta_run_id". Expected: Name of a column in '
      + 'its table',
  ],
  [
    'an empty format',
    { column_schema: { products: { Day: { format: '' } } } },
    'FORMAT_INVALID: Lake: column_schema.products.Day.format of dataset "fda-cder" is "". Expected: Format of the '
      + 'values',
  ],
  [
    'a column without a name',
    { column_schema: { products: { '': { type: 'date' } } } },
    'VALUE_INVALID: Lake: column_schema.products of dataset "fda-cder" has the invalid key "". Expected: Names, data '
      + 'types, formats and descriptions of columns',
  ],
  [
    'a column that is not an object',
    { column_schema: { products: { Day: 'date' } } },
    'VALUE_INVALID: Lake: column_schema.products.Day of dataset "fda-cder" is "date". Expected: Name, data type, '
      + 'format and description of a column, and whether it is optional.',
  ],
  [
    'a business key without columns',
    { business_key: [] },
    'VALUE_INVALID: Lake: business_key of dataset "fda-cder" is []. Expected: List of column names, as in the '
      + 'table. For example: ["zip_code"].',
  ],
  [
    'a duplicate column',
    { business_key: ['a', 'a'] },
    'DUPLICATE_VALUE: Lake: business_key of dataset "fda-cder" is ["a","a"], which contains a duplicate. '
      + 'Expected: List of column names, as in the table.',
  ],
  [
    'a string instead of a list of columns',
    { business_keys: { products: 'ndc' } },
    'VALUE_INVALID: Lake: business_keys.products of dataset "fda-cder" is "ndc". Expected: List of column '
      + 'names, as in the table.',
  ],
  [
    'an empty column name',
    { data_quality: { required_columns: { products: ['ndc', ''] } } },
    'VALUE_INVALID: Lake: data_quality.required_columns.products[1] of dataset "fda-cder" is "". Expected: '
      + 'List of column names, as in the table.',
  ],
  [
    'a string instead of required columns',
    { data_quality: { required_columns: 'ndc' } },
    'VALUE_INVALID: Lake: data_quality.required_columns of dataset "fda-cder" is "ndc". Expected: Columns '
      + 'that must exist in the source and must rarely be null, as named in the table',
  ],
  [
    'a negative number of rows',
    { data_quality: { expected_record_count_min: -1 } },
    'VALUE_INVALID: Lake: data_quality.expected_record_count_min of dataset "fda-cder" is -1. Expected: Number of '
      + 'rows.',
  ],
  [
    'a negative number of rows of a table',
    { data_quality: { expected_record_count_min: { products: -1 } } },
    'VALUE_INVALID: Lake: data_quality.expected_record_count_min.products of dataset "fda-cder" is -1. '
      + 'Expected: Number of rows.',
  ],
  [
    'a string instead of a number of rows',
    { data_quality: { expected_record_count_min: 'many' } },
    'VALUE_INVALID: Lake: data_quality.expected_record_count_min of dataset "fda-cder" is "many". Expected: '
      + 'Minimum number of rows of a table: a number for all tables, or',
  ],
])('%s: the error contains the complete key, the value and the closest description', (_, wrong, message) => {
  expect(() => checkDocument(new Stack(undefined, 'Lake'), { ...DOCUMENT, ...wrong })).toThrow(message);
});

/** A secret value, which must not appear in build logs. */
const PASTED = 'sk live 0123456789abcdef';

test.each<[string, object, string]>([
  ['a secret', { auth: { type: 'bearer', secret: PASTED } }, 'auth.secret'],
  ['a secret instead of auth', { auth: PASTED }, 'auth'],
  ['a secret in a list', { auth: { type: 'bearer', secret: [PASTED] } }, 'auth.secret'],
  [
    'a parameter of a token request',
    { auth: { type: 'bearer', secret: 'a', token_params: { key: [PASTED] } } },
    'auth.token_params.key',
  ],
  [
    'a string instead of token_params',
    { auth: { type: 'bearer', secret: 'a', token_params: PASTED } },
    'auth.token_params',
  ],
  ['a header value', { headers: { Authorization: `${PASTED}\n` } }, 'headers.Authorization'],
  ['a string instead of headers', { headers: PASTED }, 'headers'],
  [
    'a header of an endpoint',
    { api_endpoints: { a: { url: 'https://example.org', headers: { 'X-Key': [PASTED] } } } },
    'api_endpoints.a.headers.X-Key',
  ],
])('the error redacts %s', (_, wrong, key) => {
  const check = () => checkDocument(new Stack(undefined, 'Lake'), { ...DOCUMENT, ...wrong });
  expect(check).toThrow(
    `VALUE_INVALID: Lake: ${key} of dataset "fda-cder" is invalid (value redacted, because it may be a `
      + 'secret). Expected: ',
  );
  expect(check).not.toThrow(new RegExp('0123456789abcdef'));
});

test.each<[string, object, string]>([
  [
    'an unknown type of auth',
    { auth: { type: 'digest', secret: 'a' } },
    'VALUE_INVALID: Lake: auth.type of dataset "fda-cder" is "digest". Expected: bearer: a token in the '
      + 'Authorization header.',
  ],
  [
    'an auth without a secret',
    { auth: { type: 'bearer' } },
    'SETTING_REQUIRED: Lake: auth of dataset "fda-cder" has no secret. Set secret.',
  ],
  [
    'a secret in an unknown key',
    { auth: { type: 'bearer', secret: 'a', token: PASTED } },
    'UNKNOWN_KEY: Lake: auth of dataset "fda-cder" has the unknown key "token". ',
  ],
  [
    'an invalid header name',
    { headers: { 'A B': 'c' } },
    'VALUE_INVALID: Lake: headers of dataset "fda-cder" has the invalid key "A B". Expected: Headers',
  ],
  [
    'an endpoint without a URL',
    { api_endpoints: { a: { records: 'data' } } },
    'SETTING_REQUIRED: Lake: api_endpoints.a of dataset "fda-cder" has no url. Set url.',
  ],
  [
    'an endpoint with a misspelled key',
    { api_endpoints: { a: { url: 'https://example.org', record: 'data' } } },
    'UNKNOWN_KEY: Lake: api_endpoints.a of dataset "fda-cder" has the unknown key "record". Did you mean "records"? '
      + 'Known keys: url, method,',
  ],
  [
    'an endpoint with an S3 URL',
    { api_endpoints: { a: 's3://vendor/a' } },
    'VALUE_INVALID: Lake: api_endpoints.a of dataset "fda-cder" is "s3://vendor/a". Expected: An http:// or https:// '
      + 'URL',
  ],
  [
    'an unknown pagination type',
    { api_endpoints: { a: { url: 'https://example.org', pagination: 'pages' } } },
    'VALUE_INVALID: Lake: api_endpoints.a.pagination of dataset "fda-cder" is "pages". Expected: auto: follows a link',
  ],
  [
    'a rate limit of 0 requests',
    { rate_limit: { requests: 0 } },
    'VALUE_INVALID: Lake: rate_limit.requests of dataset "fda-cder" is 0. Expected: Maximum number of requests in '
      + 'the period.',
  ],
  [
    'an unknown value of source_files',
    { source_files: 'oldest' },
    'VALUE_INVALID: Lake: source_files of dataset "fda-cder" is "oldest". Expected: Which files to load',
  ],
  [
    'an S3 URL without a path',
    { source_url: 's3://vendor' },
    'URL_INVALID: Lake: source_url of dataset "fda-cder" is "s3://vendor". Expected: An http:// or https:// URL',
  ],
  [
    'two connections',
    { connection: 'one, two' },
    'VALUE_INVALID: Lake: connection of dataset "fda-cder" is "one, two". Expected: Name of the Glue connection',
  ],
])('%s is a schema error', (_, wrong, message) => {
  expect(() => checkDocument(new Stack(undefined, 'Lake'), { ...DOCUMENT, ...wrong })).toThrow(message);
});

test('a token does not hide other invalid values', () => {
  const scope = new Stack(undefined, 'Lake');
  const text = new CfnParameter(scope, 'Text').valueAsString;
  const unknown: Partial<DatasetDocument> = { source_url: [text], business_key: [text] };
  expect(() => checkDocument(scope, { ...DOCUMENT, ...unknown })).not.toThrow();
  expect(() => checkDocument(scope, { ...DOCUMENT, ...unknown, source_url: text })).not.toThrow();
  expect(() => checkDocument(scope, { ...DOCUMENT, ...unknown, source_url: [text, 'no URL'] })).toThrow(
    'URL_INVALID: Lake: source_url[1] of dataset "fda-cder" is "no URL".',
  );
  expect(() => checkDocument(scope, { ...DOCUMENT, ...unknown, date_format: '?' })).toThrow(
    'FORMAT_INVALID: Lake: date_format of dataset "fda-cder" is "?".',
  );
});

type TokenCase = [name: string, wrong: (list: string[], number: number) => Partial<DatasetDocument>, message: string];
test.each<TokenCase>([
  ['a list', list => ({ source_url: list }), 'source_url of dataset "fda-cder" is a list that is only known'],
  ['a copied list', list => ({ business_key: [...list] }), 'business_key of dataset "fda-cder" is a list that'],
  [
    'an element from a list',
    list => ({ business_key: ['ndc', list[0]] }),
    'business_key[1] of dataset "fda-cder" contains a list that is only known at deployment. '
      + 'Write the list in the code',
  ],
  [
    'a list in an object',
    list => ({ data_quality: { required_columns: list } }),
    'data_quality.required_columns of dataset "fda-cder" is a list that',
  ],
  [
    'a list per table',
    list => ({ data_quality: { required_columns: { products: list } } }),
    'data_quality.required_columns.products of dataset "fda-cder" is a list that',
  ],
  [
    'a list in a text',
    list => ({ description: `Files of ${list}` }),
    'description of dataset "fda-cder" contains a list',
  ],
  [
    'a list as a name',
    list => ({ column_mappings: { [list[0]]: 'a' } }),
    'column_mappings of dataset "fda-cder" has a name',
  ],
  ['a number', (_, number) => ({ lookback_days: number }), 'lookback_days of dataset "fda-cder" is a number that is'],
  [
    'a number in an object',
    (_, number) => ({ data_quality: { expected_record_count_min: number } }),
    'data_quality.expected_record_count_min of dataset "fda-cder" is a number that is only known at deployment. '
      + 'Write the number in the code.',
  ],
  [
    'a number in a text',
    (_, number) => ({ source_url: `https://example.org/${number}.csv` }),
    'source_url of dataset "fda-cder" contains a number that is only known at deployment.',
  ],
])('%s that is only known at deployment is an error', (_, wrong, message) => {
  const scope = new Stack(undefined, 'Lake');
  const list = new CfnParameter(scope, 'List', { type: 'CommaDelimitedList' }).valueAsList;
  const number = new CfnParameter(scope, 'Number', { type: 'Number' }).valueAsNumber;
  expect(() => checkDocument(scope, { ...DOCUMENT, ...wrong(list, number) })).toThrow(
    `TOKEN_NOT_ALLOWED: Lake: ${message}`,
  );
});
