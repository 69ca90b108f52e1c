import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as net from 'net';
import * as path from 'path';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { ROOT, wait } from './command-fixture';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const MAIN = path.join(ROOT, 'src', 'cli', 'main.ts');
const SECRET = 'the-key-of-1-test';
const started: ChildProcess[] = [];

afterEach(() => { started.splice(0).forEach(child => child.kill('SIGKILL')); });

/** A local lake with an object, and with tables in the Data Catalog of these Regions. */
function lake(...regions: string[]): string {
  const data = path.join(temporaryFolder(), '.medallion');
  const bucket = path.join(data, 's3', '000000000000', 'pp-dw-123456789012');
  fs.mkdirSync(bucket, { recursive: true });
  fs.writeFileSync(path.join(bucket, 'object.txt'), 'content');
  if (regions.length > 0) {
    const scoped = (content: object) => ({ __account_region_scoped__: true, data: content });
    const tables = Object.fromEntries(regions.map(region => [`000000000000\0${region}\0'pp_dw_bronze/events'`, {}]));
    fs.writeFileSync(path.join(data, 's3-catalog.json'), JSON.stringify({
      databases: scoped({}), tables: scoped(tables), partitions: scoped({}), partition_indexes: scoped({}),
    }));
  }
  return data;
}

interface Served {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts the command, and waits until it serves the lake. */
async function serve(data: string, ...args: string[]): Promise<Served> {
  const env = { ...process.env, AWS_SECRET_ACCESS_KEY: SECRET, MEDALLION_SECRET_VENDOR: SECRET };
  const child = spawn(process.execPath, [...LOAD_TYPESCRIPT, MAIN, '--data', data, 'serve', ...args], { env });
  started.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', block => { stdout += block; });
  child.stderr.on('data', block => { stderr += block; });
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  for (let attempts = 0; !stderr.includes('Serving ') && child.exitCode === null && attempts < 600; attempts++) {
    await wait(50);
  }
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Whether the server at an endpoint ends within five seconds. */
async function isFree(endpoint: string): Promise<boolean> {
  const { port } = new URL(endpoint);
  for (let attempts = 0; attempts < 50; attempts++) {
    const isRefused = await new Promise<boolean>(resolve => {
      const socket = net.connect(Number(port), '127.0.0.1');
      socket.once('connect', () => { socket.destroy(); resolve(false); });
      socket.once('error', () => resolve(true));
    });
    if (isRefused) {
      return true;
    }
    await wait(100);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

test('the objects are served on the port, the output is for a shell, and Ctrl-C ends the server', async () => {
  const data = lake();
  const port = await freePort();
  const served = await serve(data, '--port', String(port));
  const endpoint = `http://127.0.0.1:${port}`;
  expect(served.stdout()).toBe([
    `export AWS_ENDPOINT_URL=${endpoint}`,
    'export AWS_ACCESS_KEY_ID=test',
    'export AWS_SECRET_ACCESS_KEY=test',
    'export AWS_REGION=us-east-1',
    'export AWS_DEFAULT_REGION=us-east-1',
    '',
  ].join('\n'));
  expect(served.stderr()).toBe(
    `Serving ${data} on ${endpoint}. Set these environment variables for other programs. Runs cannot use the lake `
      + 'until you end this command with Ctrl-C.\n',
  );
  expect(await (await fetch(`${endpoint}/pp-dw-123456789012/object.txt`)).text()).toBe('content');

  const other = medallionIn(ROOT, ['--data', data, 'reset', '--yes']);
  expect(other.code).toBe(1);
  expect(other.stderr).toBe(
    `error: The local lake ${data} is in use by another medallion command (process ${served.process.pid}). Wait until `
      + 'it ends, or end it with Ctrl-C if it is `medallion serve`. Or set another folder with --data DIR.\n',
  );

  const taken = medallionIn(ROOT, ['--data', lake(), 'serve', '--port', String(port)]);
  expect({ code: taken.code, stderr: taken.stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(`Cannot bind port ${port} of 127.0.0.1: .*Omit --port to use a free port`) as string,
  });

  served.process.kill('SIGINT');
  expect(await served.ended).toBe(130);
  expect(await isFree(endpoint)).toBe(true);
});

test('--json prints the endpoint and the environment variables, with the Region of the tables', async () => {
  const served = await serve(lake('eu-west-1', 'us-east-1'), '--json');
  const { endpoint, environment } = JSON.parse(served.stdout());
  expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(environment).toEqual({
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
  });
  expect(served.stderr()).toContain(
    'The Data Catalog has tables in several Regions. Set AWS_REGION to one of eu-west-1, us-east-1.\n',
  );
  expect(served.stdout() + served.stderr()).not.toContain(SECRET);
});

test('the command ends when the program that started it closes standard input', async () => {
  const served = await serve(lake());
  const [, endpoint] = /AWS_ENDPOINT_URL=(.*)/.exec(served.stdout())!;
  served.process.stdin!.end();
  expect(await served.ended).toBe(0);
  expect(await isFree(endpoint)).toBe(true);
});

test('the server ends with a command that is killed', async () => {
  const served = await serve(lake());
  const [, endpoint] = /AWS_ENDPOINT_URL=(.*)/.exec(served.stdout())!;
  served.process.kill('SIGKILL');
  expect(await isFree(endpoint)).toBe(true);
});

test.each([
  ['no lake', ['--data', 'nowhere', 'serve'], /^nowhere does not contain a local lake\. Run a dataset first/],
  ['an invalid port', ['serve', '--port', '65536'], /argument '65536' is invalid\. Specify a port from 1 to 65535/],
])('%s is a usage error', (_what, args, error) => {
  const { code, stdout } = medallionIn(ROOT, [...args, '--json']);
  expect({ exitCode: code, ...JSON.parse(stdout) })
    .toEqual({ exitCode: 2, code: 'USAGE', error: expect.stringMatching(error) as string });
});
