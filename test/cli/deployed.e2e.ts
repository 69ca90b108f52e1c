import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { glueJob, temporaryFolder, writeAssembly } from './assembly-fixture';
import { ROOT } from './command-fixture';
import { BUCKET, historyApp, historyLake, RUN } from './history-fixture';
import { setUpLake } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
import { LOAD_TYPESCRIPT } from '../load-typescript';

const TEMPLATES = path.join(ROOT, 'glue-templates');
/** The account of the emulator. */
const ACCOUNT = '000000000000';
const DEPLOYED_BUCKET = `pp-dw-${ACCOUNT}`;
const JOB = 'pp-dw-bronze-events';

const folder = temporaryFolder();
const played = path.join(folder, 'played.json');
const app = historyApp();
let server: ChildProcess;
let endpoint: string;

/** Sends a request to the emulator, which accepts unsigned requests. */
async function request(target: string, body: object): Promise<void> {
  const headers = { 'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.1' };
  const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
}

/** Uploads the records of a local lake to the bucket of the account. */
async function uploadLake(data: string): Promise<void> {
  await fetch(`${endpoint}/${DEPLOYED_BUCKET}`, { method: 'PUT' });
  const root = path.join(data, 's3', '000000000000', BUCKET);
  const files = fs.readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter(name => name.endsWith('.json'))) {
    const body = fs.readFileSync(path.join(root, file), 'utf8').replaceAll(BUCKET, DEPLOYED_BUCKET);
    await fetch(`${endpoint}/${DEPLOYED_BUCKET}/${file}`, { method: 'PUT', body });
  }
}

/** Adds the log groups of the lake to the jobs, as EtlCore does. */
function addLogGroups(): void {
  const file = path.join(app, 'Datasets.template.json');
  const template = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Properties: { DefaultArguments: Record<string, string> } }>;
  };
  for (const { Properties: { DefaultArguments: defaults } } of Object.values(template.Resources)) {
    defaults['--custom-logGroup-prefix'] = '/aws-glue/pp-dw';
  }
  fs.writeFileSync(file, JSON.stringify(template));
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param onError called with standard error, whenever it grows */
async function medallion(args: string[], onError?: (text: string, child: ChildProcess) => void): Promise<Ended> {
  const main = path.join(ROOT, 'src', 'cli', 'main.ts');
  const child = spawn(
    process.execPath,
    [...LOAD_TYPESCRIPT, main, '--app', app, '--data', path.join(folder, '.medallion'), ...args],
    {
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        MEDALLION_POLL_SECONDS: '0.2',
      },
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', block => { stdout += block; });
  child.stderr.on('data', block => {
    stderr += block;
    onError?.(stderr, child);
  });
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { code, stdout, stderr };
}

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await medallion(['--json', ...args]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as T;
}

/** Sets the runs of the job that the emulator simulates from now on. */
function play(...attempts: object[]): void {
  fs.writeFileSync(played, JSON.stringify({ [JOB]: attempts }));
}

beforeAll(async () => {
  addLogGroups();
  const python = await setUpLake(new Progress());
  server = spawn(python, [path.join(TEMPLATES, 'tests', 'deploy', 'serve_account.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PLAYED_RUNS: played,
      SFN_WAIT_SCALE: '0.01',
      PYTHONPATH: [path.join(TEMPLATES, 'local_glue'), path.join(TEMPLATES, 'tests', 'deploy')].join(':'),
    },
  });
  endpoint = await new Promise(resolve => server.stdout?.once('data', data => resolve(String(data).trim())));
  await uploadLake(historyLake());
  const names = { dataset: 'events', layer: 'bronze', bucket: DEPLOYED_BUCKET, runs: `s3://${DEPLOYED_BUCKET}/etl/events/runs/bronze/` };
  await request('AWSGlue.CreateJob', {
    Name: JOB,
    Role: 'role',
    Command: { Name: 'glueetl' },
    DefaultArguments: { '--names': JSON.stringify(names) },
  });
  await request('AmazonAthena.CreateWorkGroup', {
    Name: 'pp-dw',
    Configuration: { ResultConfiguration: { OutputLocation: `s3://${DEPLOYED_BUCKET}/athena/` } },
  });
  const logGroupName = '/aws-glue/pp-dw/output';
  await request('Logs_20140328.CreateLogGroup', { logGroupName });
  await request('Logs_20140328.CreateLogStream', { logGroupName, logStreamName: 'jr_000003' });
  await request('Logs_20140328.PutLogEvents', {
    logGroupName,
    logStreamName: 'jr_000003',
    logEvents: [{ timestamp: Date.now(), message: 'one\ntwo\n' }],
  });
}, 300_000);

afterAll(() => {
  server.stdin?.end();
  fs.rmSync(folder, { recursive: true });
});

test('status and runs have the records of the bucket', async () => {
  const statuses = await json<Record<string, unknown>[]>('status', '--deployed');
  expect(statuses.map(each => [each.dataset, each.state])).toEqual([
    ['zipcodes', 'failed'],
    ['events', 'never_run'],
    ['old', 'published'],
    ['places', 'rolled_back'],
    ['hostile', 'failed'],
  ]);
  const runs = await json<Record<string, unknown>[]>('runs', 'zipcodes', '--deployed', '--since', '2026-11-01');
  expect(runs.map(each => each.run_id)).toEqual([RUN.failed, RUN.unchanged, RUN.zipcodes]);
}, 120_000);

test('logs are read from CloudWatch', async () => {
  const { code, stdout } = await medallion(['logs', 'zipcodes', '--deployed', '--tail', '1']);
  expect([code, stdout]).toEqual([0, 'two\n']);
}, 120_000);

test('a query runs with Athena, and a query of run records on the copied records', async () => {
  expect(await json('query', '--deployed', 'SELECT 9007199254740993 AS big, \'x\' AS text'))
    .toMatchObject([{ text: 'x' }]);
  expect(await json('query', '--deployed', 'SELECT error_code FROM medallion.runs WHERE dataset = \'zipcodes\' '
    + 'AND status = \'failed\'')).toEqual([{ error_code: 'GATE_MAX_SHRINK' }]);
}, 120_000);

test.each([
  [{ state: 'SUCCEEDED' }, 0, 'bronze/events  published'],
  [{ state: 'FAILED', record: false, error: 'Container killed' }, 1, 'UNEXPECTED_ERROR: Container killed'],
])('run starts the job and follows it: %j', async (attempt, expected, shown) => {
  play(attempt);
  const { code, stdout, stderr } = await medallion(['run', 'events', '--deployed', '--force']);
  expect(stderr).toContain(`Started ${JOB}  jr_`);
  expect(stderr).toContain(attempt.state);
  expect(stdout).toContain(shown);
  expect(code).toBe(expected);
}, 120_000);

test('an app of another account is refused before its lake is read', async () => {
  const other = writeAssembly({
    Prod: { environment: 'aws://111122223333/us-east-1', resources: { A: glueJob({ dataset: 'zipcodes' }) } },
  });
  const { code, stderr } = await medallion(['--app', other, 'status', '--deployed']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(
    /^error: Stack Prod is for the account 111122223333, but the AWS credentials are for the account 0{12} \(arn:.*\)\./,
  )]);
}, 120_000);

test('Ctrl-C leaves the job running, and says how to stop it', async () => {
  play({ seconds: 1000 });
  let isInterrupted = false;
  const { code, stderr } = await medallion(['run', 'events', '--deployed'], (text, child) => {
    if (text.includes('RUNNING') && !isInterrupted) {
      isInterrupted = true;
      child.kill('SIGINT');
    }
  });
  expect(code).toBe(130);
  expect(stderr).toMatch(/continues in AWS[^]*aws glue batch-stop-job-run --region us-east-1 --job-name pp-dw/);
  const [run] = await json<Record<string, unknown>[]>('runs', 'events', '--deployed', '--limit', '1');
  expect(run).toMatchObject({ state: 'running', error_code: null });
}, 120_000);
