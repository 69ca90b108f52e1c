import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { installInto, medallionIn, runIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { CommandFixture } from './command-fixture';

const AIRPORTS = 'iata,city,state\nBOS,Boston,MA\nJFK,New York,NY\nLGA,New York,NY\n';

const medallion = new CommandFixture(path.join(__dirname, 'sql-tests-app.ts'));
const folder = fs.realpathSync(temporaryFolder());
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((_, response) => response.end(AIRPORTS));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  medallion.remove();
  fs.rmSync(folder, { recursive: true });
});

function write(name: string, content: string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

async function run(code: number, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const running = medallion.start(['test', ...args]);
  expect(await running.ended === code ? '' : running.stdout() + running.stderr()).toBe('');
  return { stdout: running.stdout(), stderr: running.stderr() };
}

const ROW = '{iata: BOS, city: Boston, state: MA}';

test('SQL, outputs, a script and a history pass their tests without a lake, on their Glue versions', async () => {
  write('pass/tests/airports.csv', 'iata,city,state\nBOS,Boston,MA\nJFK,New York,NY\nLGA,New York,NY\n');
  write('pass/tests/cities.yaml', `
dataset: cities
tests:
  - name: airports of a city are counted
    inputs: {airports: {file: airports.csv}}
    expect:
      rows:
        - {city: New York, state: NY, airports: 2}
        - {city: Boston, state: MA, airports: 1}
`);
  write('pass/tests/others.yaml', `
dataset: summaries
tests:
  - name: each output has its rows
    inputs:
      cities: {rows: [{city: Boston, state: MA, airports: 2}, {city: Salem, state: MA, airports: 1}]}
      '\${bronze_database}.airports': {rows: [${ROW}]}
    expect:
      outputs:
        states: {rows: [{state: MA, airports: 3}]}
        totals: {rows: [{airports: 1}]}
`);
  write('pass/tests/script.yaml', `
dataset: gold/by-state
tests:
  - name: the script counts
    inputs: {airports: {rows: [${ROW}]}}
    expect: {rows: [{state: MA, airports: 1}]}
  - name: the rule is violated
    inputs: {airports: {rows: [{iata: X, city: Y, state: Massachusetts}]}}
    expect: {violated_rules: [a state has two letters]}
`);
  write('pass/tests/history.yaml', `
dataset: history
tests:
  - name: an airport moves
    loads:
      - {at: 2026-11-01, inputs: {airports: {rows: [${ROW}]}}}
      - {at: 2026-11-02, inputs: {airports: {rows: [{iata: BOS, city: Salem}]}}}
    expect:
      columns: listed
      rows:
        - {city: Boston, valid_to: 2026-11-02, is_current: false}
        - {city: Salem, valid_to: null, is_current: true}
`);
  const report = path.join(folder, 'reports', 'junit.xml');
  const { stdout } = await run(0, '--tests', path.join(folder, 'pass'), '--json', '--junit', report);
  const { tests, ...counts } = JSON.parse(stdout);
  expect(counts).toEqual({ passed: 5, failed: 0, seconds: expect.any(Number) });
  expect(tests.map((each: Record<string, unknown>) => [each.dataset, each.name, each.glue_version])).toEqual([
    ['silver/cities', 'airports of a city are counted', '5.0'],
    ['gold/summaries', 'each output has its rows', '5.0'],
    ['gold/by-state', 'the script counts', '5.0'],
    ['gold/by-state', 'the rule is violated', '5.0'],
    ['gold/history', 'an airport moves', '6.0'],
  ]);
  expect(fs.readFileSync(report, 'utf8')).toContain('<testsuites name="medallion test" tests="5" failures="0"');
  expect(fs.existsSync(medallion.lake)).toBe(false);
  expect(await medallion.remainingProcesses()).toEqual([]);
});

test('a failed test shows the differences, and the command fails', async () => {
  write('fail/tests/cities.yaml', `
dataset: cities
tests:
  - name: wrong
    inputs: {airports: {rows: [${ROW}, {iata: JFK, city: null, state: NY}]}}
    expect:
      rows:
        - {city: Boston, state: MA, airports: 2}
        - {city: '', state: NY, airports: 1}
  - name: other
    inputs: {airports: {rows: [${ROW}]}}
    expect: {rows: []}
`);
  const { stdout, stderr } = await run(1, 'cities', '--tests', path.join(folder, 'fail'), '--name', 'wr*g');
  expect(stdout.replace(/\d+\.\d s/g, 'N s').split('\n')).toEqual([
    '✗ cities: wrong  N s',
    expect.stringMatching(/^ {4}.*fail\/tests\/cities\.yaml:4$/),
    '    2 rows expected, 2 found.',
    '    Different values:',
    '      row  column    expected  actual',
    '        1  airports  2         1',
    '        2  city      \'\'        NULL',
    '',
    '1 test: 0 passed, 1 failed in N s',
    '',
  ]);
  expect(stderr).toBe('');
});

test('the test of a new app passes', () => {
  medallionIn(folder, ['init', 'app', '--prefix', 'pp-dw']);
  const app = path.join(folder, 'app');
  installInto(app);
  expect(runIn(app, 'app.ts').code).toBe(0);
  const { code, stdout } = medallionIn(app, ['test']);
  expect([code, stdout.replace(/\d+\.\d s/g, 'N s')]).toEqual([
    0, '✓ airports-by-state: the airports of each state are counted  N s\n\n1 test: 1 passed, 0 failed in N s\n',
  ]);
});

test('a recorded test passes, and is not replaced without --force', async () => {
  for (const dataset of ['airports', 'cities']) {
    expect(await medallion.start(['run', dataset]).ended).toBe(0);
  }
  const file = path.join(folder, 'recorded', 'tests', 'summaries.yaml');
  const { stdout } = await run(0, '--record', 'summaries', '--output', file, '--json');
  expect(JSON.parse(stdout).outputs).toEqual([{ table: 'states', rows: 2 }, { table: 'totals', rows: 1 }]);
  expect(fs.readFileSync(file, 'utf8')).toContain('{city: New York, state: NY, airports: 2}');
  const again = await run(2, '--record', 'summaries', '--output', file);
  expect(again.stderr).toMatch(/exists, and can contain tests that were written by hand/);
  const history = path.join(folder, 'recorded', 'tests', 'history.yaml');
  await run(0, '--record', 'history', '--glue-version', '5.0', '--output', history);
  const all = await run(0, '--tests', path.join(folder, 'recorded'), '--glue-version', '5.0');
  expect(all.stdout).toMatch(/\n2 tests: 2 passed, 0 failed in/);
  // The contract of the lake has other types than the test.
  write('typed/tests/a.yaml', `
dataset: cities
tests:
  - name: a
    inputs: {airports: {columns: {city: bigint}}}
    expect: {rows: []}
`);
  const typed = await run(1, '--tests', path.join(folder, 'typed'));
  expect(typed.stdout).toMatch(/a\.yaml:5: tests\[0\]\.inputs\.airports: columns declares city as bigint, but the /);
  expect(typed.stdout).toMatch(/ the published contract of bronze\/airports in \S+ has string\. Correct columns\./);
});
