import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { installInto } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { processesOf, ROOT, wait } from './command-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const ZIPCODES = 'zip_code,state\n00501,NY\n00544,NY\n05401,VT\n10001,NY\n';
const APP = `
import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';
new DatasetDirectory(new App(), 'Lake', { path: 'lake' });
`;

const SIZE = { data_size_category: 'small' };
const STATES = { ...SIZE, dataset: 'states', source_datasets: ['bronze/zipcodes'], sql: 'states.sql' };

const app = temporaryFolder();
const lake = path.join(app, '.medallion');
let server: http.Server;
let running: Dev | undefined;

/** A running `medallion dev`. */
class Dev {
  public readonly process: ChildProcess;
  public readonly ended: Promise<number | null>;
  private output = '';

  public constructor(...args: string[]) {
    const main = path.join(ROOT, 'src', 'cli', 'main.ts');
    this.process = spawn(process.execPath, [...LOAD_TYPESCRIPT, main, 'dev', ...args], { cwd: app });
    this.process.stdout?.on('data', data => { this.output += data; });
    this.process.stderr?.on('data', data => { this.output += data; });
    this.ended = new Promise(resolve => this.process.once('close', resolve));
    running = this;
  }

  /** Waits until the command waits for the next change. Returns the output of this round. */
  public async round(): Promise<string> {
    while (!this.output.includes('Press Ctrl-C to stop.')) {
      expect([this.process.exitCode, this.output]).toEqual([null, this.output]);
      await wait(50);
    }
    const [output] = this.output.split('Press Ctrl-C to stop.');
    this.output = '';
    return output;
  }
}

function write(file: string, content: string | object): void {
  fs.mkdirSync(path.dirname(path.join(app, file)), { recursive: true });
  fs.writeFileSync(path.join(app, file), typeof content === 'string' ? content : JSON.stringify(content));
}

const sql = (query: string) => write('lake/gold/states/states.sql', query);

beforeAll(async () => {
  server = http.createServer((_, response) => response.end(ZIPCODES));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  installInto(app);
  const programs = path.join(app, 'node_modules', '.bin');
  fs.mkdirSync(programs);
  fs.symlinkSync(path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), path.join(programs, 'cdk'));
  write('app.ts', APP);
  write('cdk.json', { app: [process.execPath, ...LOAD_TYPESCRIPT, 'app.ts'].map(each => `"${each}"`).join(' ') });
  write('lake/config.json', { etl_resource_prefix: 'pp-dw' });
  write('lake/bronze/zipcodes/config.json', {
    ...SIZE,
    dataset: 'zipcodes',
    source_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/zipcodes.csv`,
  });
  write('lake/gold/states/config.json', STATES);
  write('lake/gold/largest/config.json', {
    ...SIZE, dataset: 'largest', source_datasets: ['gold/states'], sql: 'largest.sql',
  });
  sql('SELECT state, count(*) AS zips FROM ${bronze_database}.zipcodes GROUP BY state');
  write('lake/gold/largest/largest.sql', 'SELECT max(zips) AS zips FROM ${gold_database}.states');
});

afterEach(() => running?.process.kill('SIGKILL'));
afterAll(() => server.close());

test('a change is synthesized and run, with what depends on it, until Ctrl-C', async () => {
  const dev = new Dev('largest');
  const first = await dev.round();
  expect(first).toContain('Watching 3 datasets');
  expect(first.match(/published in/g)).toHaveLength(3);
  expect(first).toMatch(/pp_dw_gold\.largest {2}1 row/);

  sql("SELECT state, count(*) AS zips FROM ${bronze_database}.zipcodes WHERE state <> 'NY' GROUP BY state");
  const changed = await dev.round();
  expect(changed).toContain('lake/gold/states/states.sql changed');
  expect(changed).toMatch(/states published in .*largest published in/s);
  expect(changed).not.toContain('Running pp-dw-bronze-zipcodes');
  expect(changed).toMatch(/pp_dw_gold\.states {2}1 row\n/);
  expect(changed).toMatch(/Changes since run .*pp_dw_gold\.states {2}2 → 1 row \(−1\).*1 removed, 1 unchanged/s);
  expect(changed).toMatch(/Changes since run .*pp_dw_gold\.largest {2}1 → 1 row.*1 added, 1 removed/s);

  write('lake/gold/states/config.json', { ...STATES, description: 'ZIP codes by state' });
  expect(await dev.round()).toContain('No dataset has changed.');

  sql('SELECT state count(*) FROM ${bronze_database}.zipcodes');
  const invalid = await dev.round();
  expect(invalid).toMatch(/QUERY_INVALID: states\.sql, line 1, column 19.*1 of 2 failed in/s);

  write('lake/gold/states/config.json', { dataset: 'states' });
  expect(await dev.round()).toMatch(/error: The app cannot be synthesized:\n.*data_size_category/s);

  write('lake/gold/states/config.json', STATES);
  sql('SELECT state, count(*) AS zips FROM ${bronze_database}.zipcodes GROUP BY state');
  expect(await dev.round()).toMatch(/pp_dw_gold\.states {2}1 → 2 rows \(\+1\)/);

  expect(processesOf(lake).length).toBeGreaterThan(0);
  dev.process.kill('SIGINT');
  expect(await dev.ended).toBe(130);
  expect(processesOf(lake)).toEqual([]);
});

test('a dataset that is already up to date shows no difference', async () => {
  const dev = new Dev('zipcodes');
  const first = await dev.round();
  expect(first).toMatch(/zipcodes unchanged in /);
  expect(first).not.toMatch(/removed|Changes since/);
  dev.process.kill('SIGINT');
  expect(await dev.ended).toBe(130);
});

test('without names, nothing runs at the start, and the command ends with its standard input', async () => {
  const dev = new Dev();
  expect(await dev.round()).not.toContain('Running');
  dev.process.stdin?.end();
  expect(await dev.ended).toBe(0);
  expect(processesOf(lake)).toEqual([]);
});

test('kill -9 leaves no process', async () => {
  const dev = new Dev();
  await dev.round();
  dev.process.kill('SIGKILL');
  await dev.ended;
  for (let attempts = 0; processesOf(lake).length > 0 && attempts < 100; attempts++) {
    await wait(100);
  }
  expect(processesOf(lake)).toEqual([]);
});
