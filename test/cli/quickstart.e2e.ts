import { spawn } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { zipSync } from 'fflate';
import { CommandFixture, ROOT, sample, wait } from './command-fixture';

const CSV = sample('zipcodes.csv');

const medallion = new CommandFixture(path.join(ROOT, 'integ', 'quickstart', 'app.ts'));
let server: http.Server;
/** Whether the server accepts requests but does not respond. */
let stalls = false;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (stalls) {
      return;
    }
    const body = new Map<string | undefined, string | Uint8Array>([
      ['/zipcodes.zip', zipSync({ 'zipcodes.csv': Buffer.from(CSV) })],
      ['/airports.csv', sample('airports.csv')],
    ]).get(request.url);
    response.writeHead(body === undefined ? 404 : 200).end(body ?? '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(urlOf(server));
});

afterAll(() => {
  server.close();
  medallion.remove();
});

function urlOf(httpServer: http.Server): string {
  return `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
}

/** The IP addresses that the processes listen on, from the tables of the kernel. */
function listening(pids: number[]): string[] {
  const inodes = pids.flatMap(pid => {
    try {
      return fs.readdirSync(`/proc/${pid}/fd`).map(fd => {
        try {
          return /socket:\[(\d+)\]/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        } catch {
          return undefined;
        }
      });
    } catch {
      return [];
    }
  });
  return ['tcp', 'tcp6'].flatMap(table => fs.readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.includes(inode))
    .map(([, local]) => local.split(':')[0]));
}

/** 127.0.0.1 in the format of the kernel, as an IPv4 and an IPv6 address. */
const LOOPBACK = ['0100007F', '0000000000000000FFFF00000100007F'];

test.each([
  ['its Glue version', 'Glue 5.0, Spark 3.5.4', []],
  ['Glue 6.0', 'Glue 6.0, Spark 4.1.1', ['--glue-version', '6.0', '--force']],
])('the tables of the quickstart contain every value of the source, with %s', async (_what, version, options) => {
  const run = medallion.start(['run', 'zipcodes', '--json', ...options]);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  expect(run.stderr()).toContain(`Running pp-dw-bronze-zipcodes  ${version}\n`);
  const result = JSON.parse(run.stdout()) as { run_id: string };
  expect(result).toMatchObject({
    dataset: 'zipcodes',
    layer: 'bronze',
    status: 'published',
    tables: [
      {
        name: 'zipcodes',
        database: 'pp_dw_bronze',
        rows: 42049,
        location: 's3://pp-dw-123456789012/bronze/zipcodes/',
        columns: [
          { name: 'zip_code', type: 'string' },
          { name: 'latitude', type: 'double' },
          { name: 'longitude', type: 'double' },
          { name: 'city', type: 'string' },
          { name: 'state', type: 'string' },
          { name: 'county', type: 'string' },
        ],
        rescued: {},
      },
    ],
  });

  const [heading, ...lines] = CSV.trim().split(/\r?\n/);
  expect(heading).toBe('zip_code,latitude,longitude,city,state,county');
  const rows = medallion.query('SELECT * FROM pp_dw_bronze.zipcodes');
  expect(new Set(rows.map(row => row.meta_run_id))).toEqual(new Set([result.run_id]));
  expect(rows.filter(row => row.meta_rescued !== null)).toEqual([]);
  // Every value has the same text as in the file, including leading zeros.
  expect(
    rows.map(row => [row.zip_code, row.latitude, row.longitude, row.city, row.state, row.county].join(',')).sort(),
  ).toEqual([...lines].sort());
  expect(rows.filter(row => String(row.zip_code).startsWith('0')).length).toBe(
    lines.filter(line => line.startsWith('0')).length,
  );
});

test('a run prints its tables, only listens on 127.0.0.1, and leaves no process', async () => {
  const run = medallion.start(['run', 'zipcodes']);
  const addresses = new Set<string>();
  let ended = false;
  void run.ended.then(() => { ended = true; });
  while (!ended) {
    listening(medallion.processes()).forEach(address => addresses.add(address));
    await wait(500);
  }
  expect(run.stderr()).toMatch(/Running pp-dw-bronze-zipcodes {2}Glue 5.0/);
  expect(run.stderr()).toMatch(/zipcodes published in [\d.]+ s/);
  expect(run.stdout()).toMatch(/pp_dw_bronze\.zipcodes {2}42,049 rows\n {2}zip_code {6}string\n/);
  expect(run.stdout()).toMatch(
    / {2}meta_run_id {3}string {2}ID of the run\n {2}meta_rescued {2}string {2}values that do not match the data type\n/,
  );
  expect(run.stdout()).toMatch(/ {2}00501 +40\.922326 +-72\.637078 +Holtsville/);
  expect([...addresses].filter(address => !LOOPBACK.includes(address))).toEqual([]);
  expect(addresses.size).toBeGreaterThan(0);
  expect(medallion.processes()).toEqual([]);
  expect(fs.readdirSync(medallion.lake).sort()).toEqual(['.gitignore', 'logs', 'publications', 's3', 's3-metadata']);
});

test(
  'the REST API of the quickstart becomes a table of countries and a table of years, with an API key',
  async () => {
    const api = spawn(process.execPath, [path.join(ROOT, 'integ', 'quickstart', 'source.mjs'), 'the-key-of-1-test'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>(resolve => api.stdout.once('data', data => resolve(String(data).trim())));
    medallion.synthesize(url);
    const run = medallion.start(['run', 'gapminder', '--json'], {
      MEDALLION_SECRET_GAPMINDER_API: 'the-key-of-1-test',
    });
    expect((await run.ended) === 0 ? '' : run.stderr()).toBe('');
    api.stdin.end();
    medallion.synthesize(urlOf(server));
    const years = JSON.parse(sample('gapminder.json')) as {
      country: string;
      year: number;
      pop: number;
      life_expect: number;
    }[];
    expect(medallion.query('SELECT name FROM pp_dw_bronze.gapminder_countries').map(row => row.name)).toEqual([
      ...new Set(years.map(({ country }) => country)),
    ]);
    expect(
      medallion.query('SELECT country, year, population, life_expectancy FROM pp_dw_bronze.gapminder_years'),
    ).toEqual(
      years.map(({ country, year, pop, life_expect }) => ({
        country,
        year,
        population: pop,
        life_expectancy: life_expect,
      })),
    );
  },
);

test('reset --contract requires a published dataset and keeps its tables', async () => {
  const reset = medallion.start(['reset', '--contract', 'zipcodes', '--json']);
  expect(await reset.ended === 0 ? '' : reset.stderr()).toBe('');
  expect(JSON.parse(reset.stdout())).toEqual({ dataset: 'zipcodes', layer: 'bronze', contract_reset: true });
  const [published] = fs
    .readdirSync(medallion.lake, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('etl/zipcodes/runs/bronze/published.json'));
  expect(JSON.parse(fs.readFileSync(path.join(medallion.lake, published), 'utf8'))).toMatchObject({
    contract_reset: true,
  });
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_bronze.zipcodes')).toEqual([{ n: 42049 }]);

  const unpublished = medallion.start(['reset', '--contract', 'airports', '--json']);
  expect(await unpublished.ended).toBe(1);
  expect(JSON.parse(unpublished.stdout())).toEqual({
    code: 'FAILED',
    error: expect.stringMatching(/^airports is not published in this lake yet/) as string,
  });
  expect(medallion.processes()).toEqual([]);
});

test('the output shows the number of rescued values', async () => {
  const lines = CSV.split('\n');
  const changedSource = http.createServer((_request, response) => {
    response.end(
      zipSync({ 'zipcodes.csv': Buffer.from([lines[0], `${lines[1].trim()},surplus`, ...lines.slice(2)].join('\n')) }),
    );
  });
  await new Promise<void>(resolve => changedSource.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(urlOf(changedSource));
  const run = medallion.start(['run', 'zipcodes']);
  await run.ended;
  changedSource.close();
  medallion.synthesize(urlOf(server));
  expect(run.stdout()).toMatch(/42,049 rows, 1 value in meta_rescued \(_surplus 1\)\n/);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGKILL', null],
] as const)('%s during a run leaves no process and closes the run record', async (signal, code) => {
  const run = medallion.start(['run', 'zipcodes']);
  while (!/unpack/.test(run.stderr())) {
    await wait(20);
  }
  expect(medallion.processes().length).toBeGreaterThan(1);
  run.process.kill(signal);
  expect(await run.ended).toBe(code);
  expect(await medallion.remainingProcesses()).toEqual([]);
  if (signal !== 'SIGKILL') {
    const record = medallion.lastRecord('zipcodes');
    expect(record).toMatchObject({ status: 'failed', error_code: 'RUN_KILLED', retryable: true });
    expect(record.finished_at).not.toBeNull();
    expect(run.stderr()).toContain(`run ${record.run_id} failed: RUN_KILLED. The published tables are unchanged\n`);
  }
  // The previous publication is still there.
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_bronze.zipcodes')).toEqual([{ n: 42049 }]);
});

test('a query reads the lake while a run is active, and another command that writes is refused', async () => {
  stalls = true;
  const run = medallion.start(['run', 'zipcodes']);
  while (!/ {2}run {6}bronze zipcodes/.test(run.stderr())) {
    await wait(20);
  }
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_bronze.zipcodes')).toEqual([{ n: 42049 }]);
  const other = medallion.start(['reset', '--yes']);
  expect(await other.ended).toBe(1);
  expect(other.stderr()).toContain(`in use by another medallion command (process ${run.process.pid})`);
  stalls = false;
  run.process.kill('SIGINT');
  expect(await run.ended).toBe(130);
  expect(medallion.lastRecord('zipcodes')).toMatchObject({ status: 'failed', error_code: 'RUN_KILLED' });
});

test('a missing source fails the run with an error code and keeps the table', async () => {
  medallion.synthesize(`${urlOf(server)}/moved`);
  const run = medallion.start(['run', 'zipcodes', '--json']);
  expect(await run.ended).toBe(1);
  expect(JSON.parse(run.stdout())).toMatchObject({
    dataset: 'zipcodes',
    status: 'failed',
    tables: [],
    error_code: 'SOURCE_NOT_FOUND',
    error: expect.stringMatching(/^SOURCE_NOT_FOUND: .*404/) as string,
  });
  expect(run.stderr()).toMatch(/\.log/);
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_bronze.zipcodes')).toEqual([{ n: 42049 }]);
});

test('the history of the quickstart is an Iceberg table that is built from an Iceberg table', async () => {
  medallion.synthesize(urlOf(server));
  const run = medallion.start(['run', 'airports-history', '--json']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  expect(JSON.parse(run.stdout())).toMatchObject({
    dataset: 'airports-history',
    status: 'published',
    ran_first: [{ dataset: 'airports', status: 'published' }],
  });
  for (const [dataset, layer] of [['airports', 'bronze'], ['airports-history', 'gold']]) {
    const record = path.join('etl', dataset, 'runs', layer, 'published.json');
    const [file] = fs
      .readdirSync(medallion.lake, { recursive: true, encoding: 'utf8' })
      .filter(each => each.endsWith(record));
    const published = JSON.parse(fs.readFileSync(path.join(medallion.lake, file), 'utf8')) as { table_format: string };
    expect(published.table_format).toBe('iceberg');
  }
  const n = sample('airports.csv').trim().split('\n').length - 1;
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_bronze.airports')).toEqual([{ n }]);
  expect(medallion.query('SELECT count(*) AS n FROM pp_dw_gold.airports_history WHERE is_current')).toEqual([{ n }]);
});

test('status, runs, logs and the views show what the tests above have run', async () => {
  const json = async (...args: string[]) => {
    const run = medallion.start(['--json', ...args]);
    await run.ended;
    return JSON.parse(run.stdout()) as Record<string, unknown>[];
  };
  const statuses = await json('status');
  const zipcodes = statuses.find(each => each.dataset === 'zipcodes');
  expect(zipcodes).toMatchObject({ layer: 'bronze', state: 'failed', rows: expect.any(Number) });
  const runs = await json('runs', '--limit', '100');
  const published = runs.find(each => each.state === 'published');
  const shown = medallion.start(['runs', String(published?.run_id), '--log', '5']);
  expect(await shown.ended).toBe(0);
  expect(shown.stdout()).toMatch(/Steps[^]*start spark[^]*Log, last 5 lines/);
  const [{ runs: count }] = medallion.query('SELECT count(*) AS runs FROM medallion.runs');
  expect(count).toBe(runs.length);
}, 60_000);
