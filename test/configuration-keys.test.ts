import { filesBelow, readText, tableRows } from './documentation-pages';

type Properties = { readonly [key: string]: unknown };
interface Schema {
  readonly required: string[];
  readonly properties: Properties;
  readonly $defs: { readonly [name: string]: { readonly properties: Properties } };
}

const PAGE = 'docs/reference/configuration-keys.md';
const DATASET = JSON.parse(readText('glue-templates/dataset.schema.json')) as Schema;
const PIPELINE = JSON.parse(readText('glue-templates/pipeline.schema.json')) as Schema;
const CONFIG = JSON.parse(readText('glue-templates/config.schema.json')) as Schema;

/**
 * Interfaces of the public API, and the properties of the JSON Schema that correspond to their props.
 *
 * `at` is the path of these properties in the document.
 */
interface Pair {
  readonly at: string;
  readonly interfaces: string[];
  readonly keys: Properties;
}

const PAIRS: Pair[] = [
  {
    at: '',
    interfaces: ['LakeDatasetProps', 'BronzeDatasetProps', 'DerivedDatasetProps', 'S3SourceOptions'],
    keys: DATASET.properties,
  },
  { at: '', interfaces: ['EtlCorePrefixes', 'EtlCoreProps'], keys: CONFIG.properties },
  { at: '', interfaces: ['EtlPipelineProps'], keys: PIPELINE.properties },
  { at: 'schedule.', interfaces: ['ScheduleOptions'], keys: PIPELINE.$defs.schedule.properties },
  { at: 'retention.', interfaces: ['LakeRetention'], keys: CONFIG.$defs.retention.properties },
  { at: 'glue_defaults.', interfaces: ['GlueDefaults'], keys: CONFIG.$defs.glue_defaults.properties },
  { at: 'glue_worker_configs.<size>.', interfaces: ['GlueWorkerConfig'], keys: CONFIG.$defs.worker_config.properties },
  ofDataset('data_quality', ['DataQuality']),
  ofDataset('schedule', ['ScheduleOptions']),
  ofDataset('freshness', ['Freshness']),
  ofDataset('history', ['History']),
  ofDataset('source_dates', []),
  ofDataset('column', ['ColumnSchema']),
  ofDataset('rate_limit', ['RateLimit']),
  ofDataset('for_each', ['ForEach', 'ForEachTable']),
  ofDataset('api_endpoint', ['ApiEndpoint']),
  ofDataset('file_format', ['TextOptions', 'CsvOptions', 'FixedWidthOptions', 'JsonOptions', 'JsonLinesOptions']),
  ofDataset('pagination', [
    'PagesOptions', 'JsonLinkOptions', 'PageSizeOptions', 'HeaderCursorOptions', 'CursorOptions', 'ScrollOptions',
    'RecordCursorOptions', 'OffsetOptions', 'PageNumberOptions',
  ]),
  ofDataset('auth', [
    'SecretOptions', 'BearerOptions', 'ApiKeyOptions', 'BasicOptions', 'OAuth2ClientCredentialsOptions',
  ]),
];

function ofDataset(name: string, interfaces: string[]): Pair {
  return { at: `${name}.`, interfaces, keys: DATASET.$defs[name].properties };
}

/** The props of each interface of the public API. */
const INTERFACES = new Map(filesBelow('src', '.ts').filter(file => !/private|cli/.test(file)).flatMap(file =>
  [...readText(file).matchAll(/^export interface (\w+)[^{]*\{(?:\}$|\n([^]*?)^\})/gm)].map(([, name, body]): [string, string[]] =>
    [name, [...(body ?? '').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, prop]) => prop)])));

function propsOf({ interfaces }: Pair): string[] {
  return [...new Set(interfaces.flatMap(name => INTERFACES.get(name)!))];
}

function snakeCase(prop: string): string {
  return prop.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

const ROWS = tableRows(PAGE, 'prop').map(row => row.split('|'));

test('configuration-keys.md lists exactly the props without a key of the same name', () => {
  const differing = PAIRS.flatMap(pair => propsOf(pair).filter(prop => !(snakeCase(prop) in pair.keys)));
  const withoutKey = tableRows(PAGE, 'construct').flatMap(row => codeIn(row.split('|')[2]));
  const listed = [...ROWS.map(([, prop]) => codeIn(prop)[0].replace(/^.*\./, '')), ...withoutKey];
  const props = [...INTERFACES.values()].flat();
  // `schedule` has the key `schedule`; its row shows the key of the expression. Rows about classes have no prop.
  expect(new Set(listed.filter(name => props.includes(name) && name !== 'schedule'))).toEqual(new Set(differing));
});

test('configuration-keys.md lists exactly the keys without a prop of the same name', () => {
  const differing = PAIRS.flatMap(pair => Object.keys(pair.keys)
    .filter(key => !propsOf(pair).map(snakeCase).includes(key)).map(key => pair.at + key));
  const listed = ROWS.filter(([, , key]) => !key.includes('no key')).map(([, , key]) => codeIn(key)[0]);
  // Each of these keys belongs to two props, and one of them has the same name.
  const withTwoProps = [
    'data_quality.required_columns', 'data_quality.expected_record_count_min', 'api_endpoints.<name>.for_each',
    'file_format.column_names',
  ];
  expect(new Set(listed.filter(key => !withTwoProps.includes(key)))).toEqual(new Set(differing));
});

test('configuration-keys.md lists exactly the keys of a pipeline, and which are required', () => {
  const rows = tableRows(PAGE, 'key').map(row => row.split('|'));
  expect(rows.map(([, key]) => codeIn(key)[0]).sort()).toEqual(Object.keys(PIPELINE.properties).sort());
  expect(rows.filter(([, , , defaultValue]) => defaultValue.trim() === 'required').map(([, key]) => codeIn(key)[0]))
    .toEqual(PIPELINE.required);
});
