import { ChildProcess, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { zipSync } from 'fflate';
import { temporaryFolder } from './assembly-fixture';

const ROOT = path.join(__dirname, '..', '..');
const CSV = fs.readFileSync(path.join(ROOT, 'node_modules', 'vega-datasets', 'data', 'zipcodes.csv'), 'utf8');
const TS_NODE = ['--require', 'ts-node/register/transpile-only'];

const work = temporaryFolder();
const app = path.join(work, 'cdk.out');
const lake = path.join(work, '.medallion');
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const found = request.url === '/zipcodes.zip';
    response.writeHead(found ? 200 : 404).end(found ? zipSync({ 'zipcodes.csv': Buffer.from(CSV) }) : '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  fs.rmSync(work, { recursive: true });
});

/** Writes the quickstart's assembly as `cdk synth` does, with the library as it stands in src/. */
function synthesize(source: string): void {
  const library = path.join(work, 'modules', 'cdk-glue-medallion');
  fs.mkdirSync(library, { recursive: true });
  fs.writeFileSync(path.join(library, 'package.json'), JSON.stringify({ main: path.relative(library, path.join(ROOT, 'src', 'index.ts')) }));
  node([path.join(ROOT, 'integ', 'quickstart', 'app.ts')], {
    NODE_PATH: path.dirname(library), CDK_OUTDIR: app, CDK_CONTEXT_JSON: JSON.stringify({ source }),
  }, path.join(ROOT, 'integ', 'quickstart'));
}

function environment(added: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, TS_NODE_PROJECT: path.join(ROOT, 'tsconfig.dev.json'), ...added };
}

function node(args: string[], env: Record<string, string> = {}, cwd?: string): string {
  return execFileSync(process.execPath, [...TS_NODE, ...args], { encoding: 'utf8', env: environment(env), cwd, maxBuffer: 2 ** 28 });
}

const COMMAND = [path.join(ROOT, 'src', 'cli', 'main.ts'), '--app', app, '--data', lake];

function start(args: string[]): { process: ChildProcess; ended: Promise<number | null>; stdout: () => string; stderr: () => string } {
  const child = spawn(process.execPath, [...TS_NODE, ...COMMAND, ...args], { env: environment({}) });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', data => { stdout += data; });
  child.stderr.on('data', data => { stderr += data; });
  return { process: child, ended: new Promise(resolve => child.once('close', resolve)), stdout: () => stdout, stderr: () => stderr };
}

/** The processes that work on the lake: all that the command starts have their temporary files there. */
function processes(): number[] {
  return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).filter(pid => {
    try {
      return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TMPDIR=${lake}`);
    } catch {
      return false;
    }
  }).map(Number);
}

/** The addresses that these processes listen on, from the kernel's tables. */
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

/** 127.0.0.1 as the kernel writes it, alone and within IPv6. */
const LOOPBACK = ['0100007F', '0000000000000000FFFF00000100007F'];

const wait = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

test.each([
  ['its own Glue', 'Glue 5.0, Spark 3.5.4', []],
  ['Glue 6.0', 'Glue 6.0, Spark 4.1.1', ['--glue-version', '6.0', '--force']],
])('the quickstart\'s dataset comes out of the real job value by value, on %s', async (_what, version, options) => {
  const run = start(['run', 'zipcodes', '--json', ...options]);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  expect(run.stderr()).toContain(`Running pp-dw-bronze-zipcodes  ${version}\n`);
  const result = JSON.parse(run.stdout()) as { run_id: string };
  expect(result).toMatchObject({
    dataset: 'zipcodes',
    layer: 'bronze',
    status: 'published',
    tables: [{
      name: 'zipcodes',
      database: 'pp_dw_bronze',
      rows: 42049,
      location: 's3://pp-dw-123456789012/bronze/zipcodes/',
      columns: [
        { name: 'zip_code', type: 'string' }, { name: 'latitude', type: 'double' }, { name: 'longitude', type: 'double' },
        { name: 'city', type: 'string' }, { name: 'state', type: 'string' }, { name: 'county', type: 'string' },
      ],
      rescued: {},
    }],
  });

  const [heading, ...lines] = CSV.trim().split(/\r?\n/);
  expect(heading).toBe('zip_code,latitude,longitude,city,state,county');
  const rows = JSON.parse(node([...COMMAND, 'query', 'SELECT * FROM pp_dw_bronze.zipcodes', '--json'])) as Record<string, string | number>[];
  expect(new Set(rows.map(row => row.meta_run_id))).toEqual(new Set([result.run_id]));
  expect(rows.filter(row => row.meta_rescued !== null)).toEqual([]);
  // The text of every value is the text in the file, leading zeros and all.
  expect(rows.map(row => [row.zip_code, row.latitude, row.longitude, row.city, row.state, row.county].join(',')).sort()).toEqual([...lines].sort());
  expect(rows.filter(row => String(row.zip_code).startsWith('0')).length).toBe(lines.filter(line => line.startsWith('0')).length);
});

test('a second run says where everything is, listens on 127.0.0.1 alone and leaves nothing running', async () => {
  const run = start(['run', 'zipcodes']);
  const addresses = new Set<string>();
  let ended = false;
  void run.ended.then(() => { ended = true; });
  while (!ended) {
    listening(processes()).forEach(address => addresses.add(address));
    await wait(500);
  }
  expect(run.stderr()).toMatch(/Running pp-dw-bronze-zipcodes {2}Glue 5.0/);
  expect(run.stderr()).toMatch(/zipcodes published in [\d.]+ s/);
  expect(run.stdout()).toMatch(/pp_dw_bronze\.zipcodes {2}42,049 rows\n {2}zip_code {6}string\n/);
  expect(run.stdout()).toMatch(/ {2}meta_run_id {3}string {2}its run\n {2}meta_rescued {2}string {2}unfitting values\n/);
  expect(run.stdout()).toMatch(/ {2}00501 +40\.922326 +-72\.637078 +Holtsville/);
  expect([...addresses].filter(address => !LOOPBACK.includes(address))).toEqual([]);
  expect(addresses.size).toBeGreaterThan(0);
  expect(processes()).toEqual([]);
  expect(fs.readdirSync(lake).sort()).toEqual(['.gitignore', 'logs', 's3']);
});

test('a contract is reset without a question, where something is published, and the table stays', async () => {
  const reset = start(['reset', '--contract', 'zipcodes', '--json']);
  expect(await reset.ended === 0 ? '' : reset.stderr()).toBe('');
  expect(JSON.parse(reset.stdout())).toEqual({ dataset: 'zipcodes', layer: 'bronze', contract_reset: true });
  const [published] = fs.readdirSync(lake, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('etl/zipcodes/runs/bronze/published.json'));
  expect(JSON.parse(fs.readFileSync(path.join(lake, published), 'utf8'))).toMatchObject({ contract_reset: true });
  expect(JSON.parse(node([...COMMAND, 'query', 'SELECT count(*) AS n FROM pp_dw_bronze.zipcodes', '--json']))).toEqual([{ n: 42049 }]);

  const unpublished = start(['reset', '--contract', 'airports', '--json']);
  expect(await unpublished.ended).toBe(1);
  expect(JSON.parse(unpublished.stdout())).toEqual({ error: expect.stringMatching(/^Nothing of airports is published in this lake yet/) as string });
  expect(processes()).toEqual([]);
});

test('values that do not fit are counted', async () => {
  const lines = CSV.split('\n');
  const other = http.createServer((_request, response) => {
    response.end(zipSync({ 'zipcodes.csv': Buffer.from([lines[0], `${lines[1].trim()},surplus`, ...lines.slice(2)].join('\n')) }));
  });
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  synthesize(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
  const run = start(['run', 'zipcodes']);
  await run.ended;
  other.close();
  synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(run.stdout()).toMatch(/42,049 rows, 1 value in meta_rescued \(_surplus 1\)\n/);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGKILL', null],
] as const)('%s while Spark works leaves no process behind', async (signal, code) => {
  const run = start(['run', 'zipcodes']);
  while (!/unpack/.test(run.stderr())) {
    await wait(20);
  }
  expect(processes().length).toBeGreaterThan(1);
  const other = start(['query', 'SELECT 1']);
  expect(await other.ended).toBe(1);
  expect(other.stderr()).toContain(`in use by another medallion, process ${run.process.pid}`);
  run.process.kill(signal);
  expect(await run.ended).toBe(code);
  for (let tries = 0; processes().length > 0 && tries < 50; tries++) {
    await wait(100);
  }
  expect(processes()).toEqual([]);
  // The lake still answers, with the table that was published before.
  expect(JSON.parse(node([...COMMAND, 'query', 'SELECT count(*) AS n FROM pp_dw_bronze.zipcodes', '--json']))).toEqual([{ n: 42049 }]);
});

test('a source that is gone fails the run in one line, and leaves the table', async () => {
  synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}/moved`);
  const run = start(['run', 'zipcodes', '--json']);
  expect(await run.ended).toBe(1);
  expect(JSON.parse(run.stdout())).toMatchObject({ dataset: 'zipcodes', status: 'failed', tables: [], error: expect.stringMatching(/404/) as string });
  expect(run.stderr()).toMatch(/\.log/);
  expect(JSON.parse(node([...COMMAND, 'query', 'SELECT count(*) AS n FROM pp_dw_bronze.zipcodes', '--json']))).toEqual([{ n: 42049 }]);
});
