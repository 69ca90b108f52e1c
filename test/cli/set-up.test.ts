import { ChildProcess, spawn } from 'child_process';
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

const INSTALLER = path.join(temporaryFolder(), 'installer');
const SCRIPT = [process.execPath, ...LOAD_TYPESCRIPT, path.join(__dirname, 'set-up-script.ts'), INSTALLER];

/** A package of 12 MB. */
function wheelOf(name: string): Buffer {
  const info = `${name}-1.0.dist-info`;
  return Buffer.from(zipSync(
    {
      [`${name}/data.bin`]: new Uint8Array(randomBytes(12_000_000)),
      [`${info}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`),
      [`${info}/WHEEL`]: Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
      [`${info}/RECORD`]: Buffer.from(''),
    },
    { level: 0 },
  ));
}

const WHEELS = new Map(['spark', 'lake', 'java'].map(name => [name, wheelOf(name)]));

const JAR = randomBytes(1000);
const JAR_PATH = '/maven2/org/example/some-lib/1.2/some-lib-1.2.jar';

/** The request of a file. */
interface FileRequest {
  readonly name: string;
  /** The position of the first byte. */
  readonly start: number;
  sent: number;
}

/** The duration of a download in milliseconds. */
let duration = 0;
let requests: FileRequest[] = [];
let [active, mostActive] = [0, 0];
/** The Authorization header that the server requires. */
let authorization: string | undefined;
/** Called for each block of a download. */
let onBlock: (request: FileRequest) => void = () => undefined;
let server: http.Server;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="index"' }).end();
      return;
    }
    if (request.url?.startsWith('/maven2/')) {
      response.writeHead(request.url === JAR_PATH ? 200 : 404).end(JAR);
      return;
    }
    const [, name] = /^\/(\w+)-1\.0-py3-none-any\.whl$/.exec(request.url ?? '') ?? [];
    const wheel = WHEELS.get(name);
    if (!wheel) {
      const project = request.url?.split('/')[2] ?? '';
      const file = `${project}-1.0-py3-none-any.whl`;
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="/${file}">${file}</a>`);
      return;
    }
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const sent: FileRequest = { name, start: first, sent: 0 };
    requests.push(sent);
    response.writeHead(first > 0 ? 206 : 200, { 'content-length': wheel.length - first });
    active += 1;
    mostActive = Math.max(mostActive, active);
    response.once('close', () => { active -= 1; });
    void (async () => {
      const size = Math.ceil(wheel.length / 50);
      for (let at = first; at < wheel.length && !response.destroyed; at += size) {
        response.write(wheel.subarray(at, at + size));
        sent.sent += size;
        onBlock(sent);
        await wait(duration / 50);
      }
      response.end();
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  // The locked version of pip is from the package index of this machine.
  expect(await start({ ...process.env, MEDALLION_CACHE: temporaryFolder() }).ended).toMatchObject({ code: 0 });
}, 120_000);

afterAll(() => { server.close(); });

beforeEach(() => {
  [requests, active, mostActive, duration, onBlock, authorization] = [[], 0, 0, 0, () => undefined, undefined];
});

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    MEDALLION_CACHE: temporaryFolder(),
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    PIP_FIND_LINKS: '',
  };
}

/** Returns the arguments for a component: its title, and the file with its requirements. */
function component(title: string, name: string, hash = sha256(name)): string[] {
  const file = path.join(temporaryFolder(), `${name}.txt`);
  fs.writeFileSync(file, `${name}==1.0 --hash=sha256:${hash}\n`);
  return [title, file];
}

function sha256(name: string): string {
  return createHash('sha256').update(WHEELS.get(name)!).digest('hex');
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(env: NodeJS.ProcessEnv, ...components: string[][]): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(SCRIPT[0], [...SCRIPT.slice(1), ...components.flat()], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', data => { stdout += data; });
  child.stderr.on('data', data => { stderr += data; });
  const ended = new Promise<Ended>(resolve => child.once('close', code => resolve({ code, stdout, stderr })));
  return { process: child, ended };
}

const SPARK = component('Spark 3.5.4 (317 MB)', 'spark');
const LAKE = component('Local lake: S3 emulator and DuckDB (90 MB)', 'lake');

const MEASURED = /([\d.]+) of 12\.0 MB {2}(\d+)% {2}([\d.]+) ([kM])B\/s {2}(\d+) s left/;

describe('the progress of the set-up', () => {
  test.each([80, 132])('is a line per component of at most %d columns on a terminal', async columns => {
    duration = 4000;
    const output = await onTerminal([...SCRIPT, ...SPARK, ...LAKE], columns, environment());
    expect(output.code).toBe(0);
    expect([...output.lines].sort()).toEqual([
      '',
      expect.stringMatching(/^ {2}✓ Local lake: S3 emulator and DuckDB \(90 MB\) {2}[\d.]+ s$/),
      expect.stringMatching(/^ {2}✓ Spark 3.5.4 \(317 MB\) {2}[\d.]+ s$/),
    ]);
    expect(Math.max(...output.states.map(displayWidth))).toBeLessThan(columns);

    for (const title of ['Spark', 'Local lake']) {
      const measured = output.states
        .filter(state => state.includes(title))
        .map(state => MEASURED.exec(state))
        .filter(found => found !== null);
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
    }
  }, 60_000);

  test('is a few plain lines per component without a terminal, each with its title', async () => {
    duration = 14_000;
    const { code, stdout, stderr } = await start(environment(), SPARK, LAKE).ended;
    expect([code, stdout]).toEqual([0, '']);
    // eslint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\r\x1b]/);
    for (const title of ['Spark 3.5.4 (317 MB)', 'Local lake: S3 emulator and DuckDB (90 MB)']) {
      const lines = stderr.trimEnd().split('\n').filter(line => line.startsWith(`  ${title}`))
        .map(line => line.slice(title.length + 2));
      expect(lines[0]).toBe(' …');
      expect(lines[lines.length - 1]).toMatch(/^ {2}[\d.]+ s$/);
      const measured = lines.slice(1, -1);
      expect(measured.length).toBeGreaterThan(0);
      expect(measured.length).toBeLessThan(4);
      measured.forEach(line => expect(line).toMatch(/^ … {2}[\d.]+ of 12\.0 MB {2}/));
    }
  }, 60_000);
});

test('components are downloaded at the same time', async () => {
  duration = 3000;
  expect(await start(environment(), SPARK, LAKE).ended).toMatchObject({ code: 0 });
  expect(mostActive).toBe(2);
}, 60_000);

test('a file that two components need is downloaded once', async () => {
  duration = 2000;
  const other = component('Local lake', 'spark');
  const renamed = other[1].replace('spark.txt', 'other.txt');
  fs.renameSync(other[1], renamed);
  expect(await start(environment(), SPARK, [other[0], renamed]).ended).toMatchObject({ code: 0 });
  expect(requests.map(({ name }) => name)).toEqual(['spark']);
}, 60_000);

test('if a component fails, the error names it, and the next setup is only for it', async () => {
  // The others take longer.
  duration = 3000;
  const env = environment();
  const failing = component('Java 17 (40 MB)', 'java', sha256('lake'));
  const failed = await start(env, SPARK, failing, LAKE).ended;
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/^ {2}Java 17 \(40 MB\) failed {2}[\d.]+ s$/m);
  expect(failed.stderr).toMatch(/^ {2}Spark 3.5.4 \(317 MB\) {2}[\d.]+ s$/m);
  expect(failed.stderr.split('\n').filter(line => line.startsWith('error: '))).toEqual([
    expect.stringMatching(/^error: Java 17 \(40 MB\): The hash of a downloaded file does not .* Log: .*set-up-java\.log$/),
  ]);

  requests = [];
  expect(await start(env, SPARK, component('Java 17 (40 MB)', 'java'), LAKE).ended).toMatchObject({ code: 0 });
  expect(requests.map(({ name }) => name)).toEqual(['java']);
}, 60_000);

test.each(['SIGINT', 'SIGKILL'] as const)('a download that %s interrupts is resumed', async signal => {
  duration = 5000;
  const env = environment();
  const running = start(env, SPARK);
  await new Promise<void>(resolve => {
    onBlock = ({ sent }) => { sent > 7_000_000 && resolve(); };
  });
  running.process.kill(signal);
  await running.ended;

  expect(await start(env, SPARK).ended).toMatchObject({ code: 0 });
  const [, resumed, ...others] = requests;
  expect(resumed.start).toBeGreaterThan(5_000_000);
  expect(others).toEqual([]);
  const entry = fs.readdirSync(env.MEDALLION_CACHE!).find(name => name.startsWith('spark-')) ?? '';
  const [python] = fs.readdirSync(path.join(env.MEDALLION_CACHE!, entry, 'lib'));
  const data = path.join(env.MEDALLION_CACHE!, entry, 'lib', python, 'site-packages', 'spark', 'data.bin');
  expect(WHEELS.get('spark')!.includes(fs.readFileSync(data))).toBe(true);
}, 60_000);

test('a complete file of an interrupted setup is not downloaded again', async () => {
  duration = 4000;
  const env = environment();
  const [title, file] = component('Spark 3.5.4 (317 MB)', 'spark');
  fs.appendFileSync(file, fs.readFileSync(LAKE[1]));
  const running = start(env, [title, file]);
  await new Promise<void>(resolve => {
    onBlock = ({ name, sent }) => {
      // One file ends early.
      duration = name === 'lake' ? 0 : 4000;
      name === 'spark' && sent > 9_000_000 && resolve();
    };
  });
  running.process.kill('SIGINT');
  await running.ended;

  requests = [];
  expect(await start(env, [title, file]).ended).toMatchObject({ code: 0 });
  expect(requests.map(({ name }) => name)).toEqual(['spark']);
}, 60_000);

test('a resumed download whose content is wrong starts again', async () => {
  const env = environment();
  const downloads = path.join(env.MEDALLION_CACHE!, 'downloads');
  fs.mkdirSync(downloads);
  fs.writeFileSync(path.join(downloads, 'spark-1.0-py3-none-any.whl.part'), 'another file');
  expect(await start(env, SPARK).ended).toMatchObject({ code: 0 });
  expect(requests.map(request => request.start)).toEqual(['another file'.length, 0]);
}, 60_000);

test('the credentials of the package index are used', async () => {
  authorization = `Basic ${Buffer.from('reader:secret').toString('base64')}`;
  const env = environment();
  expect(await start(env, SPARK).ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Spark 3.5.4 (317 MB): The package index or Maven repository denied access.'),
  });
  const index = env.PIP_INDEX_URL!.replace('//', '//reader:secret@');
  expect(await start({ ...env, PIP_INDEX_URL: index }).ended).toMatchObject({ code: 0 });
  const log = fs.readFileSync(path.join(env.MEDALLION_CACHE!, 'set-up-spark.log'), 'utf8');
  expect(log).not.toContain('secret');
}, 60_000);

test('jars are downloaded from the Maven repository in DEFAULT_ARTIFACT_REPOSITORY', async () => {
  const env = environment();
  const list = path.join(temporaryFolder(), 'some-jars.txt');
  fs.writeFileSync(list, `# a comment\n${createHash('sha256').update(JAR).digest('hex')} org.example:some-lib:1.2\n`);
  const repository = env.PIP_INDEX_URL!.replace('/simple', '/maven2');
  expect(await start({ ...env, DEFAULT_ARTIFACT_REPOSITORY: repository }, ['Jars', list]).ended)
    .toMatchObject({ code: 0 });
  const entry = fs.readdirSync(env.MEDALLION_CACHE!).find(name => name.startsWith('some-jars-')) ?? '';
  expect(fs.readFileSync(path.join(env.MEDALLION_CACHE!, entry, 'some-lib-1.2.jar')).equals(JAR)).toBe(true);
}, 60_000);

test('a lost connection does not fail the set-up', async () => {
  const env = environment();
  duration = 1000;
  let isLost = false;
  onBlock = ({ sent }) => {
    if (!isLost && sent > 6_000_000) {
      isLost = true;
      server.closeAllConnections();
    }
  };
  expect(await start(env, SPARK).ended).toMatchObject({ code: 0 });
  expect(requests.map(request => request.start > 0)).toEqual([false, true]);
}, 60_000);
