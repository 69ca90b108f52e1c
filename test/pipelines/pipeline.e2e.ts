import { Inputs, Outcome, PlayedLake, PlayedRun, Script } from './played-lake';
import { EtlPipelineProps, OnFailedInput, TableFormat } from '../../src';
import { RUNS_ALL } from '../cli/e2e-scope';

let lake: PlayedLake;
beforeAll(async () => {
  lake = await PlayedLake.start();
}, 300_000);
afterAll(() => lake.stop());

/** Two bronze datasets, a gold dataset that reads both, a gold dataset that reads it, and an independent dataset. */
const DATASETS: Inputs = {
  'bronze/a': [], 'bronze/b': [], 'bronze/other': [], 'gold/ab': ['bronze/a', 'bronze/b'], 'gold/top': ['gold/ab'],
};
const NAMES = Object.keys(DATASETS);

let number = 0;

/** A new lake whose pipeline has run once, so that all tables are published and crawled. */
async function published(props?: Partial<EtlPipelineProps>, inputs = DATASETS): Promise<string> {
  const prefix = `lake${++number}`;
  await lake.create(prefix, inputs, props);
  lake.play(prefix, {});
  expect((await lake.run(prefix)).status).toBe('SUCCEEDED');
  return prefix;
}

function statuses({ datasets }: Outcome): { [dataset: string]: string } {
  return Object.fromEntries(datasets.map(({ dataset, status }) => [dataset, status]));
}

function reasonOf({ datasets }: Outcome, name: string): string | undefined {
  return datasets.find(({ dataset }) => dataset === name)?.reason;
}

const UNCHANGED: PlayedRun[] = [{ status: 'unchanged' }];
/** The bronze sources have not changed. */
const NOTHING_NEW: Script = { 'bronze/a': UNCHANGED, 'bronze/b': UNCHANGED, 'bronze/other': UNCHANGED };
const BROKEN: PlayedRun[] = [{ state: 'FAILED', error: 'SOURCE_NOT_FOUND: the file does not exist' }];

test('each dataset runs when its own inputs have ended, and exactly the new tables are crawled', async () => {
  const prefix = `lake${++number}`;
  await lake.create(prefix, DATASETS);
  lake.play(prefix, {});
  const first = await lake.round(prefix);
  expect(statuses(first)).toEqual(Object.fromEntries(NAMES.map(dataset => [dataset, 'published'])));
  expect(first.datasets[0]).toEqual({
    dataset: 'bronze/a', status: 'published', rows: 7, seconds: 60, run_id: expect.stringMatching(/^\d{8}T\d{9}Z-/),
  });
  expect([...first.started].sort()).toEqual(NAMES.flatMap(dataset => [dataset, `${dataset}-crawler`]).sort());
  const log = lake.log(prefix);
  for (const [dataset, inputs] of Object.entries(DATASETS)) {
    for (const input of inputs) {
      expect(log.indexOf(`${dataset} start`)).toBeGreaterThan(log.indexOf(`${input}-crawler SUCCEEDED`));
    }
  }

  lake.play(prefix, { ...NOTHING_NEW, 'bronze/b': [{ schema_changes: true }] });
  const second = await lake.round(prefix);
  expect([...second.started].sort()).toEqual(
    ['bronze/a', 'bronze/b', 'bronze/b-crawler', 'bronze/other', 'gold/ab', 'gold/top'],
  );
}, 120_000);

test('datasets with Iceberg tables are not crawled', async () => {
  const prefix = `lake${++number}`;
  await lake.create(prefix, { 'bronze/a': [], 'gold/a': ['bronze/a'] }, {}, { tableFormat: TableFormat.ICEBERG });
  lake.play(prefix, {});
  const round = await lake.round(prefix);
  expect(statuses(round)).toEqual({ 'bronze/a': 'published', 'gold/a': 'published' });
  expect(round.started).toEqual(['bronze/a', 'gold/a']);
}, 120_000);

test('a dataset whose inputs have not published does not run', async () => {
  const prefix = await published();
  lake.play(prefix, NOTHING_NEW);
  const round = await lake.round(prefix);
  expect(statuses(round)).toEqual(Object.fromEntries(NAMES.map(dataset => [dataset, 'unchanged'])));
  expect([...round.started].sort()).toEqual(['bronze/a', 'bronze/b', 'bronze/other']);
  expect(reasonOf(round, 'gold/top')).toBe('no input has published since the last run');
}, 120_000);

test('a failed dataset skips its dependents, and a new execution with the result runs what is left', async () => {
  const prefix = await published();
  lake.play(prefix, { 'bronze/a': BROKEN });
  const round = await lake.round(prefix);
  expect([round.status, round.error]).toEqual(['FAILED', 'PipelineFailed']);
  expect(statuses(round)).toEqual({
    'bronze/a': 'failed',
    'gold/ab': 'skipped',
    'gold/top': 'skipped',
    'bronze/b': 'published',
    'bronze/other': 'published',
  });
  expect(reasonOf(round, 'bronze/a')).toBe('SOURCE_NOT_FOUND: the file does not exist');
  expect(reasonOf(round, 'gold/ab')).toBe('not run because of bronze/a (failed)');
  expect(reasonOf(round, 'gold/top')).toBe('not run because of gold/ab (skipped)');

  lake.play(prefix, {});
  const resumed = await lake.round(prefix, JSON.parse(round.text));
  expect(resumed.status).toBe('SUCCEEDED');
  expect(resumed.started).toEqual(['bronze/a', 'gold/ab', 'gold/top']);
  expect(statuses(resumed)).toEqual(Object.fromEntries(NAMES.map(dataset => [dataset, 'published'])));
}, 120_000);

test('with USE_PUBLISHED, the dependents of a failed dataset run with what is published', async () => {
  const prefix = await published({ onFailedInput: OnFailedInput.USE_PUBLISHED });
  lake.play(prefix, { 'bronze/a': BROKEN });
  const round = await lake.round(prefix);
  expect(round.status).toBe('FAILED');
  expect(statuses(round)).toEqual({
    'bronze/a': 'failed',
    'bronze/b': 'published',
    'bronze/other': 'published',
    'gold/ab': 'published',
    'gold/top': 'published',
  });

  lake.play(prefix, {});
  const resumed = await lake.round(prefix, JSON.parse(round.text));
  expect(resumed.status).toBe('SUCCEEDED');
  expect(resumed.started).toEqual(['bronze/a', 'gold/ab', 'gold/top']);
}, 120_000);

type RunCase = [rule: string, script: PlayedRun[], status: string, reason: string | undefined];

const COMPLETE_ROWS: RunCase[] = [
  ['a timeout is not retried', [{ state: 'TIMEOUT' }], 'failed', 'the run ended with TIMEOUT'],
  ['a stopped run is not retried', [{ state: 'STOPPED' }], 'failed', 'the run ended with STOPPED'],
  ['a failed run without a record has the error of Glue', [{ ...BROKEN[0], record: false }], 'failed', BROKEN[0].error],
  ['a run with a record of 300 KB succeeds', [{ record: 'large' }], 'published', undefined],
];

/** What happens to one bronze dataset, and the result of the dataset. */
test.each<RunCase>([
  ['a retry that succeeds is a success', [BROKEN[0], {}], 'published', undefined],
  [
    'a retry that fails is a failure, with its error',
    [BROKEN[0], { state: 'FAILED', error: 'DISK_FULL: full' }],
    'failed',
    'DISK_FULL: full',
  ],
  ...RUNS_ALL ? COMPLETE_ROWS : [],
  ['a run without a record succeeds', [{ record: false }], 'succeeded', 'the job wrote no run record'],
])('%s', async (_rule, script, status, reason) => {
  const prefix = await published(undefined, { 'bronze/a': [] });
  lake.play(prefix, { 'bronze/a': script });
  const round = await lake.round(prefix);
  expect([statuses(round)['bronze/a'], reasonOf(round, 'bronze/a')]).toEqual([status, reason]);
}, 120_000);

test('an input that is not the result of a failed execution of the pipeline is an error', async () => {
  const prefix = await published(undefined, { 'bronze/a': [] });
  for (const input of [
    { datasets: ['bronze/a'] },
    { pipeline: 'other', datasets: [{ dataset: 'bronze/a', status: 'failed' }] },
    { pipeline: 'daily', datasets: [{ dataset: 'bronze/a', status: 'published' }] },
  ]) {
    const round = await lake.round(prefix, input);
    expect([round.status, round.error, round.started]).toEqual(['FAILED', 'PipelineInputInvalid', []]);
  }
}, 120_000);

test('a failed crawl fails the dataset, and the next execution crawls although nothing has changed', async () => {
  const prefix = `lake${++number}`;
  await lake.create(prefix, { 'bronze/a': [] });
  lake.play(prefix, { 'bronze/a-crawler': 'FAILED' });
  const round = await lake.round(prefix);
  expect(reasonOf(round, 'bronze/a')).toBe(
    `the table is published, but the crawler ${prefix}-bronze-a-crawler ended with FAILED: `
      + 'Insufficient Lake Formation permission(s)',
  );
  lake.play(prefix, NOTHING_NEW);
  expect((await lake.round(prefix)).started).toEqual(['bronze/a', 'bronze/a-crawler']);
  expect((await lake.round(prefix)).started).toEqual(['bronze/a']);
}, 120_000);

test('a job that somebody has started is awaited', async () => {
  const prefix = await published(undefined, { 'bronze/a': [], 'gold/top': ['bronze/a'] });
  lake.play(prefix, { 'bronze/a': [{ seconds: 300 }] });
  await lake.startJob(prefix, 'bronze/a');
  const round = await lake.round(prefix);
  expect(round.status).toBe('SUCCEEDED');
  expect(lake.log(prefix).slice(-6)).toEqual([
    'bronze/a start', 'bronze/a SUCCEEDED', 'bronze/a start', 'bronze/a SUCCEEDED',
    'gold/top start', 'gold/top SUCCEEDED',
  ]);
}, 120_000);

test('executions of a pipeline do not overlap', async () => {
  const prefix = await published(undefined, { 'bronze/a': [] });
  lake.play(prefix, { 'bronze/a': [{ seconds: 900 }] });
  const first = await lake.startExecution(prefix);
  const second = await lake.round(prefix);
  expect([second.status, second.error]).toEqual(['FAILED', 'PipelineRunning']);
  expect(second.text).toContain(`${first} is still running`);
  expect((await lake.end(first)).status).toBe('SUCCEEDED');
}, 120_000);

if (RUNS_ALL) {
  test('of a large record, only the beginning is read, which has the status and the change of the schema', async () => {
    const prefix = await published(undefined, { 'bronze/a': [] });
    lake.play(prefix, { 'bronze/a': [{ record: 'large' }] });
    expect((await lake.round(prefix)).started).toEqual(['bronze/a']);
    lake.play(prefix, { 'bronze/a': [{ record: 'large', schema_changes: true }] });
    expect((await lake.round(prefix)).started).toEqual(['bronze/a', 'bronze/a-crawler']);
  }, 120_000);

  test('a crawler that was running before the publication is awaited and started again', async () => {
    const prefix = await published(undefined, { 'bronze/a': [] });
    lake.play(prefix, { 'bronze/a': [{ seconds: 1, schema_changes: true }] });
    await lake.startCrawler(prefix, 'bronze/a');
    expect((await lake.round(prefix)).started).toEqual(['bronze/a', 'bronze/a-crawler']);
  }, 120_000);

  test('after an execution was stopped, the next one awaits the jobs that still run', async () => {
    const prefix = await published(undefined, { 'bronze/a': [] });
    lake.play(prefix, { 'bronze/a': [{ seconds: 600 }] });
    const first = await lake.startExecution(prefix);
    await new Promise(wait => setTimeout(wait, 1500));
    await lake.call('stepfunctions', 'stop_execution', { executionArn: first });
    lake.play(prefix, {});
    expect((await lake.round(prefix)).status).toBe('SUCCEEDED');
  }, 120_000);

  test('a job that does not exist fails its dataset', async () => {
    const prefix = await published();
    await lake.call('glue', 'delete_job', { JobName: `${prefix}-bronze-a` });
    const round = await lake.round(prefix);
    expect(reasonOf(round, 'bronze/a')).toBe(
      `the job ${prefix}-bronze-a does not exist: deploy the stack of the dataset`,
    );
    expect(statuses(round)['bronze/other']).toBe('published');
  }, 120_000);

  test('at most maxConcurrentJobs datasets run at the same time', async () => {
    const inputs = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`bronze/d${index}`, [] as string[]]));
    const prefix = await published({ maxConcurrentJobs: 3 }, inputs);
    let running = 0;
    let most = 0;
    for (const line of lake.log(prefix).filter(each => !each.includes('-crawler'))) {
      running += line.endsWith(' start') ? 1 : -1;
      most = Math.max(most, running);
    }
    expect(most).toBe(3);
  }, 120_000);

  test('throttled calls are repeated', async () => {
    const prefix = await published();
    lake.play(prefix, {
      throttled: {
        'glue:getJob': 2,
        'glue:startJobRun': 2,
        'glue:getJobRun': 2,
        's3:getObject': 2,
        'sfn:listExecutions': 2,
        'glue:getCrawler': 2,
        's3:listObjectsV2': 2,
        'sfn:describeExecution': 2,
        'sfn:startExecution': 2,
      },
    });
    expect((await lake.round(prefix)).status).toBe('SUCCEEDED');
  }, 120_000);

  test('an outdated list of executions does not end a dataset too early', async () => {
    const prefix = await published();
    lake.play(prefix, { list_delay: 150 });
    const round = await lake.round(prefix);
    expect(round.status).toBe('SUCCEEDED');
    expect(statuses(round)).toEqual(Object.fromEntries(NAMES.map(dataset => [dataset, 'published'])));
  }, 120_000);
}

/** A lake in which three of five datasets are bronze, and the others read two of them. */
function lakeOf(count: number): Inputs {
  const bronze = Math.ceil(count * 0.6);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => index < bronze
    ? [`bronze/d${index}`, []]
    : [`gold/d${index}`, [`bronze/d${index - bronze}`, `bronze/d${index - bronze + 1}`]]));
}

test.each(RUNS_ALL ? [20, 100, 300] : [20])(
  'an execution with %i datasets fits into the limits of Step Functions', async count => {
    const prefix = `lake${++number}`;
    await lake.create(prefix, lakeOf(count));
    const jobs = Object.keys(lakeOf(count)).map(dataset => [dataset, [{ seconds: 420 }]]);
    lake.play(prefix, Object.fromEntries(jobs));
    const bytes = (await lake.definition(prefix)).length;
    expect(bytes).toBeLessThan(1_000_000);
    for (const what of ['new tables', 'new rows']) {
      const arn = await lake.startExecution(prefix);
      expect((await lake.end(arn, 1200)).status).toBe('SUCCEEDED');
      const { events, transitions } = await lake.counts(prefix, arn);
      console.log(`${count} datasets with ${what}: ${transitions} state transitions, ${events} events, definition of `
        + `${bytes} bytes`);
      expect(events).toBeLessThan(25_000);
    }
  }, 1_500_000,
);
