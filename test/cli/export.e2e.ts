import * as fs from 'fs';
import * as path from 'path';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { writeParquet } from './parquet-fixture';

const folder = temporaryFolder();
const bucket = path.join(folder, '.medallion', 's3', '000000000000', 'pp-dw-123456789012');
const medallion = (...args: string[]) => medallionIn(folder, args);

beforeAll(async () => {
  await writeParquet(path.join(bucket, 'bronze', 'places.parquet'), { id: 'BIGINT' }, [['1'], ['2']]);
  const published = path.join(bucket, 'etl', 'places', 'runs', 'bronze', 'published.json');
  fs.mkdirSync(path.dirname(published), { recursive: true });
  const table = { name: 'places', files: ['bronze/places.parquet'], columns: [{ name: 'id', type: 'bigint' }] };
  const content = { dataset: 'places', database: 'pp_dw_bronze', tables: { places: table } };
  fs.writeFileSync(published, JSON.stringify(content));
});

test.each(['csv', 'parquet', 'xlsx', 'duckdb', 'CSV'])('a table is exported to .%s', extension => {
  const file = `places.${extension}`;
  expect(medallion('export', 'places', file)).toEqual({
    code: 0, stderr: '', stdout: `Wrote 2 rows of pp_dw_bronze.places to ${file}\n`,
  });
  expect(fs.statSync(path.join(folder, file)).size).toBeGreaterThan(0);
  expect(fs.readdirSync(folder).filter(name => name.endsWith('.partial'))).toEqual([]);
});

test('an existing file is replaced only with --force', () => {
  const file = path.join(folder, 'existing.csv');
  fs.writeFileSync(file, 'mine');
  const { code, stderr } = medallion('export', 'places', 'existing.csv');
  expect(code).toBe(2);
  expect(stderr).toBe('error: existing.csv exists. Specify another file, or add --force to replace it.\n');
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  expect(JSON.parse(medallion('export', 'places', 'existing.csv', '--force', '--json').stdout))
    .toEqual({ table: 'pp_dw_bronze.places', rows: 2, file: 'existing.csv' });
  expect(fs.readFileSync(file, 'utf8')).toBe('id\n1\n2\n');
});

test('a replaced database loses the changes that a killed process left for it', () => {
  const file = path.join(folder, 'replaced.duckdb');
  fs.writeFileSync(file, '');
  fs.writeFileSync(`${file}.wal`, 'changes');
  expect(medallion('export', 'places', 'replaced.duckdb', '--force').code).toBe(0);
  expect(fs.existsSync(`${file}.wal`)).toBe(false);
});

test.each([
  ['places', 'places.txt', 'has no supported extension. The extension selects the format: .csv, .parquet, .xlsx'],
  ['places', 'none/places.csv', 'does not exist. Create it, or specify another file.'],
  ['places', '.', '. has no supported extension'],
  ['place', 'place.csv', 'The table place does not exist. Did you mean "pp_dw_bronze.places"?'],
])('exporting %s to %s is a usage error', (table, file, message) => {
  const { code, stderr } = medallion('export', table, file);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(fs.readdirSync(folder).filter(name => name.endsWith('.partial'))).toEqual([]);
});
