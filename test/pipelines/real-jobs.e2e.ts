import * as fs from 'fs';
import * as http from 'http';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { PlayedLake } from './played-lake';
import {
  BronzeDataset, DataSizeCategory, EtlCore, EtlPipeline, GoldDataset, Source, Transform,
} from '../../src';
import { LOCAL_GLUE } from '../../src/cli/child';
import { Dataset, fullName, readDatasets } from '../../src/cli/dataset';
import { Environment, setUpRun } from '../../src/cli/environment';
import { Progress } from '../../src/cli/progress';
import { ACCOUNT, clientEnvironment, REGION } from '../deploy/emulator';

let rows = 'state,zip\nMA,02108\nMA,02109\nRI,02903\n';
const server = http.createServer((_request, response) => response.end(rows));
let lake: PlayedLake;
let environment: Environment;

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  environment = await setUpRun('5.0', new Progress(), false);
  lake = await PlayedLake.start();
}, 600_000);
afterAll(async () => {
  server.close();
  await lake?.stop();
});

/** The command that runs the job of a dataset on Spark, as `medallion run` does, for the emulator to start. */
function commandOf(dataset: Dataset): string[] {
  const folder = path.join(lake.folder, `job-${fullName(dataset).replace('/', '-')}`);
  const work = path.join(folder, 'work');
  fs.mkdirSync(folder, { recursive: true });
  const request = path.join(folder, 'request.json');
  fs.writeFileSync(request, JSON.stringify({
    job_name: dataset.job,
    script: dataset.script,
    arguments: dataset.arguments,
    bucket: dataset.bucket,
    runs: dataset.runs,
    deployments: dataset.deployments(),
    secrets: {},
    buckets: {},
    endpoint: lake.endpoint,
    access_key: 'test',
    jars: environment.jars,
    iceberg_jars: null,
    java_options: environment.javaOptions,
    environment: {},
    work,
    result: path.join(folder, 'result.json'),
    progress: null,
  }));
  const env = clientEnvironment(lake.endpoint, {
    JAVA_HOME: environment.javaHome, TMPDIR: work, TZ: 'UTC',
  });
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // Each run gets an empty folder.
  const inNewFolder = ['sh', '-c', 'rm -rf "$0" && mkdir "$0" && exec "$@"', work];
  const job = [environment.jobPython, path.join(LOCAL_GLUE, 'run_job.py'), request];
  return [...inNewFolder, 'env', '-i', ...variables, ...job];
}

test('the state machines run the real jobs in order, and then only what has changed', async () => {
  const app = new App({ outdir: path.join(lake.folder, 'real') });
  const stack = new Stack(app, 'Lake', { env: { account: ACCOUNT, region: REGION } });
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'real' });
  const common = { core, dataSizeCategory: DataSizeCategory.SMALL };
  const { port } = server.address() as { port: number };
  const zipcodes = new BronzeDataset(stack, 'Zipcodes', {
    ...common, dataset: 'zipcodes', source: Source.url(`http://127.0.0.1:${port}/zipcodes.csv`),
  });
  const states = new GoldDataset(stack, 'States', {
    ...common,
    dataset: 'states',
    inputs: [zipcodes],
    transform: Transform.sql('SELECT state, count(*) AS zips FROM real_bronze.zipcodes GROUP BY state'),
  });
  new EtlPipeline(stack, 'Daily', { core, datasets: [states] });
  app.synth();
  await lake.deploy(app.outdir);
  const datasets = readDatasets(app.outdir);
  await lake.call('s3', 'create_bucket', { Bucket: datasets[0].bucket });
  lake.play('real', Object.fromEntries(datasets.map(each => [fullName(each), [{ command: commandOf(each) }]])));

  const first = await lake.round('real');
  expect(first.datasets).toEqual([
    {
      dataset: 'bronze/zipcodes',
      status: 'published',
      rows: 3,
      seconds: expect.any(Number),
      run_id: expect.any(String),
    },
    { dataset: 'gold/states', status: 'published', rows: 2, seconds: expect.any(Number), run_id: expect.any(String) },
  ]);
  expect(first.started).toEqual(['bronze/zipcodes', 'bronze/zipcodes-crawler', 'gold/states', 'gold/states-crawler']);

  const second = await lake.round('real');
  expect(second.datasets.map(({ dataset, status }) => [dataset, status])).toEqual(
    [['bronze/zipcodes', 'unchanged'], ['gold/states', 'unchanged']],
  );
  expect(second.started).toEqual(['bronze/zipcodes']);

  rows += 'VT,05401\n';
  const third = await lake.round('real');
  expect(third.datasets.map(({ dataset, status, rows: count }) => [dataset, status, count])).toEqual(
    [['bronze/zipcodes', 'published', 4], ['gold/states', 'published', 3]],
  );
  expect(third.started).toEqual(['bronze/zipcodes', 'gold/states']);

  rows = 'state\n"open quote\n';
  const failed = await lake.round('real');
  expect([failed.status, failed.error]).toEqual(['FAILED', 'PipelineFailed']);
  expect(failed.datasets.map(({ dataset, status }) => [dataset, status])).toEqual(
    [['bronze/zipcodes', 'failed'], ['gold/states', 'skipped']],
  );
  expect(failed.datasets[0].reason).toMatch(/^[A-Z_]+: /);
}, 600_000);
