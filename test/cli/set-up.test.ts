import { spawn } from 'child_process';
import { createHash, randomBytes } from 'crypto';
import * as fs from 'fs';
import * as http from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { setTimeout as wait } from 'timers/promises';
import { zipSync } from 'fflate';
import { temporaryFolder } from './assembly-fixture';
import { onTerminal } from './terminal';
import { displayWidth } from '../../src/cli/display-width';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const SCRIPT = [
  process.execPath,
  ...LOAD_TYPESCRIPT,
  path.join(__dirname, 'set-up-script.ts'),
];

/** A package like pyspark: large, and from a slow index. */
const WHEEL = 'slow_package-1.0-py3-none-any.whl';
const wheel = Buffer.from(zipSync(
  {
    'slow_package/data.bin': new Uint8Array(randomBytes(12_000_000)),
    'slow_package-1.0.dist-info/METADATA': Buffer.from('Metadata-Version: 2.1\nName: slow-package\nVersion: 1.0\n'),
    'slow_package-1.0.dist-info/WHEEL': Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    'slow_package-1.0.dist-info/RECORD': Buffer.from(''),
  },
  { level: 0 },
));

/** The duration of the download in milliseconds. */
let duration = 0;
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (!request.url?.endsWith('.whl')) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="/${WHEEL}">${WHEEL}</a>`);
      return;
    }
    response.writeHead(200, { 'content-length': wheel.length });
    void (async () => {
      const blocks = 50;
      for (let block = 0; block < blocks; block++) {
        const size = Math.ceil(wheel.length / blocks);
        response.write(wheel.subarray(block * size, (block + 1) * size));
        await wait(duration / blocks);
      }
      response.end();
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => { server.close(); });

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    MEDALLION_CACHE: temporaryFolder(),
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    PIP_FIND_LINKS: '',
    PIP_NO_CACHE_DIR: '1',
  };
}

function requirements(): string {
  const file = path.join(temporaryFolder(), 'requirements.txt');
  fs.writeFileSync(file, `slow-package==1.0 --hash=sha256:${createHash('sha256').update(wheel).digest('hex')}\n`);
  return file;
}

const MEASURED = /([\d.]+) of 12\.0 MB {2}(\d+) % {2}([\d.]+) ([kM])B\/s {2}(\d+) s left {2}slow_/;

describe('the progress of the set-up', () => {
  test.each([80, 132])('is a line of at most %d columns on a terminal', async columns => {
    duration = 4000;
    const command = [...SCRIPT, path.join(temporaryFolder(), 'venv'), requirements()];
    const output = await onTerminal(command, columns, environment());
    expect(output.code).toBe(0);
    expect(output.lines).toEqual([
      expect.stringMatching(/^ {2}✓ Glue 5.0: Spark 3.5.4 and Python packages \(405 MB\) {2}[\d.]+ s$/),
      '',
    ]);
    expect(Math.max(...output.states.map(displayWidth))).toBeLessThan(columns);

    const measured = output.states.map(state => MEASURED.exec(state)).filter(found => found !== null);
    expect(measured.length).toBeGreaterThan(6);
    const percents = measured.map(([, , percent]) => Number(percent));
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents[0]).toBeLessThan(40);
    expect(percents[percents.length - 1]).toBeGreaterThan(80);
    for (const [, done, percent, rate, unit, left] of measured) {
      expect(Math.abs(Number(done) / 12 * 100 - Number(percent))).toBeLessThan(2);
      const bytesPerSecond = Number(rate) * (unit === 'M' ? 1e6 : 1e3);
      expect(Math.abs((12e6 - Number(done) * 1e6) / bytesPerSecond - Number(left))).toBeLessThan(1.5);
    }
  }, 60_000);

  test('is a few plain lines without a terminal', async () => {
    duration = 14_000;
    const child = spawn(SCRIPT[0], [...SCRIPT.slice(1), path.join(temporaryFolder(), 'venv'), requirements()], {
      env: environment(),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', data => { stdout += data; });
    child.stderr.on('data', data => { stderr += data; });
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(0);
    expect(stdout).toBe('');
    // eslint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\r\x1b]/);
    const [title, ...lines] = stderr.trimEnd().split('\n');
    expect(title).toBe('  Glue 5.0: Spark 3.5.4 and Python packages (405 MB) …');
    expect(lines.pop()).toMatch(/^ {2}Glue 5.0: Spark 3.5.4 and Python packages \(405 MB\) {2}[\d.]+ s$/);
    const measured = lines.filter(line => MEASURED.test(line));
    expect(measured.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(4);
  }, 60_000);
});
