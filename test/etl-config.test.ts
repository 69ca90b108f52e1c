import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { EtlConfig, EtlCore, EtlCoreProps, GlueVersion, TableFormat, WorkerType } from '../src';
import { templateOf } from './assembly';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'etl-config-')); });
afterEach(() => rmSync(folder, { recursive: true }));

function read(text: string | Buffer | object): EtlConfig {
  const file = path.join(folder, 'config.json');
  writeFileSync(file, typeof text === 'string' || Buffer.isBuffer(text) ? text : JSON.stringify(text));
  return EtlConfig.fromFile(file);
}

/** The message of the error, with the name of the file instead of its path. */
function failure(text: string | Buffer | object): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message.replace(/\S*config\.json/g, 'config.json');
  }
  throw new Error('no error was thrown');
}

const DOCUMENT = {
  $schema: '../node_modules/cdk-glue-medallion/glue-templates/config.schema.json',
  etl_resource_prefix: 'pp-dw',
  database_prefix: 'lake',
  table_format: 'iceberg',
  lineage: true,
  lake_formation: true,
  retention: { snapshot_hours: 48 },
  max_dpu_hours_per_month: 200,
  glue_defaults: {
    version: '6.0',
    timeout_minutes: 45,
    max_retries: 0,
    default_arguments: { '--enable-metrics': 'true' },
  },
  glue_worker_configs: {
    small: { number_of_workers: 3, auto_scaling: true, flex: true },
    xlarge: { worker_type: 'G.4X', timeout_minutes: 300 },
  },
};
const PROPS: EtlCoreProps = {
  resourcePrefix: 'pp-dw',
  databasePrefix: 'lake',
  tableFormat: TableFormat.ICEBERG,
  lineage: true,
  lakeFormation: true,
  retention: { snapshots: Duration.days(2) },
  maxDpuHoursPerMonth: 200,
  glueDefaults: {
    version: GlueVersion.V6_0,
    timeout: Duration.minutes(45),
    maxRetries: 0,
    defaultArguments: { '--enable-metrics': 'true' },
  },
  glueWorkerConfigs: {
    small: { numberOfWorkers: 3, autoScaling: true, flex: true },
    xlarge: { workerType: WorkerType.G_4X, timeout: Duration.minutes(300) },
  },
};

test('a file and the same props result in the same core', () => {
  const cores = [read(DOCUMENT), PROPS].map(props => new EtlCore(new Stack(new App(), 'Lake'), 'Core', props));
  const [ofFile, ofProps] = cores.map(core => ({
    template: templateOf(Stack.of(core)),
    tableFormat: core.tableFormat,
    lineage: core.lineage,
    lakeFormation: core.lakeFormation,
    snapshotHours: core.snapshotRetention.toHours(),
  }));
  expect(ofFile).toEqual(ofProps);
});

test('only the prefix is required', () => {
  const { resourcePrefix, ...others } = read({ etl_resource_prefix: 'pp-dw' });
  expect(resourcePrefix).toBe('pp-dw');
  expect(Object.values(others).filter(value => value !== undefined)).toEqual([]);
});

test.each([
  ['a byte-order mark', Buffer.from('\ufeff{"etl_resource_prefix": "pp-dw"}')],
])('%s is ignored', (_name, content) => {
  expect(read(content).resourcePrefix).toBe('pp-dw');
});

test.each<[string, string | Buffer | object, string]>([
  [
    'a trailing comma',
    '{\n  "etl_resource_prefix": "pp-dw",\n}',
    'JSON_INVALID: config.json:2:33: the file is not valid JSON: a comma after the last value. Remove this comma.',
  ],
  [
    'a comment',
    '{\n  // mine\n  "etl_resource_prefix": "pp-dw"\n}',
    'JSON_INVALID: config.json:2:3: the file is not valid JSON: invalid comment token.',
  ],
  ['an empty file', '', 'JSON_INVALID: config.json:1:1: the file is not valid JSON: value expected.'],
  [
    'a list',
    '[]',
    'JSON_INVALID: config.json: the file is not a JSON object. Start the file with { and end it with }.',
  ],
  [
    'a file that is not encoded in UTF-8',
    Buffer.from([0x7b, 0xff, 0xfe]),
    'FILE_UNREADABLE: config.json: the file cannot be read: The encoded data was not valid for encoding utf-8.',
  ],
  ['no prefix', {}, 'SETTING_REQUIRED: config.json: the file has no etl_resource_prefix. Set etl_resource_prefix.'],
  [
    'a duplicate key',
    '{"etl_resource_prefix": "a",\n"etl_resource_prefix": "b"}',
    'DUPLICATE_KEY: config.json:2:1: /etl_resource_prefix is set twice. Remove one of them.',
  ],
  [
    'a misspelled key',
    '{"etl_resource_prefix": "a",\n "database_prefx": "b"}',
    'UNKNOWN_KEY: config.json:2:20: /database_prefx is not a known key. Did you mean "database_prefix"?',
  ],
  [
    'a misspelled nested key',
    '{"etl_resource_prefix": "a",\n "glue_defaults": {"max_retrys": 1}}',
    'UNKNOWN_KEY: config.json:2:34: /glue_defaults/max_retrys is not a known key. Did you mean "max_retries"?',
  ],
  [
    'an invalid value',
    '{"etl_resource_prefix": "a",\n "glue_worker_configs": {\n  "small": {"number_of_workers": "2"}}}',
    'VALUE_INVALID: config.json:3:34: /glue_worker_configs/small/number_of_workers is "2". Expected: Number '
      + 'of workers of a run, including the driver: 2 to 299, or 2 to 149 with G.2X. With auto_scaling, it is the '
      + 'maximum. For example: 3.',
  ],
])('%s is an error with its code, line, JSON pointer and what to do', (_, text, message) => {
  expect(failure(text)).toContain(`1 problem in 1 file:\n  ${message}`);
});

test('all problems are reported at once', () => {
  expect(
    failure(
      '{"etl_resource_prefix": "A",\n "glue_defaults": {"version": 5,\n "max_retries": 11},\n "database_prefx": "b"}',
    ).split('\n'),
  ).toHaveLength(5);
});

test('the error for a file that does not exist names the file', () => {
  expect(() => EtlConfig.fromFile(path.join(folder, 'no.json'))).toThrow('no.json: the file cannot be read: ENOENT');
});

test('a byte order mark is allowed', () => {
  expect(read(`\uFEFF${JSON.stringify({ etl_resource_prefix: 'pp-dw' })}`).resourcePrefix).toBe('pp-dw');
});

test('an unknown key is a warning', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
  read({ etl_resource_prefix: 'pp-dw', our_team: 'data' });
  expect(warn.mock.calls).toEqual([
    [
      expect.stringContaining(
        'config.json:1:43: /our_team is an unknown key and is ignored. The closest known key is "',
      ),
      'EtlConfig',
    ],
  ]);
});
