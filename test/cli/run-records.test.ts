import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from './assembly-fixture';
import { readPublished, readRunRecord, readRunRecords, runIdsOf } from '../../src/cli/run-records';

const RUNS = 's3://pp-dw-123456789012/etl/zipcodes/runs/bronze/';
const FIRST = '20261123T012048123Z-3f9a1c';
const SECOND = '20261124T012048123Z-71be02';
const THIRD = '20261125T012048123Z-9c04de';

/** Writes the objects of a dataset. Returns the folder with one folder per bucket. */
function objectsWith(files: Record<string, unknown>): string {
  const objects = temporaryFolder();
  const folder = path.join(objects, RUNS.replace('s3://', ''));
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return objects;
}

const COMPLETE = {
  dataset: 'zipcodes',
  layer: 'bronze',
  run_id: SECOND,
  job_run_id: 'jr_9343d2',
  status: 'failed',
  started_at: '2026-11-24T01:20:48Z',
  finished_at: '2026-11-24T01:21:02Z',
  seconds: 14.2,
  dpu_seconds: 120,
  error: 'GATE_MAX_SHRINK: 100 rows',
  error_code: 'GATE_MAX_SHRINK',
  retryable: false,
  schema_changed_at: '2026-11-23T01:21:00Z',
  steps: { 'fetch': 0.2, 'start spark': 2.49 },
  sources: [{ url: 'https://example.org/z.zip', raw: 's3://b/raw/z.zip', size_bytes: 5, sha256: '61', etag: null }],
  inputs: [{ dataset: 'bronze/cities', run_id: FIRST, published_at: '2026-11-23T01:21:00Z', originals: [] }],
  tables: [{
    name: 'zipcodes',
    location: 's3://b/bronze/zipcodes/',
    rows: 100,
    bytes: 1784,
    columns: [{ name: 'zip', type: 'string', source: 'zip' }],
    nulls: { zip: 0 },
    bounds: { zip: ['00501', '99950'] },
    rescued: { zip: 2 },
    files: ['bronze/zipcodes/zipcodes.parquet'],
  }],
  gates: [{ gate: 'max_shrink', code: 'GATE_MAX_SHRINK', table: 'zipcodes', found: '100 rows', allowed: false }],
  allowed: [],
  versions: { insert: 3 },
  rolled_back_to: FIRST,
  unchanged_since: FIRST,
  rules: [{
    name: 'has_zip',
    table: 'zipcodes',
    kind: 'not_null',
    condition: 'zip is not null',
    severity: 'warn',
    max_share: 0.1,
    rows: 100,
    violations: 1,
    status: 'warned',
    examples: [{ zip: null }],
  }],
  warnings: ['has_zip: 1 row'],
  lineage: {
    zipcodes: {
      columns: { zip: [{ table: 'pp_dw_bronze.cities', column: 'zip', kind: 'identity' }] },
      filters: [{ table: 'pp_dw_bronze.cities', column: 'state' }],
    },
  },
};

test('every key of a record is read', () => {
  const [record] = readRunRecords(objectsWith({ [`run_id=${SECOND}.json`]: COMPLETE }), RUNS);
  const { sources, inputs, tables, ...others } = record;
  const { sources: _sources, inputs: _inputs, tables: _tables, ...expected } = COMPLETE;
  expect(others).toEqual(expected);
  expect(sources).toEqual([{ url: 'https://example.org/z.zip', raw: 's3://b/raw/z.zip', size_bytes: 5, sha256: '61' }]);
  expect(inputs).toEqual([{ dataset: 'bronze/cities', run_id: FIRST, published_at: '2026-11-23T01:21:00Z' }]);
  expect(tables).toEqual([{ ...COMPLETE.tables[0], columns: [{ name: 'zip', type: 'string', source: 'zip' }] }]);
});

test('records are read newest first, up to the limit, without objects that are not records', () => {
  const objects = objectsWith({
    [`run_id=${FIRST}.json`]: { status: 'published' },
    [`run_id=${SECOND}.json`]: { status: 'unchanged' },
    [`run_id=${THIRD}.json`]: '{"status": "runn',
    'run_id=a-list.json': '[]',
    'run_id=unknown-status.json': { status: 'paused' },
    'publishing.json': { status: 'published' },
    'published.json': { run_id: FIRST, status: 'published' },
  });
  expect(readRunRecords(objects, RUNS).map(each => each.run_id)).toEqual([SECOND, FIRST]);
  expect(readRunRecords(objects, RUNS, 1).map(each => each.run_id)).toEqual([SECOND]);
  expect(readRunRecord(objects, RUNS, THIRD)).toBeUndefined();
  expect(runIdsOf(objects, RUNS)).toContain(THIRD);
});

test('an object whose name cannot be a run ID is skipped', () => {
  const objects = objectsWith({
    [`run_id=${FIRST}.json`]: { status: 'published' },
    'run_id=\u001b[31m.json': { status: 'published' },
    'run_id=a b.json': { status: 'published' },
  });
  expect(runIdsOf(objects, RUNS)).toEqual([FIRST]);
});

test('a record without keys has the dataset, the layer and the time of its location', () => {
  const [record] = readRunRecords(objectsWith({ [`run_id=${FIRST}.json`]: { status: 'running', run_id: 'x' } }), RUNS);
  expect(record).toMatchObject({
    dataset: 'zipcodes', layer: 'bronze', run_id: FIRST, started_at: '2026-11-23T01:20:48Z', tables: [], steps: {},
  });
});

test.each([
  ['null', null],
  ['a text', 'x'],
  ['a number', 7],
  ['a list', [null, 'x', 7, {}, []]],
  ['an object', { a: null, b: 'x', c: 7, d: {}, e: [] }],
])('a record in which every value is %s is read without values of a wrong type', (_, value) => {
  const hostile = { ...Object.fromEntries(Object.keys(COMPLETE).map(key => [key, value])), status: 'published' };
  const [record] = readRunRecords(objectsWith({ [`run_id=${FIRST}.json`]: hostile }), RUNS);
  expect(record.tables).toEqual([]);
  expect(record.rules).toEqual([]);
  expect(typeof record.dataset).toBe('string');
  expect(Object.values(record.steps).every(each => typeof each === 'number')).toBe(true);
});

test('the current publication is read by the keys of its tables', () => {
  const { lineage, tables: [table] } = COMPLETE;
  const objects = objectsWith({
    'published.json': {
      run_id: SECOND,
      database: 'pp_dw_bronze',
      published_at: '2026-11-24T01:21:00Z',
      inputs: COMPLETE.inputs,
      tables: { zips: { ...table, lineage: lineage.zipcodes } },
    },
  });
  expect(readPublished(objects, RUNS)).toMatchObject({
    run_id: SECOND,
    database: 'pp_dw_bronze',
    inputs: [{ dataset: 'bronze/cities', run_id: FIRST }],
    tables: { zips: { name: 'zipcodes', rows: 100, lineage: lineage.zipcodes } },
  });
});

test.each([
  ['does not exist', {}],
  ['is not complete', { 'published.json': '{"run_id": "2026' }],
  ['has no run', { 'published.json': { tables: {} } }],
])('a dataset whose published.json %s has no publication', (_, files) => {
  expect(readPublished(objectsWith(files), RUNS)).toBeUndefined();
});

test('a lake without objects has no records', () => {
  expect(readRunRecords(path.join(temporaryFolder(), 'missing'), RUNS)).toEqual([]);
});
