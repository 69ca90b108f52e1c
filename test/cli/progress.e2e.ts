import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { setTimeout as wait } from 'timers/promises';
import { temporaryFolder } from './assembly-fixture';
import { CommandFixture, ROOT, sample } from './command-fixture';
import { displayWidth } from '../../src/cli/display-width';

const CSV = Buffer.from(sample('zipcodes.csv'));
/** The size of the file in MB, as the output shows it. */
const SIZE = (CSV.length / 1e6).toFixed(1);

const medallion = new CommandFixture(path.join(ROOT, 'integ', 'quickstart', 'app.ts'));
let server: http.Server;
/** Whether the server announces the size of a file. */
let hasSize = true;
/** The duration of a download in milliseconds. */
let duration = 4000;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (request.url === '/airports.csv') {
      response.writeHead(200).end(sample('airports.csv'));
      return;
    }
    if (request.url !== '/zipcodes.zip') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, hasSize ? { 'content-length': CSV.length } : {});
    void (async () => {
      const blocks = 40;
      const size = Math.ceil(CSV.length / blocks);
      for (let block = 0; block < blocks; block++) {
        response.write(CSV.subarray(block * size, (block + 1) * size));
        await wait(duration / blocks);
      }
      response.end();
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  medallion.synthesize(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
  medallion.remove();
});

test('a download is one redrawn line on a terminal, and standard output is clean', async () => {
  const stdout = path.join(temporaryFolder(), 'result.json');
  const output = await medallion.onTerminal(['run', 'zipcodes', '--json'], 80, stdout);
  expect(output.code).toBe(0);
  expect(JSON.parse(fs.readFileSync(stdout, 'utf8'))).toMatchObject({ dataset: 'zipcodes', status: 'published' });

  const measured = output.states.filter(state => /running {2}[\d.]+ s {2}[\d.]+ of/.test(state));
  expect(measured.length).toBeGreaterThan(5);
  expect(measured[measured.length - 1]).toMatch(
    new RegExp(`^  … running  [\\d.]+ s  [\\d.]+ of ${SIZE} MB  \\d+%  \\d+ kB/s  \\d s left  zipcodes\\.zip$`),
  );
  expect(output.lines.filter(line => /running| of \d/.test(line))).toEqual([]);
  const redrawn = output.states.filter(state => state.startsWith('  … '));
  expect(Math.max(...redrawn.map(displayWidth))).toBeLessThan(80);
});

test('a download without Content-Length shows its bytes and rate', async () => {
  hasSize = false;
  const output = await medallion.onTerminal(['run', 'zipcodes', '--force'], 60);
  hasSize = true;
  expect(output.code).toBe(0);
  expect(output.states).toContainEqual(
    expect.stringMatching(/^ {2}… running {2}[\d.]+ s {2}[\d.]+ (kB|MB) {2}\d+ kB\/s {2}zipcodes\.zip$/),
  );
});

test('run --all: the datasets share a line, and the summary has complete errors in 80 columns', async () => {
  duration = 12_000;
  const summary = await medallion.onTerminal(['run', '--all', '--jobs', '2'], 80);
  duration = 4000;
  expect(summary.code).toBe(1);
  const redrawn = summary.states.filter(state => state.startsWith('  … '));
  expect(Math.max(...redrawn.map(displayWidth))).toBeLessThan(80);
  expect(redrawn).toContainEqual(expect.stringMatching(/ s {2}\d of 5 done {2}zipcodes \d+%, /));
  expect(redrawn).toContainEqual(expect.stringMatching(/ s {2}4 of 5 done {2}\S+$/));

  const heading = summary.lines.findIndex(line => /^dataset +layer +status/.test(line));
  const table = summary.lines.slice(heading, summary.lines.indexOf('', heading));
  expect(table.length).toBeGreaterThan(5);
  expect(Math.max(...table.map(displayWidth))).toBeLessThanOrEqual(80);
  expect(table).toContainEqual(expect.stringMatching(/^airport-cities +gold +published +[\d,]+ +[\d.]+$/));
  const failed = table.findIndex(line => /^gapminder +bronze +failed +[\d.]+$/.test(line));
  expect(table[failed + 1]).toMatch(/^ {4}[A-Z_]+: /);
});

test('without a terminal, a long download is a few plain lines', async () => {
  duration = 24_000;
  const run = medallion.start(['run', 'zipcodes', '--force', '--json']);
  expect(await run.ended === 0 ? '' : run.stderr()).toBe('');
  duration = 4000;
  expect(JSON.parse(run.stdout())).toMatchObject({ status: 'published' });
  // eslint-disable-next-line no-control-regex
  expect(run.stderr()).not.toMatch(/[\r\x1b]/);
  expect(run.stderr().split('\n').filter(line => line.includes(' MB/s'))).toEqual([
    expect.stringMatching(/^ {2}fetch {4}http:\S+\/zipcodes\.zip: [\d.]+ of [\d.]+ MB, \d+%, 0\.1 MB\/s, \d+ s left$/),
    expect.stringMatching(/zipcodes\.zip: [\d.]+ of [\d.]+ MB, \d+%/),
  ]);
});
