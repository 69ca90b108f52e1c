import * as fs from 'fs';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { EtlCore } from '../../src';
import { Confirmations } from '../../src/cli/confirmations';
import { readDatasets } from '../../src/cli/dataset';
import { freshnessOf, rounded } from '../../src/cli/dataset-freshness';
import { Lake } from '../../src/cli/lake';
import { bronze } from '../layouts';

const NOW = Date.now();
const time = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString();
const folder = temporaryFolder();
const data = path.join(folder, '.medallion');
const cdkOut = path.join(folder, 'cdk.out');

beforeAll(() => {
  const app = new App({ outdir: cdkOut });
  const stack = new Stack(app, 'Datasets');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', alerts: {} });
  bronze({ core, stack }, { dataset: 'zipcodes', freshness: { maxAge: Duration.hours(26) } }, 'Zipcodes');
  bronze({ core, stack }, { dataset: 'airports' }, 'Airports');
  app.synth();
});

/** Replaces published.json and the run records of zipcodes. */
function write(published: object | undefined, records: object[] = []): void {
  const runs = Lake.pathIn(data, readDatasets(cdkOut)[0].runs);
  fs.rmSync(data, { recursive: true, force: true });
  fs.mkdirSync(runs, { recursive: true });
  if (published) {
    fs.writeFileSync(path.join(runs, 'published.json'), JSON.stringify({ run_id: '0', ...published }));
  }
  records.forEach((record, index) => fs.writeFileSync(path.join(runs, `run_id=${index}.json`), JSON.stringify(record)));
}

const unchanged = (hours: number) => ({ status: 'unchanged', finished_at: time(hours) });

test.each<[string, object | undefined, object[], object]>([
  ['a recent publication', { published_at: time(2.04) }, [], { age_hours: 2, stale: false }],
  ['an old publication', { published_at: time(30) }, [], { age_hours: 30, stale: true }],
  ['an unchanged run', { published_at: time(30) }, [unchanged(28), unchanged(3)], { age_hours: 3, stale: false }],
  [
    'runs that failed or run after it',
    { published_at: time(30) },
    [unchanged(3), { status: 'failed', finished_at: time(2) }, { status: 'running', finished_at: null }],
    { age_hours: 3, stale: false },
  ],
  [
    'a damaged record',
    { published_at: time(30) },
    [unchanged(28), { status: 'published', finished_at: 'x' }],
    { age_hours: 28, stale: true },
  ],
  ['no publication', undefined, [{ status: 'failed', finished_at: time(2) }], { age_hours: null, stale: true }],
])('the age of a dataset with %s', (_, published, records, expected) => {
  write(published, records);
  const [zipcodes, airports] = readDatasets(cdkOut);
  const confirmations = new Confirmations(Lake.objectsIn(data), [zipcodes, airports]);
  const { age_hours: age, ...others } = freshnessOf(zipcodes, confirmations, NOW);
  expect({ ...others, age_hours: age === null ? null : rounded(age) }).toEqual({ max_age_hours: 26, ...expected });
  expect(freshnessOf(airports, confirmations, NOW)).toEqual({ age_hours: null, max_age_hours: null, stale: null });
});

test.each([
  ['stale', 30, true, /zipcodes +published +30 h +stale\n {4}Stale: the maximum age is 26 h\./],
  ['fresh', 4, false, /zipcodes +published +4 h +fresh\n/],
])('status shows a %s dataset', (_, hours, stale, line) => {
  write({ published_at: time(hours), run_id: '20261123T010000000Z-000001' });
  const { stdout } = medallionIn(folder, ['status', '--json']);
  const [zipcodes, airports] = JSON.parse(stdout) as Record<string, unknown>[];
  // The record of the run does not exist any more.
  expect(zipcodes).toMatchObject({
    state: 'published',
    run_id: '20261123T010000000Z-000001',
    stale,
    age_hours: hours,
    max_age_hours: 26,
  });
  expect(airports).toMatchObject({ state: 'never_run', stale: null, max_age_hours: null });
  expect(medallionIn(folder, ['status']).stdout).toMatch(line);
});

test('list shows the age of datasets that declare freshness, without a local lake as well', () => {
  fs.rmSync(data, { recursive: true, force: true });
  const [heading, zipcodes, airports] = medallionIn(folder, ['list']).stdout.split('\n');
  expect(heading).toMatch(/stack +age +stale +max DPU-hours$/);
  expect(zipcodes).toMatch(/Datasets +yes +\d+$/);
  expect(airports).toMatch(/Datasets +\d+$/);
  expect(fs.existsSync(data)).toBe(false);

  write({ published_at: time(4) });
  expect(medallionIn(folder, ['list']).stdout.split('\n')[1]).toMatch(/Datasets +4 h +no +\d+$/);
  expect(JSON.parse(medallionIn(folder, ['list', '--json']).stdout)).toMatchObject([
    { dataset: 'zipcodes', age_hours: 4, stale: false }, { dataset: 'airports', age_hours: null, stale: null },
  ]);
});
