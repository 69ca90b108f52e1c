import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture, Running, sample, wait } from './command-fixture';

/** The sample file without lines that contain a quoted comma, because the test splits lines at commas. */
const AIRPORTS = sample('airports.csv').trim().split(/\r?\n/).filter(line => !line.includes('"'));
const ZIPCODES = sample('zipcodes.csv').trim().split(/\r?\n/);
const FILES: Record<string, string> = { '/zipcodes.csv': ZIPCODES.join('\n'), '/airports.csv': AIRPORTS.join('\n') };

const medallion = new CommandFixture(path.join(__dirname, 'derived-app.ts'));
const missing = new Set<string>();
let server: http.Server;

/** A result in the output of `--json`. */
interface Result {
  readonly dataset: string;
  readonly status: string;
  readonly run_id: string;
  readonly tables: { readonly rows: number }[];
  readonly inputs: { readonly dataset: string; readonly run_id: string }[];
  readonly error_code?: string;
  readonly error?: string;
  readonly ran_first?: Result[];
}

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const file = missing.has(request.url ?? '') ? undefined : FILES[request.url ?? ''];
    const isKnown = request.headers['if-none-match'] === '"1"';
    response.writeHead(file === undefined ? 404 : isKnown ? 304 : 200, { ETag: '"1"' }).end(isKnown ? '' : file);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  medallion.remove();
});

async function json<T>(args: string[], code: number): Promise<T> {
  const run = medallion.start([...args, '--json']);
  expect(await run.ended === code ? '' : run.stderr()).toBe('');
  return JSON.parse(run.stdout()) as T;
}

/** Waits until the output matches, or until the command ends. */
async function untilPrinted(run: Running, pattern: RegExp): Promise<void> {
  while (!pattern.test(run.stderr()) && run.process.exitCode === null) {
    await wait(20);
  }
  expect(run.stderr()).toMatch(pattern);
}

/** Stops the command and requires that no child process remains. */
async function kill(run: Running, signal: NodeJS.Signals): Promise<number | null> {
  run.process.kill(signal);
  const code = await run.ended;
  expect(await medallion.remainingProcesses()).toEqual([]);
  return code;
}

/** Dataset, status and row counts of each result. */
function summaryOf(results: Result[]): [string, string, number?][] {
  return results.map(
    ({ dataset, status, tables }) => [dataset, status, ...tables.map(table => table.rows)] as [string, string, number?],
  );
}

/** The expected rows of the join, from the source files. */
function expectedRows(): string[] {
  const cities = new Set(
    ZIPCODES.slice(1)
      .map(line => line.split(','))
      .map(([, , , city, state]) => `${state},${city}`),
  );
  const airports = AIRPORTS.slice(1)
    .map(line => line.split(','))
    .map(([iata, , city, state]) => ({ place: `${state},${city}`, iata }));
  return airports.filter(({ place }) => cities.has(place)).map(({ place, iata }) => `${place},${iata}`);
}

test('a silver dataset in an empty lake runs its inputs first and reads them', async () => {
  const places = await json<Result>(['run', 'places'], 0);
  const inputs = places.ran_first ?? [];
  expect(summaryOf(inputs)).toEqual([
    ['zipcodes', 'published', ZIPCODES.length - 1],
    ['airports', 'published', AIRPORTS.length - 1],
  ]);
  expect(summaryOf([places])).toEqual([['places', 'published', expectedRows().length]]);
  expect(places).toMatchObject({ layer: 'silver', tables: [{ database: 'pp_dw_silver', name: 'places' }] });
  expect(places.inputs).toEqual(inputs.map(({ dataset, run_id }) => ({ dataset: `bronze/${dataset}`, run_id })));
  const rows = medallion.query('SELECT * FROM pp_dw_silver.places').map(row => `${row.state},${row.city},${row.iata}`);
  expect(rows.sort()).toEqual(expectedRows().sort());
});

test('a silver dataset runs alone if its inputs have tables', async () => {
  const run = medallion.start(['run', 'places']);
  await untilPrinted(run, /^ {2}run /m);
  expect(run.stderr().match(/^Running \S+/gm)).toEqual(['Running pp-dw-silver-places']);
  expect(await kill(run, 'SIGINT')).toBe(130);
});

test('--with-inputs runs the inputs first and prefixes output lines with the dataset', async () => {
  const run = medallion.start(['run', 'places', '--with-inputs', '--jobs', '2']);
  await untilPrinted(run, /^ {2}places +│ run /m);
  expect(run.stderr().match(/^Running \S+/gm)).toEqual([
    'Running pp-dw-bronze-zipcodes',
    'Running pp-dw-bronze-airports',
    'Running pp-dw-silver-places',
  ]);
  expect(run.stderr()).toMatch(/^ {2}zipcodes │ done /m);
  expect(run.stderr()).toMatch(/^airports unchanged in [\d.]+ s$/m);
  expect(await kill(run, 'SIGTERM')).toBe(143);
});

test('--all only skips datasets whose inputs failed and have no published table', async () => {
  missing.add('/airports.csv');
  const all = await json<Result[]>(['run', '--all'], 1);
  missing.clear();
  expect(summaryOf(all)).toEqual([
    ['gone', 'failed'],
    ['gone-summary', 'skipped'],
    ['zipcodes', 'unchanged', ZIPCODES.length - 1],
    ['airports', 'failed'],
    ['places', 'published', expectedRows().length],
    ['states', 'published', new Set(expectedRows().map(line => line.slice(0, 2))).size],
  ]);
  expect(all.map(each => each.error)).toEqual([
    expect.stringMatching(/^SOURCE_NOT_FOUND: .*404/),
    'INPUT_NOT_PUBLISHED: The input bronze/gone (failed) has no published table.',
    undefined,
    expect.stringMatching(/^SOURCE_NOT_FOUND: .*404/),
    undefined,
    undefined,
  ]);
  expect(all.map(each => each.error_code)).toEqual([
    'SOURCE_NOT_FOUND', 'INPUT_NOT_PUBLISHED', undefined, 'SOURCE_NOT_FOUND', undefined, undefined,
  ]);
  expect(all[5].inputs).toEqual([{ dataset: 'silver/places', run_id: all[4].run_id }]);
});

// The bronze datasets do not use Spark, and the derived ones run one after the other.
test.each([1, 2])('with --jobs %i, the datasets that use Spark share a JVM', async jobs => {
  const run = medallion.start(['run', '--all', '--jobs', String(jobs)]);
  const jvms = new Set<number>();
  while (run.process.exitCode === null) {
    medallion.jvms().forEach(pid => jvms.add(pid));
    await wait(20);
  }
  await run.ended;
  expect(run.stderr().match(/^Running \S+/gm)).toHaveLength(5);
  expect(jvms.size).toBe(1);
});

test('SIGKILL during concurrent jobs leaves no process', async () => {
  const run = medallion.start(['run', '--all', '--jobs', '2']);
  await untilPrinted(run, /│ run [^]*│ run /);
  expect(medallion.processes().length).toBeGreaterThan(2);
  expect(await kill(run, 'SIGKILL')).toBeNull();
});
