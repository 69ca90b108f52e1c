import * as path from 'path';
import { medallionIn } from './app-fixture';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';
import { onTerminal } from './terminal';
import { displayWidth } from '../../src/cli/display-width';
import { Value } from '../../src/cli/intrinsics';
import { jobPrice } from '../../src/cli/job-cost';

const SMALL = { WorkerType: 'G.1X', NumberOfWorkers: 2, Timeout: 30, MaxRetries: 1 };
const MAIN = path.join(__dirname, '..', '..', 'src', 'cli', 'main.ts');
const folder = temporaryFolder();

/** Writes an assembly. `jobs` has the properties of each job, keyed by dataset. */
function assemblyOf(jobs: Record<string, Record<string, Value>>): string {
  const resources = Object.fromEntries(Object.entries(jobs).map(([dataset, properties], index) =>
    [`Job${index}`, glueJob({ dataset, properties })]));
  return writeAssembly({ Datasets: { resources } });
}

const app = assemblyOf({
  zipcodes: SMALL,
  airports: { ...SMALL, GlueVersion: '6.0', WorkerType: 'G.2X', NumberOfWorkers: '10', Timeout: 240, MaxRetries: 0 },
  stations: { ...SMALL, Timeout: 45, ExecutionClass: 'FLEX' },
});

function list(assembly: string, ...args: string[]) {
  return medallionIn(folder, ['--app', assembly, 'list', ...args]);
}

test('list shows workers × DPU × timeout × (1 + retries) of each dataset', () => {
  expect(list(app).stdout).toBe([
    'dataset   layer   tables                 job                    stack     max DPU-hours',
    'zipcodes  bronze  pp_dw_bronze.zipcodes  pp-dw-bronze-zipcodes  Datasets              2',
    'airports  bronze  pp_dw_bronze.airports  pp-dw-bronze-airports  Datasets             80',
    'stations  bronze  pp_dw_bronze.stations  pp-dw-bronze-stations  Datasets              3',
    '',
  ].join('\n'));
  const datasets = JSON.parse(list(app, '--json').stdout) as object[];
  expect(datasets).toMatchObject([{ max_dpu_hours: 2 }, { max_dpu_hours: 80 }, { max_dpu_hours: 3 }]);
  expect(datasets[0]).not.toHaveProperty('max_price_usd');
});

test('--price shows example prices by Glue version and execution class, the total, and which prices were used', () => {
  expect(list(app, '--price').stdout).toBe([
    'dataset   layer   tables                 job                    stack     max DPU-hours  max USD',
    'zipcodes  bronze  pp_dw_bronze.zipcodes  pp-dw-bronze-zipcodes  Datasets              2     0.88',
    'airports  bronze  pp_dw_bronze.airports  pp-dw-bronze-airports  Datasets             80    24.64',
    'stations  bronze  pp_dw_bronze.stations  pp-dw-bronze-stations  Datasets              3     0.87',
    '',
    'One run of each dataset: at most 85 DPU-hours, 26.39 USD, including retries.',
    'Example prices: 0.44, 0.308, 0.29 USD per DPU-hour (us-east-1 in November 2026). The prices in your Region '
      + 'can differ. Set your price with --price USD.',
    '',
  ].join('\n'));
  expect(JSON.parse(list(app, '--price', '--json').stdout)).toMatchObject([
    { max_price_usd: 0.88 }, { max_price_usd: 24.64 }, { max_price_usd: 0.87 },
  ]);
});

test('--price USD applies to all datasets', () => {
  expect(list(app, '--price', '0.5').stdout.split('\n').slice(1, 7)).toEqual([
    expect.stringMatching(/ 2 +1\.00$/),
    expect.stringMatching(/ 80 +40\.00$/),
    expect.stringMatching(/ 3 +1\.50$/),
    '',
    'One run of each dataset: at most 85 DPU-hours, 42.50 USD, including retries.',
    'Price: 0.5 USD per DPU-hour.',
  ]);
});

test.each([
  ['5.0', 'G.1X', 'STANDARD', 0.44],
  ['5.1', 'G.8X', 'STANDARD', 0.44],
  ['5.0', 'G.2X', 'FLEX', 0.29],
  ['5.0', 'R.2X', 'STANDARD', 0.52],
  ['6.0', 'G.1X', 'STANDARD', 0.308],
  ['6.0', 'G.1X', 'FLEX', 0.203],
  ['6.0', 'R.1X', 'STANDARD', 0.364],
  ['7.0', 'G.1X', 'STANDARD', undefined],
  ['5.0', undefined, 'STANDARD', undefined],
  ['5.0', 'G.1X', undefined, undefined],
])('the example price of Glue %s, worker type %s and execution class %s is %s USD', (
  version, workerType, executionClass, price,
) => {
  expect(jobPrice(version, { workerType, executionClass })).toBe(price);
});

describe('settings that are only known at deployment', () => {
  const UNKNOWN: [string, Record<string, Value>][] = [
    ['WorkerType', { WorkerType: { Ref: 'Parameter' } }],
    ['NumberOfWorkers', { NumberOfWorkers: { Ref: 'Parameter' } }],
    ['Timeout', { Timeout: { 'Fn::ImportValue': 'timeout' } }],
    ['MaxRetries', { MaxRetries: { Ref: 'Parameter' } }],
  ];

  test.each(UNKNOWN)('%s: the usage and the price are empty, and not part of the total', (_, unknown) => {
    const assembly = assemblyOf({ known: SMALL, unknown: { ...SMALL, ...unknown } });
    const { code, stdout } = list(assembly, '--price');
    expect(code).toBe(0);
    expect(stdout).toMatch(/known +Datasets +2 +0\.88\n.*unknown +Datasets\n\nOne run/);
    expect(stdout).toContain('at most 2 DPU-hours, 0.88 USD, including retries. Not included because of unknown '
      + 'settings: 1 of 2 datasets.');
    expect(JSON.parse(list(assembly, '--json', '--price').stdout)[1]).toMatchObject({
      max_dpu_hours: null, max_price_usd: null,
    });
  });

  test.each<[string, Record<string, Value>]>([
    ['ExecutionClass', { ExecutionClass: { Ref: 'Parameter' } }],
    ['GlueVersion', { GlueVersion: { Ref: 'Parameter' } }],
  ])('%s: the usage is known, the example price is not', (_, unknown) => {
    const assembly = assemblyOf({ zipcodes: { ...SMALL, ...unknown } });
    expect(JSON.parse(list(assembly, '--json', '--price').stdout)).toMatchObject([
      { max_dpu_hours: 2, max_price_usd: null },
    ]);
    expect(JSON.parse(list(assembly, '--json', '--price', '0.4').stdout)).toMatchObject([{ max_price_usd: 0.8 }]);
    expect(list(assembly, '--price').stdout).toContain('Example prices: none');
  });
});

test.each([50, 80])('on a terminal of %d columns, lines are wrapped', async columns => {
  const output = await onTerminal(
    [process.execPath, ...LOAD_TYPESCRIPT, MAIN, '--app', app, 'list', '--price'], columns, process.env,
  );
  expect(output.lines.slice(0, 6)).toEqual([
    'zipcodes  bronze',
    '  tables         pp_dw_bronze.zipcodes',
    '  job            pp-dw-bronze-zipcodes',
    '  stack          Datasets',
    '  max DPU-hours  2',
    '  max USD        0.88',
  ]);
  expect(output.lines.join(' ')).toContain('at most 85 DPU-hours, 26.39 USD, including retries.');
  expect(Math.max(...output.lines.map(displayWidth))).toBeLessThanOrEqual(columns);
});

test.each(['-1', '0', 'nan', 'infinity', '1e400', '0,44', 'cheap', ''])('--price=%s is a usage error', price => {
  const { code, stdout, stderr } = list(app, `--price=${price}`);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Specify a price in USD per DPU-hour that is greater than 0, for example 0.44.');
});

test('--price cannot be combined with --pipelines', () => {
  const { code, stderr } = list(app, '--price', '--pipelines');
  expect(code).toBe(2);
  expect(stderr).toContain("option '--price [usd]' cannot be used with option '--pipelines'");
});
