import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { writeParquet } from './parquet-fixture';
import { EtlCore } from '../../src';
import { Dataset, readDatasets } from '../../src/cli/dataset';
import { DiffResult } from '../../src/cli/diff-result';
import { Lake } from '../../src/cli/lake';
import { keepPublication } from '../../src/cli/stored-publications';
import { bronze } from '../layouts';

const FIRST = '20261123T012048123Z-3f9a1c';
const SECOND = '20261124T012048123Z-71be02';
const THIRD = '20261125T012048123Z-9c04de';
const TYPES = { id: 'BIGINT', city: 'VARCHAR', meta_run_id: 'VARCHAR' };

const folder = temporaryFolder();
const data = path.join(folder, '.medallion');
const FILE = 'bronze/places/places.parquet';
let places: Dataset;

/** Publishes a table as a run does: keeps the previous publication, replaces the file, writes the record. */
async function publish(runId: string, types: Record<string, string>, rows: (string | null)[][]): Promise<void> {
  const lake = Lake.open(data);
  keepPublication(lake, places);
  fs.rmSync(path.join(data, 'lock'), { recursive: true, force: true });
  const file = path.join(lake.objects, places.bucket, FILE);
  fs.rmSync(file, { force: true });
  await writeParquet(file, types, rows);
  const columns = Object.entries(types).filter(([name]) => name !== 'meta_run_id')
    .map(([name, type]) => ({ name, type: type === 'VARCHAR' ? 'string' : type.toLowerCase() }));
  const table = { name: 'places', rows: rows.length, columns, nulls: {}, files: [FILE] };
  const runs = lake.pathOf(places.runs);
  fs.mkdirSync(runs, { recursive: true });
  const write = (name: string, content: object) =>
    fs.writeFileSync(path.join(runs, name), JSON.stringify({ run_id: runId, ...content }));
  write('published.json', { database: 'pp_dw_bronze', tables: { places: table } });
  write(`run_id=${runId}.json`, { status: 'published', finished_at: `${runId.slice(6, 8)}`, tables: [table] });
}

const medallion = (...args: string[]) => medallionIn(folder, ['--data', data, ...args]);
const diffOf = (...args: string[]) => JSON.parse(medallion('diff', '--json', 'places', ...args).stdout) as DiffResult;

beforeAll(async () => {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Datasets');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  bronze({ core, stack }, { dataset: 'places', businessKey: ['id'] }, 'Places');
  app.synth();
  [places] = readDatasets(path.join(folder, 'cdk.out'));
  await publish(FIRST, TYPES, [['1', 'Paris', FIRST], ['2', 'Rome', FIRST], ['3', null, FIRST]]);
});

test('a dataset with one publication cannot be compared', () => {
  const { code, stderr } = medallion('diff', 'places');
  expect(code).toBe(2);
  expect(stderr).toContain('bronze/places has only one publication, so there is nothing to compare it with');
});

test('rows are compared by business key, with the publication before the current one', async () => {
  await publish(SECOND, { ...TYPES, id: 'VARCHAR', area: 'DOUBLE' }, [
    ['1', 'Paris', SECOND, '1.5'], ['2', 'Roma', SECOND, null], ['4', '', SECOND, null],
  ]);
  expect(medallion('diff', 'places').stdout.split('\n')).toEqual([
    `old  run ${FIRST}  23`,
    `new  run ${SECOND}  24`,
    '',
    'pp_dw_bronze.places  3 → 3 rows',
    '  + column area  double',
    '  ~ column id  bigint → string',
    '  rows: 1 added, 1 removed, 1 changed, 1 unchanged (compared by id)',
    '  changed columns: city 1',
    '',
    '  changed',
    '    id  column  old   new',
    '    2   city    Rome  Roma',
    '',
    '  added',
    '    id  city',
    '    4',
    '',
    '  removed',
    '    id  city',
    '    3   NULL',
    '',
  ]);
});

test('runs are selected by the start of their ID, and default to the current publication', async () => {
  await publish(THIRD, TYPES, [['1', 'Paris', THIRD]]);
  const ofThird = diffOf(FIRST.slice(0, 8));
  expect([ofThird.old.run_id, ofThird.new.run_id]).toEqual([FIRST, THIRD]);
  expect(ofThird.tables[0].rows).toMatchObject({ added: 0, removed: 2, changed: 0, unchanged: 1 });
  const ofSecond = diffOf(FIRST, SECOND);
  expect([ofSecond.old.run_id, ofSecond.new.run_id]).toEqual([FIRST, SECOND]);
  const unknown = medallion('diff', 'places', '2027');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain(
    'No publication of bronze/places has a run ID that starts with "2027". '
      + `The latest publications: ${THIRD}, ${SECOND}`,
  );
  expect(medallion('diff', 'places', '2026112').stderr).toContain('3 publications of bronze/places have a run ID');
});

test('if rows are no longer stored, columns and row counts are compared', () => {
  fs.rmSync(path.join(data, 'publications'), { recursive: true });
  const { stdout } = medallion('diff', 'places', FIRST);
  expect(stdout).toContain(`The rows of run ${FIRST} are no longer stored`);
  expect(stdout).toContain('pp_dw_bronze.places  3 → 1 row (−2)');
  expect(diffOf(FIRST).tables[0].rows).toBeNull();
});

test('a publication that a run is replacing is not read', () => {
  const publishing = path.join(Lake.pathIn(data, places.runs), 'publishing.json');
  fs.writeFileSync(publishing, '{}');
  const { code, stderr } = medallion('diff', 'places', FIRST);
  fs.rmSync(publishing);
  expect(code).toBe(1);
  expect(stderr).toContain('A run is publishing bronze/places, or its published files are missing.');
});

test('the last three replaced publications are kept', async () => {
  for (const day of ['26', '27', '28', '29']) {
    await publish(`202611${day}T012048123Z-000000`, TYPES, [[day, 'x', 'r']]);
  }
  expect(fs.readdirSync(path.join(data, 'publications', 'bronze', 'places')).sort())
    .toEqual(['26', '27', '28'].map(day => `202611${day}T012048123Z-000000`));
});
