import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { CommandFixture, Running, sample, wait } from './command-fixture';

/** Without the few lines that have a comma in quotes: here a line is split at each. */
const AIRPORTS = sample('airports.csv').trim().split(/\r?\n/).filter(line => !line.includes('"'));
const ZIPCODES = sample('zipcodes.csv').trim().split(/\r?\n/);
const FILES: Record<string, string> = { '/zipcodes.csv': ZIPCODES.join('\n'), '/airports.csv': AIRPORTS.join('\n') };

const medallion = new CommandFixture(path.join(__dirname, 'gold-app.ts'));
const missing = new Set<string>();
let server: http.Server;

/** What `--json` says of a dataset. */
interface Said {
  readonly dataset: string;
  readonly status: string;
  readonly run_id: string;
  readonly tables: { readonly rows: number }[];
  readonly inputs: { readonly dataset: string; readonly run_id: string }[];
  readonly error?: string;
  readonly ran_first?: Said[];
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

/** Waits for what the command says; a command that has ended says nothing more. */
async function until(run: Running, said: RegExp): Promise<void> {
  while (!said.test(run.stderr()) && run.process.exitCode === null) {
    await wait(20);
  }
  expect(run.stderr()).toMatch(said);
}

/** Ends the command; nothing that it started is left. */
async function killed(run: Running, signal: NodeJS.Signals): Promise<number | null> {
  run.process.kill(signal);
  const code = await run.ended;
  expect(await medallion.left()).toEqual([]);
  return code;
}

/** Dataset, status and rows of each. */
function outlined(said: Said[]): [string, string, number?][] {
  return said.map(
    ({ dataset, status, tables }) => [dataset, status, ...tables.map(table => table.rows)] as [string, string, number?],
  );
}

/** The rows of the join, from the files themselves. */
function joined(): string[] {
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

test('gold on an empty lake: its inputs run first, and it is made from these runs', async () => {
  const places = await json<Said>(['run', 'places'], 0);
  const inputs = places.ran_first ?? [];
  expect(outlined(inputs)).toEqual([
    ['zipcodes', 'published', ZIPCODES.length - 1],
    ['airports', 'published', AIRPORTS.length - 1],
  ]);
  expect(outlined([places])).toEqual([['places', 'published', joined().length]]);
  expect(places).toMatchObject({ layer: 'gold', tables: [{ database: 'pp_dw_gold', name: 'places' }] });
  expect(places.inputs).toEqual(inputs.map(({ dataset, run_id }) => ({ dataset: `bronze/${dataset}`, run_id })));
  const rows = medallion.query('SELECT * FROM pp_dw_gold.places').map(row => `${row.state},${row.city},${row.iata}`);
  expect(rows.sort()).toEqual(joined().sort());
});

test('again: its inputs have tables, and it alone runs', async () => {
  const run = medallion.start(['run', 'places']);
  await until(run, /^ {2}run /m);
  expect(run.stderr().match(/^Running \S+/gm)).toEqual(['Running pp-dw-gold-places']);
  expect(await killed(run, 'SIGINT')).toBe(130);
});

test('with --with-inputs they run first, and their lines say whose they are', async () => {
  const run = medallion.start(['run', 'places', '--with-inputs', '--jobs', '2']);
  await until(run, /^ {2}places +│ run /m);
  expect(run.stderr().match(/^Running \S+/gm)).toEqual([
    'Running pp-dw-bronze-zipcodes',
    'Running pp-dw-bronze-airports',
    'Running pp-dw-gold-places',
  ]);
  expect(run.stderr()).toMatch(/^ {2}zipcodes │ done /m);
  expect(run.stderr()).toMatch(/^airports unchanged in [\d.]+ s$/m);
  expect(await killed(run, 'SIGTERM')).toBe(143);
});

test('all: what fails stops none but those that have nothing to read without it', async () => {
  missing.add('/airports.csv');
  const all = await json<Said[]>(['run', '--all'], 1);
  missing.clear();
  expect(outlined(all)).toEqual([
    ['gone', 'failed'],
    ['of-gone', 'skipped'],
    ['zipcodes', 'unchanged', ZIPCODES.length - 1],
    ['airports', 'failed'],
    ['places', 'published', joined().length],
    ['states', 'published', new Set(joined().map(line => line.slice(0, 2))).size],
  ]);
  expect(all.map(each => each.error)).toEqual([
    expect.stringMatching(/404/), 'Its input bronze/gone failed, and no table is there from before.', undefined,
    expect.stringMatching(/404/), undefined, undefined,
  ]);
  expect(all[5].inputs).toEqual([{ dataset: 'gold/places', run_id: all[4].run_id }]);
});

test('killed while two jobs run, it leaves no process behind', async () => {
  const run = medallion.start(['run', '--all', '--jobs', '2']);
  await until(run, /│ run [^]*│ run /);
  expect(medallion.processes().length).toBeGreaterThan(2);
  expect(await killed(run, 'SIGKILL')).toBeNull();
});
