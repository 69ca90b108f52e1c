import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { datasetSchema } from '../../../src/private/document/dataset-schema';
import { configSchema } from '../../../src/private/document/glue-settings';
import { ConfigFile } from '../../../src/private/files/config-file';
import { jsonPointer, pathInFile } from '../../../src/private/files/edit';
import { normalize } from '../../../src/private/files/normalize';

type Document = { [key: string]: unknown };

const edits = (document: Document, schema = datasetSchema()) =>
  normalize(document, schema).edits.map(({ path: where, target, newValue, severity }) =>
    [jsonPointer(where), target, newValue, severity]);

const unused = (document: Document, schema = datasetSchema()) =>
  normalize(document, schema).unusedKeys.map(key =>
    [jsonPointer(key.path), ...key.severity === 'none' ? [] : [key.severity, key.remedy]]);

test.each<[string, Document, Document]>([
  ['source_datasets', { source_datasets: 'bronze/a' }, { source_datasets: ['bronze/a'] }],
  ['outputs', { outputs: 'a' }, { outputs: ['a'] }],
  ['business_key', { business_key: 'id' }, { business_key: ['id'] }],
  ['business_keys of a table', { business_keys: { a: 'id' } }, { business_keys: { a: ['id'] } }],
  [
    'columns of a history',
    { history: { business_key: 'id', compare: 'a', exclude: 'b' } },
    { history: { business_key: ['id'], compare: ['a'], exclude: ['b'] } },
  ],
  ['required_columns', { data_quality: { required_columns: 'id' } }, { data_quality: { required_columns: ['id'] } }],
  [
    'required_columns of a table',
    { data_quality: { required_columns: { a: 'id' } } },
    { data_quality: { required_columns: { a: ['id'] } } },
  ],
  ['optional_columns', { data_quality: { optional_columns: 'id' } }, { data_quality: { optional_columns: ['id'] } }],
  [
    'lists of a file format',
    { file_format: { null_values: 'NA', column_names: 'id' } },
    { file_format: { null_values: ['NA'], column_names: ['id'] } },
  ],
  [
    'column_names of an endpoint',
    { api_endpoints: { a: { url: 'https://a.b/c', column_names: 'id' } } },
    { api_endpoints: { a: { url: 'https://a.b/c', column_names: ['id'] } } },
  ],
])('a text is a list of one, without a warning: %s', (_, document, expected) => {
  const normalized = normalize(document, datasetSchema());
  expect(normalized.document).toEqual(expected);
  expect(normalized.edits.map(({ severity }) => severity)).not.toContain('warning');
});

test.each<[string, Document]>([
  ['a value that can be a text', { source_url: 'https://a.b/c', api_endpoints: { a: 'https://a.b/c' } }],
  ['the body of a request', { api_endpoints: { a: { url: 'https://a.b/c', body: { 'a-b': 'c', '_id': 'x' } } } }],
  [
    'headers and parameters',
    { headers: { _x: 'a' }, api_endpoints: { a: { url: 'a', params: { '//': 'b', 'a-b': 1 } } } },
  ],
  ['a file and its table', { file_table_mapping: { 'a-b.csv': 'a_b' } }],
  ['the columns of a table', { column_schema: { a: { 'A-B': { type: 'date' }, '_id': { type: 'string' } } } }],
  ['the names of columns', { column_mappings: { _id: 'id', notes: 'notes' } }],
  ['a list of numbers', { file_format: { widths: 5 } }],
  ['an empty text', { business_key: '' }],
  ['a table that is named as a note', { business_keys: { notes: ['id'] }, column_schema: { notes: {} } }],
])('%s stays as it is', (_, document) => {
  expect(normalize(document, datasetSchema())).toEqual({ document, edits: [], unusedKeys: [] });
});

test('hyphens in the names of tables become underscores, also in keys by table, with a warning', () => {
  const document = {
    file_table_mapping: { 'a.txt': 'a-b', 'c.txt': 'c' },
    outputs: ['a-b'],
    api_endpoints: { 'a-b': { url: 'u' }, 'c': { url: 'u', for_each: { endpoint: 'a-b', field: 'id' } } },
    column_schema: { 'a-b': { 'X-Y': { type: 'date' } } },
    column_descriptions: { 'a-b': { 'X-Y': 'a' } },
    business_keys: { 'a-b': ['id'] },
    data_quality: { required_columns: { 'a-b': ['id'] }, expected_record_count_min: { 'a-b': 1 } },
    file_format: { column_names: { 'a-b': ['id'] } },
  };
  expect(JSON.stringify(normalize(document, datasetSchema()).document)).toBe(
    JSON.stringify(document).replaceAll('a-b', 'a_b'),
  );
  expect(edits(document)).toEqual([
    ['/file_table_mapping/a.txt', 'value', 'a_b', 'warning'],
    ['/outputs/0', 'value', 'a_b', 'warning'],
    ['/api_endpoints/a-b', 'key', 'a_b', 'warning'],
    ['/api_endpoints/c/for_each/endpoint', 'value', 'a_b', 'warning'],
    ['/column_schema/a-b', 'key', 'a_b', 'warning'],
    ['/column_descriptions/a-b', 'key', 'a_b', 'warning'],
    ['/business_keys/a-b', 'key', 'a_b', 'warning'],
    ['/data_quality/required_columns/a-b', 'key', 'a_b', 'warning'],
    ['/data_quality/expected_record_count_min/a-b', 'key', 'a_b', 'warning'],
    ['/file_format/column_names/a-b', 'key', 'a_b', 'warning'],
  ]);
});

test('a text with the name of a table becomes a list with the corrected name', () => {
  expect(edits({ outputs: 'a-b' })).toEqual([['/outputs', 'value', ['a_b'], 'warning']]);
});

test('a name with hyphens stays if the name with underscores exists', () => {
  expect(edits({ business_keys: { 'a-b': ['x'], 'a_b': ['y'] } })).toEqual([]);
  expect(edits({ file_table_mapping: { 'A.csv': 'a-b', 'B.csv': 'a_b' } })).toEqual([]);
  expect(edits({ outputs: ['a-b', 'a_b'] })).toEqual([]);
});

test('a misspelled key is an error, and its values are checked under the known key', () => {
  expect(edits({ column_schema: { a: { X: { fromat: 'yyyy' } } }, history: { busness_key: 'id' } })).toEqual([
    ['/column_schema/a/X/fromat', 'key', 'format', 'error'],
    ['/history/busness_key', 'key', 'business_key', 'error'],
    ['/history/busness_key', 'value', ['id'], 'none'],
  ]);
  expect(normalize({ history: { busness_key: 'id' } }, datasetSchema()).document)
    .toEqual({ history: { business_key: ['id'] } });
});

test.each([
  ['dataSizeCategory', 'data_size_category'], ['data-size-category', 'data_size_category'],
  ['Source_Url', 'source_url'], ['source_urls', 'source_url'], ['shcedule', 'schedule'], ['sqll', 'sql'],
])('%s is a misspelled %s', (key, known) => {
  expect(edits({ [key]: 1 })).toEqual([[`/${key}`, 'key', known, 'error']]);
});

test.each([
  'lookback_hours', 'business_name', 'source_name', 'source_database', 'business_date', 'worker_size', 'lookback_weeks',
  'schedule_id', 'dataset_owner', 'output_format',
])('%s is an unknown key, although a known key has the same first word', key => {
  expect(edits({ [key]: 1 })).toEqual([]);
  expect(unused({ [key]: 1 })).toEqual([[`/${key}`, 'warning', expect.any(String)]]);
});

test('a misspelled key next to the known key is an error', () => {
  expect(unused({ schedule: { expression: 'rate(1 day)', expresion: 'x' } })).toEqual([
    ['/schedule/expresion', 'error', 'Remove it: "expression" is also set.'],
  ]);
});

test('an unknown key that resembles no known key is a warning with the closest known key, at any depth', () => {
  expect(unused({ our_team: 'x', schedule: { expression: 'rate(1 day)', backfill: true } })).toEqual([
    ['/our_team', 'warning', expect.stringMatching(/^The closest known key is "\w+"\.$/)],
    ['/schedule/backfill', 'warning', expect.stringMatching(/^The closest known key is "(enabled|timezone|\w+)"\.$/)],
  ]);
});

test('notes are accepted in every object, and are not part of the document', () => {
  const notes = { 'description': 'a', 'comment': 'b', 'notes': 'c', '_d': 'd', '//': 'e', '//f': { g: 1 } };
  const document = {
    ...notes,
    $schema: 'x',
    schedule: { expression: 'rate(1 day)', ...notes },
    column_schema: { _: 'about tables', a: { '//': 'about columns', 'X': { type: 'date', ...notes } } },
    business_keys: { _why: 'x', a: ['id'] },
    api_endpoints: { _c: 'https://a.b/c', e: { url: 'u', ...notes } },
  };
  const normalized = normalize(document, datasetSchema());
  expect(normalized.document).toEqual({
    description: 'a',
    schedule: { expression: 'rate(1 day)' },
    column_schema: { a: { X: { type: 'date', description: 'a' } } },
    business_keys: { a: ['id'] },
    api_endpoints: { e: { url: 'u' } },
  });
  expect(normalized.unusedKeys.every(({ severity }) => severity === 'none')).toBe(true);
  expect(normalized.edits).toEqual([]);
});

test.each<[string, Document, RegExp]>([
  ['a nested layer', { schedule: { expression: 'rate(1 day)', layer: 'gold' } }, /source_datasets/],
  ['tables', { tables: ['a'] }, /file_table_mapping, api_endpoints or outputs/],
  ['output_table', { output_table: 'a' }, /outputs/],
  ['dependencies', { dependencies: ['a'] }, /Use source_datasets/],
  ['rrf_columns', { rrf_columns: {} }, /file_format\.column_names/],
  ['source_url_pattern', { source_url_pattern: 'a' }, /Use source_url, with the run date/],
  ['api_base_url', { api_base_url: 'a' }, /complete URL of each endpoint/],
  ['temporal_config', { temporal_config: {} }, /Use history/],
  ['python_version', { python_version: '3.9' }, /glue_version/],
  ['logging_arguments', { logging_arguments: {} }, /glue_defaults\.default_arguments/],
])('the warning about %s says what to use instead', (_, document, remedy) => {
  expect(unused(document)).toEqual([[expect.any(String), 'warning', expect.stringMatching(remedy)]]);
});

test('the keys of other tools in the file of the core have specific warnings, or are renamed', () => {
  const document = {
    python_version: '3.11',
    glue_defaults: { python_version: '3.11', logging_arguments: {} },
    worker_configs: { small: { description: 'small files', number_of_workers: 2 } },
  };
  expect(unused(document, configSchema()).map(([pointer, severity]) => [pointer, severity])).toEqual([
    ['/python_version', 'warning'], ['/glue_defaults/python_version', 'warning'],
    ['/glue_defaults/logging_arguments', 'warning'], ['/worker_configs/small/description', undefined],
  ]);
  expect(edits(document, configSchema())).toEqual([['/worker_configs', 'key', 'glue_worker_configs', 'warning']]);
});

test('the layer of a dataset is a known key', () => {
  expect(normalize({ layer: 'gold' }, datasetSchema())).toMatchObject({ document: { layer: 'gold' }, unusedKeys: [] });
});

test('a path in the document leads to the value in the file', () => {
  const { edits: made } = normalize({ busness_keys: { 'a-b': 'id' } }, datasetSchema());
  expect(pathInFile(['business_keys', 'a_b', 0], made)).toEqual(['busness_keys', 'a-b']);
  expect(pathInFile(['dataset'], made)).toEqual(['dataset']);
});

test('of a duplicate key, only the last value is edited, and the lines before it stay', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'edits-'));
  try {
    const file = path.join(folder, 'config.json');
    const first = '{"business_key": [\n "a",\n "b"\n],\n';
    writeFileSync(file, `${first}"business_key": "c"}`);
    const config = ConfigFile.read(file, datasetSchema());
    expect(config.editedText).toBe(`${first}"business_key": ["c"]}`);
    expect(config.changedLines.map(({ line }) => line)).toEqual([5]);
    expect(config.problems.map(({ code }) => code)).toEqual(['DUPLICATE_KEY']);
    writeFileSync(file, config.editedText);
    expect(ConfigFile.read(file, datasetSchema()).changedLines).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that is nested too deeply is invalid', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'edits-'));
  try {
    const file = path.join(folder, 'config.json');
    writeFileSync(file, `{"dataset": "[[", "x": ${'['.repeat(20_000)}`);
    expect(ConfigFile.read(file, datasetSchema()).problems.map(({ code, found }) => [code, found])).toEqual([
      ['JSON_INVALID', 'is nested more than 200 levels deep'],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the edited text of a file differs only in the edits, and has no edits itself', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'edits-'));
  try {
    const file = path.join(folder, 'config.json');
    const text = '{\n\t"busness_keys": { "a-b" : "id" },   "_note": "kept",\n "our_team": 1, '
      + '"outputs": ["a-b", "c"]\n}\n';
    writeFileSync(file, text);
    const { editedText } = ConfigFile.read(file, datasetSchema());
    expect(editedText).toBe('{\n\t"business_keys": { "a_b" : ["id"] },   "_note": "kept",\n "our_team": 1, '
      + '"outputs": ["a_b", "c"]\n}\n');
    writeFileSync(file, editedText);
    expect(ConfigFile.read(file, datasetSchema()).edits).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
