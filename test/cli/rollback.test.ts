import * as fs from 'fs';
import * as path from 'path';
import { medallionIn } from './app-fixture';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { ROOT } from './command-fixture';

const BUCKET = 'pp-dw-123456789012';
const FIRST = '20261123T012048123Z-3f9a1c';
const SECOND = '20261124T012048123Z-71be02';
/** A run that failed. */
const THIRD = '20261125T012048123Z-9c04de';
/** A run whose originals have expired. */
const EXPIRED = '20261122T012048123Z-000000';

const app = writeAssembly({
  Datasets: {
    resources: {
      A: glueJob({ dataset: 'zipcodes' }),
      B: glueJob({ dataset: 'events', isIceberg: true }),
      C: glueJob({ dataset: 'places', layer: 'gold', inputs: ['bronze/zipcodes', 'bronze/events'] }),
      D: glueJob({ dataset: 'totals', layer: 'gold', inputs: ['bronze/events'], isIceberg: true }),
      E: glueJob({ dataset: 'airports' }),
    },
  },
});
const data = path.join(temporaryFolder(), '.medallion');

function write(key: string, content: object | string): void {
  const file = path.join(data, 's3', '000000000000', BUCKET, key);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

const medallion = (...args: string[]) => medallionIn(ROOT, ['--app', app, '--data', data, ...args]);

beforeAll(() => {
  const publication = (runId: string, rows: number[]) => ({
    run_id: runId,
    published_at: `2026-11-${runId.slice(6, 8)}T01:21:00Z`,
    tables: Object.fromEntries(rows.map((each, index) => [`table_${index}`, { rows: each }])),
  });
  for (const runs of ['etl/events/runs/bronze/', 'etl/totals/runs/gold/']) {
    write(`${runs}publications/run_id=${FIRST}.json`, publication(FIRST, [1000, 200]));
    write(`${runs}publications/run_id=${SECOND}.json`, publication(SECOND, [1300]));
    write(`${runs}published.json`, publication(FIRST, [1000, 200]));
  }
  const record = (runId: string, status: string) => ({
    run_id: runId,
    status,
    finished_at: `2026-11-${runId.slice(6, 8)}T01:22:00Z`,
    tables: [{ rows: 42049 }],
    sources: [{ raw: `s3://${BUCKET}/raw/zipcodes/run_id=${runId}/zipcodes.zip` }],
  });
  const records = { [FIRST]: 'published', [SECOND]: 'published', [THIRD]: 'failed' };
  for (const [runId, status] of Object.entries(records)) {
    write(`etl/zipcodes/runs/bronze/run_id=${runId}.json`, record(runId, status));
    write(`raw/zipcodes/run_id=${runId}/zipcodes.zip`, 'PK');
  }
  write(`etl/zipcodes/runs/bronze/run_id=${EXPIRED}.json`, record(EXPIRED, 'published'));
  write('etl/zipcodes/runs/bronze/run_id=20261126T012048123Z-000000.json', '{"status": "runn');
  write('etl/zipcodes/runs/bronze/published.json', publication(SECOND, [42049]));
});

test('the publications with snapshots are listed, newest first, with the commands to copy', () => {
  expect(medallion('rollback', 'events')).toEqual({
    code: 0,
    stderr: '',
    stdout: [
      'run                         published at           rows',
      `${SECOND}  2026-11-24T01:21:00Z  1,300`,
      `${FIRST}  2026-11-23T01:21:00Z  1,200  current`,
      '',
      'Roll back the local lake:',
      '  npx medallion rollback events --to RUN_ID',
      '',
      'Runs in AWS have different IDs. To list the publications in AWS, and to roll back:',
      `  aws s3 ls s3://${BUCKET}/etl/events/runs/bronze/publications/`,
      '  aws glue start-job-run --job-name pp-dw-bronze-events \\',
      '    --arguments \'{"--run_options":"{\\"rollback_to\\":\\"RUN_ID\\"}"}\'',
      '',
    ].join('\n'),
  });
});

test('the publications of a Parquet dataset are those whose originals exist', () => {
  const { code, stdout } = medallion('rollback', 'zipcodes', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    dataset: 'zipcodes',
    layer: 'bronze',
    publications: [
      { run_id: SECOND, published_at: '2026-11-24T01:22:00Z', rows: 42049, current: true },
      { run_id: FIRST, published_at: '2026-11-23T01:22:00Z', rows: 42049, current: false },
    ],
  });
  const lines = medallion('rollback', 'bronze/zipcodes').stdout.split('\n');
  expect(lines).toContain(`  aws s3 ls s3://${BUCKET}/raw/zipcodes/`);
  expect(lines).toContain('    --arguments \'{"--run_options":"{\\"from_run\\":\\"RUN_ID\\"}"}\'');
});

test('a derived dataset with Iceberg tables is listed', () => {
  expect(JSON.parse(medallion('rollback', 'totals', '--json').stdout)).toMatchObject({ publications: [{}, {}] });
});

test.each([
  [
    'a derived dataset with Parquet tables',
    ['places'],
    'places is a gold dataset with Parquet tables, of which only the current publication exists. Roll back its inputs '
      + '(bronze/zipcodes, bronze/events), then run it: npx medallion run places. Or set the table format of places to '
      + 'Iceberg, which keeps earlier publications.',
  ],
  [
    'a run without a publication',
    ['zipcodes', '--to', THIRD],
    `Run ${THIRD} has no publication of bronze/zipcodes that can be restored. The latest publications: `
      + `${SECOND}, ${FIRST}.`,
  ],
  [
    'a dataset that was never published',
    ['airports'],
    `bronze/airports has no publication in the local lake ${data} that can be restored. Run the dataset `
      + 'first: npx medallion run airports. Or set the folder of the lake with --data DIR.',
  ],
  ['an unknown dataset', ['event'], 'The dataset "event" does not exist. Did you mean "events"? '
    + 'The datasets of the app are: zipcodes, events, places, totals, airports.'],
  ['no dataset', [], "missing required argument 'dataset'"],
])('%s is a usage error', (_what, args, error) => {
  const { code, stdout } = medallion('rollback', ...args, '--json');
  expect({ exitCode: code, ...JSON.parse(stdout) }).toEqual({ exitCode: 2, code: 'USAGE', error });
});

test('a folder without a lake is a usage error', () => {
  const { code, stderr } = medallionIn(ROOT, ['--app', app, '--data', 'nowhere', 'rollback', 'events']);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'error: nowhere does not contain a local lake. Run the dataset first: npx medallion run events. Or set the '
      + 'folder of the lake with --data DIR.\n',
  });
});

test.each([
  ['the dataset', ['rollback', 'ev'], ['events']],
  ['the run', ['rollback', 'events', '--to', ''], [SECOND, FIRST]],
  ['no run of an unknown dataset', ['rollback', 'other', '--to', ''], []],
])('the completion of a rollback proposes %s', (_what, words, candidates) => {
  const { stdout } = medallionIn(ROOT, ['__complete', '--', '--app', app, '--data', data, ...words]);
  expect(stdout.split('\n').filter(Boolean)).toEqual(candidates);
});
