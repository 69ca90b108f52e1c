import { ChildProcess, execFileSync } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture, ROOT, wait } from './command-fixture';
import { RUNS_ALL } from './e2e-scope';
import { findPython } from '../../src/cli/python';
import { lockedPython } from '../locked-python';

const PAGE = path.join(ROOT, 'docs', 'operations', 'readers.md');
const SCRIPTS = path.join(ROOT, 'glue-templates', 'tests', 'readers');

/** Every type that a bronze table can have, with extreme values and null. All values except booleans are text. */
const EVENTS = [
  {
    id: '1',
    name: 'first',
    active: true,
    score: '0.1',
    price: '1.50',
    day: '2024-01-02',
    moment: '2024-01-02T03:04:05.120000+00:00',
    tags: ['a', 'b'],
    place: { city: 'Boston', zip: '02101' },
  },
  {
    id: '2',
    name: '東京',
    active: false,
    score: '-2.5',
    price: '-9999999999999999.99',
    day: '1969-12-31',
    moment: '1969-12-31T23:59:59.999999+00:00',
    tags: [],
    place: { city: null, zip: '00501' },
  },
  {
    id: '9007199254740993',
    name: null,
    active: null,
    score: null,
    price: null,
    day: null,
    moment: null,
    tags: null,
    place: null,
  },
];
/** The events as JSON Lines, with IDs and scores as numbers. */
const SOURCE = EVENTS.map(event => JSON.stringify(event).replace(/"(id|score)":"([^"]*)"/g, '"$1":$2')).join('\n');

const medallion = new CommandFixture(path.join(__dirname, 'readers-app.ts'));
const started: ChildProcess[] = [];
let server: http.Server;
let python: string;

beforeAll(async () => {
  server = http.createServer((_, response) => response.end(SOURCE));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const { version, executable } = findPython();
  const environment = await lockedPython({
    name: `readers-python${version}`,
    title: 'Setting up pyiceberg, pandas, Polars and DuckDB (170 MB)',
    base: executable,
    locked: 'readers.txt',
  });
  python = path.join(environment, 'bin', 'python');
});

afterAll(() => {
  started.forEach(child => child.kill('SIGKILL'));
  server.close();
  medallion.remove();
});

/** Runs a Python script in the folder of the app. Returns the JSON that it prints. */
function read(script: string, args: string[], env: Record<string, string> = {}): Record<string, unknown> {
  const stdout = execFileSync(python, [path.join(SCRIPTS, script), ...args], {
    encoding: 'utf8',
    cwd: path.dirname(medallion.lake),
    // Without this variable, Polars prints a recommendation to install polars_iceberg.
    env: { ...process.env, POLARS_ICEBERG_PLANNER: 'pyiceberg', ...env },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Serves the lake while other programs read it. */
async function whileServing<T>(work: (environment: Record<string, string>) => T): Promise<T> {
  const serve = medallion.start(['serve', '--json']);
  started.push(serve.process);
  while (!serve.stdout().includes('\n') && serve.process.exitCode === null) {
    await wait(50);
  }
  const { environment } = JSON.parse(serve.stdout()) as { environment: Record<string, string> };
  const result = work(environment);
  serve.process.stdin!.end();
  expect(await serve.ended).toBe(0);
  return result;
}

test('pyiceberg, pandas, Polars and DuckDB read every value of an Iceberg table', async () => {
  const run = medallion.start(['run', 'events']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  const metadata = /^ {2}(\/.*\/bronze\/events\/metadata\/.*\.metadata\.json)$/m.exec(run.stdout())![1];
  expect(JSON.parse(fs.readFileSync(metadata, 'utf8'))).toMatchObject({ 'format-version': 2 });

  const found = await whileServing(environment =>
    read('read_tables.py', [PAGE, 'Iceberg tables', 'zipcodes', 'events'], environment));
  const { some_rows: someRows, ...tables } = found as Record<string, Record<string, unknown>[]>;
  expect(Object.keys(tables)).toEqual(['arrow_table', 'pandas_frame', 'polars_frame', 'duckdb_rows']);
  const meta = { meta_run_id: expect.stringMatching(/^\d{8}T/) as string, meta_rescued: null };
  for (const [reader, rows] of Object.entries(tables)) {
    expect([reader, rows]).toEqual([reader, EVENTS.map(event => ({ ...event, ...meta }))]);
  }
  expect(someRows).toEqual([{ id: '2' }, { id: '9007199254740993' }]);
});

const testInAll = RUNS_ALL ? test : test.skip;

testInAll('pandas, Polars and DuckDB read every value of a Parquet table', async () => {
  const run = medallion.start(['run', 'plain-events']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  const tables = read('read_tables.py', [PAGE, 'Parquet tables', 'zipcodes', 'plain-events']);
  expect(Object.keys(tables)).toEqual(['pandas_frame', 'polars_frame', 'duckdb_rows']);
  for (const rows of Object.values(tables)) {
    expect(rows).toMatchObject(EVENTS);
  }
});

testInAll('a filter on each type selects the same rows as without the statistics, which skip files', async () => {
  const run = medallion.start(['run', 'types']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  const { pruned, ...found } = await whileServing(environment =>
    read('compare_filters.py', ['pp_dw_gold.types'], environment));
  expect(found).toMatchObject({ rows: 1000, differences: [] });
  expect(found.files).toBeGreaterThan(1);
  const counts = Object.entries(pruned as Record<string, number>);
  expect(counts.filter(([, count]) => count > 1).map(([name]) => name)).toEqual(
    expect.arrayContaining(['id', 'small', 'whole', 'wide', 'narrow', 'sparse', 'day', 'moment']),
  );
});

testInAll('a rollback makes the earlier rows current, and the publications are listed', async () => {
  const publications = async () => {
    const list = medallion.start(['rollback', 'events', '--json']);
    await list.ended;
    return (JSON.parse(list.stdout()) as { publications: { run_id: string; current: boolean }[] }).publications;
  };
  const [first] = await publications();
  const run = medallion.start(['run', 'events', '--force']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  expect((await publications()).map(({ current }) => current)).toEqual([true, false]);

  const rollback = medallion.start(['rollback', 'events', '--to', first.run_id, '--json']);
  expect(await rollback.ended === 0 ? '' : rollback.stderr()).toBe('');
  expect(JSON.parse(rollback.stdout())).toMatchObject({
    dataset: 'events', status: 'published', rolled_back_to: first.run_id, tables: [{ name: 'events', rows: 3 }],
  });
  expect((await publications()).map(({ current }) => current)).toEqual([false, true]);
  const rows = medallion.query('SELECT DISTINCT meta_run_id FROM pp_dw_bronze.events');
  expect(rows).toEqual([{ meta_run_id: first.run_id }]);
});

testInAll('a rollback of a Parquet table rebuilds it from the originals', async () => {
  const list = medallion.start(['rollback', 'plain-events', '--json']);
  await list.ended;
  const [{ run_id: runId }] = (JSON.parse(list.stdout()) as { publications: { run_id: string }[] }).publications;
  const rollback = medallion.start(['rollback', 'plain-events', '--to', runId, '--json']);
  expect(await rollback.ended === 0 ? '' : rollback.stderr()).toBe('');
  expect(JSON.parse(rollback.stdout())).toMatchObject({ status: 'published', tables: [{ rows: 3 }] });
});
