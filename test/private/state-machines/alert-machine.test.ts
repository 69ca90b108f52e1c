import { App, Stack } from 'aws-cdk-lib';
import { LakeNames } from '../../../src/naming';
import { alertMachine } from '../../../src/private/state-machines/alert-machine';
import { readText } from '../../documentation-pages';
import { Definition, Outcome, runStateMachine, StateError, TaskCall } from '../../state-machine';

const DATASET_MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:pp-dw-dataset';
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:pp-dw-alerts';
const DEFINITION = alertMachine({
  names: new LakeNames(
    new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'us-east-1' } }),
    { resourcePrefix: 'pp-dw' },
  ),
  partition: 'aws',
  consoleDomain: 'aws.amazon.com',
  datasetMachineArn: DATASET_MACHINE,
  topicArn: TOPIC,
}) as unknown as Definition;

const LOG_LINK =
  'https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws-glue/crawlers';

const ENVIRONMENT = { account: '123456789012', region: 'us-east-1', time: '2026-11-29T06:10:00Z' };
const jobEvent = (job: string, detail: object = {}) => ({
  ...ENVIRONMENT,
  'source': 'aws.glue',
  'detail-type': 'Glue Job State Change',
  'detail': { jobName: job, state: 'FAILED', jobRunId: 'jr_0123_attempt_1', message: 'RunFailed: why', ...detail },
});
const crawlerEvent = (crawler: string) => ({
  ...ENVIRONMENT,
  'source': 'aws.glue',
  'detail-type': 'Glue Crawler State Change',
  'detail': {
    crawlerName: crawler,
    state: 'Failed',
    errorMessage: 'Internal Service Exception',
    cloudWatchLogLink: LOG_LINK,
  },
});

const PIPELINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:pp-dw-daily';
const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:pp-dw-daily:0123';
const pipelineEvent = (error: string | null, cause: unknown, status = 'FAILED') => ({
  ...ENVIRONMENT,
  'source': 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  'detail': {
    executionArn: EXECUTION,
    stateMachineArn: PIPELINE,
    name: '0123',
    status,
    error,
    cause: typeof cause === 'object' && cause !== null ? JSON.stringify(cause) : cause,
  },
});

const warningEvent = (detail: object = {}) => ({
  ...ENVIRONMENT,
  'source': 'medallion.pp-dw',
  'detail-type': 'Run Warnings',
  'detail': {
    job: 'pp-dw-bronze-zip',
    job_run_id: 'jr_0123',
    dataset: 'zip',
    layer: 'bronze',
    run_id: '20261129T060000123Z-3f9a1c',
    warning_count: 2,
    warnings: ['zip: the rule "a" is violated by 1 of 2 rows (50.00%)', 'zip: the rule "b" is violated'],
    ...detail,
  },
});

const RUN = '20261129T060000123Z-3f9a1c';
const SHRINK = 'RunFailed: GATE_MAX_SHRINK: Quality gates failed: fda_nsde: 12 rows, but 42,049 are published and '
  + 'max_shrink is 50% [GATE_MAX_SHRINK]. The published table is unchanged. Check the source. To publish once despite '
  + 'the failed gates, run with run_options {"allow": ["shrink"]}';
const keyOf = (run: string) => `etl/fda-nsde/runs/bronze/run_id=${run}.json`;
const recordOf = (run: string, jobRun: string, content: object = {}) => JSON.stringify({
  dataset: 'fda-nsde',
  layer: 'bronze',
  run_id: run,
  job_run_id: jobRun,
  status: 'failed',
  error: 'GATE_MAX_SHRINK: why',
  error_code: 'GATE_MAX_SHRINK',
  sources: [{ url: 'https://example.org/nsde.zip' }],
  ...content,
}, null, 2);
const RECORDS = { [keyOf(RUN)]: recordOf(RUN, 'jr_0123_attempt_1') };
const RUNBOOK = 'https://github.com/cdk-glue-medallion/cdk-glue-medallion/blob/main/docs/operations/runbook.md';

interface Execution {
  readonly Name: string;
  readonly StopDate?: string;
}

/** The executions of the state machine for datasets, keyed by status. */
interface Listed {
  readonly RUNNING?: Execution[] | StateError;
  readonly FAILED?: Execution[] | StateError;
}

/** The content of the objects with run records, keyed by object key. */
type Records = { readonly [key: string]: string } | StateError;

/** Runs the state machine with an event, and with these executions and run records. */
function handle(
  event: object, listed: Listed = {}, publish: (call: TaskCall) => object = () => ({}), records: Records = {},
): Promise<Outcome> {
  return runStateMachine(DEFINITION, event, {
    task: call => {
      if (call.resource === 'sns:publish') {
        return publish(call);
      }
      if (call.resource.startsWith('aws-sdk:s3:')) {
        return readRecords(call, records);
      }
      expect(call.resource).toBe('aws-sdk:sfn:listExecutions');
      const { StatusFilter, ...others } = call.arguments;
      expect(others).toEqual({ StateMachineArn: DATASET_MACHINE, MaxResults: 400 });
      const executions = listed[StatusFilter as keyof Listed] ?? [];
      if (executions instanceof StateError) {
        throw executions;
      }
      return { Executions: executions };
    },
  });
}

/** The result of a request to S3 for the list of run records, or for the beginning of one. */
function readRecords({ resource, arguments: given }: TaskCall, records: Records): object {
  if (records instanceof StateError) {
    throw records;
  }
  expect(given.Bucket).toBe('pp-dw-123456789012');
  if (resource === 'aws-sdk:s3:listObjectsV2') {
    const keys = Object.keys(records).filter(key => key.startsWith(given.Prefix) && key > given.StartAfter).sort();
    return {
      IsTruncated: keys.length > given.MaxKeys,
      ...keys.length > 0 && { Contents: keys.slice(0, given.MaxKeys).map(Key => ({ Key, Size: 1 })) },
    };
  }
  expect(resource).toBe('aws-sdk:s3:getObject');
  if (records[given.Key] === undefined) {
    throw new StateError('S3.NoSuchKeyException');
  }
  const [, last] = /^bytes=0-(\d+)$/.exec(given.Range)!;
  return { Body: records[given.Key].slice(0, Number(last) + 1), ETag: '"0"' };
}

const published = ({ calls }: Outcome) =>
  calls.filter(({ resource }) => resource === 'sns:publish').map(call => call.arguments);
const messageOf = (outcome: Outcome): string[] => published(outcome)[0].Message.split('\n');
const running = (...names: string[]): Listed => ({ RUNNING: names.map(Name => ({ Name })) });
const failed = (name: string, stopped: string): Listed => ({ FAILED: [{ Name: name, StopDate: stopped }] });

const START = '20261129T060000123-0abca-7';
const LONG = 'a-dataset-with-a-name-that-is-longer-than-an-execution-name-can-hold';

test('the definition is shorter than 1 MiB, and names of states than 80 characters', () => {
  expect(JSON.stringify(DEFINITION).length).toBeLessThan(30_000);
  expect(Object.keys(DEFINITION.States).filter(name => name.length > 80)).toEqual([]);
});

describe('the alert of a job or crawler', () => {
  test.each<[string, object, Listed, boolean]>([
    ['no execution runs', jobEvent('pp-dw-bronze-zip'), {}, true],
    ['an execution handles the dataset', jobEvent('pp-dw-bronze-zip'), running(`bronze-zip-${START}`), false],
    [
      'one of many executions handles the dataset',
      jobEvent('pp-dw-silver-zip'),
      running(...Array.from({ length: 399 }, (_, i) => `bronze-d${i}-${START}`), `silver-zip-${START}`),
      false,
    ],
    [
      'an execution handles the crawled dataset',
      crawlerEvent('pp-dw-gold-zip-crawler'),
      running(`gold-zip-${START}`),
      false,
    ],
    [
      'an execution handles a dataset whose name ends with -crawler',
      crawlerEvent('pp-dw-gold-zip-crawler-crawler'),
      running(`gold-zip-crawler-${START}`),
      false,
    ],
    [
      'an execution handles a dataset whose name without -crawler is the same',
      crawlerEvent('pp-dw-gold-zip-crawler'),
      running(`gold-zip-crawler-${START}`),
      true,
    ],
    [
      'an execution handles a dataset whose name ends with -crawler, and its job failed',
      jobEvent('pp-dw-gold-zip-crawler'),
      running(`gold-zip-crawler-${START}`),
      false,
    ],
    [
      'an execution handles a dataset with a longer name',
      jobEvent('pp-dw-bronze-zip'),
      running(`bronze-zip-codes-${START}`),
      true,
    ],
    [
      'an execution handles a dataset with a shorter name',
      jobEvent('pp-dw-bronze-zip-codes'),
      running(`bronze-zip-${START}`),
      true,
    ],
    ['an execution handles another layer', jobEvent('pp-dw-bronze-zip'), running(`silver-zip-${START}`), true],
    ['an execution was started manually', jobEvent('pp-dw-bronze-zip'), running('bronze-zip-by-hand'), true],
    [
      'an execution handles a dataset with a name of more than 45 characters',
      jobEvent(`pp-dw-bronze-${LONG}`),
      running(`${`bronze-${LONG}`.slice(0, 45)}-${START}`),
      false,
    ],
    [
      'an execution handles a dataset with a name of exactly 45 characters',
      crawlerEvent(`pp-dw-bronze-${'b'.repeat(38)}-crawler`),
      running(`bronze-${'b'.repeat(38)}-${START}`),
      false,
    ],
    [
      'the execution that noticed the failure has just ended',
      jobEvent('pp-dw-bronze-zip'),
      failed(`bronze-zip-${START}`, '2026-11-29T06:10:01.250Z'),
      false,
    ],
    [
      'an execution of another dataset has just failed',
      jobEvent('pp-dw-bronze-zip'),
      failed(`bronze-zip-codes-${START}`, '2026-11-29T06:10:01.250Z'),
      true,
    ],
    [
      'an execution of the dataset failed before the job',
      jobEvent('pp-dw-bronze-zip'),
      failed(`bronze-zip-${START}`, '2026-11-29T06:05:00.000Z'),
      true,
    ],
  ])('%s: %#', async (_, event, listed, isSent) => {
    const outcome = await handle(event, listed);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)).toHaveLength(isSent ? 1 : 0);
  });

  test.each<[string, Listed]>([
    [
      'the state machine for datasets does not exist',
      { RUNNING: new StateError('Sfn.StateMachineDoesNotExistException') },
    ],
    ['the list is throttled for longer than the retries', { RUNNING: new StateError('Sfn.ThrottlingException') }],
    ['the second list is refused', { FAILED: new StateError('Sfn.AccessDeniedException') }],
    ['the list has an unexpected format', failed(`bronze-zip-${START}`, 'yesterday')],
  ])('is sent if %s', async (_, listed) => {
    for (const [event, subject] of [
      [jobEvent('pp-dw-bronze-zip'), 'FAILED: Glue job pp-dw-bronze-zip'],
      [crawlerEvent('pp-dw-bronze-zip-crawler'), 'FAILED: Glue crawler pp-dw-bronze-zip-crawler'],
    ] as const) {
      const outcome = await handle(event, listed);
      expect(outcome.status).toBe('SUCCEEDED');
      expect(published(outcome)).toEqual([expect.objectContaining({ TopicArn: TOPIC, Subject: subject })]);
    }
  });

  test('is sent if the lists have the maximum number of executions with the longest names', async () => {
    const region = 'ap-southeast-1';
    const machine = `${'a'.repeat(49)}-dataset`;
    const executions = Array.from({ length: 400 }, (_, i) => {
      const Name = `bronze-${'b'.repeat(38)}-${START}`.padEnd(77, '0') + i;
      return {
        ExecutionArn: `arn:aws-us-gov:states:${region}:123456789012:execution:${machine}:${Name}`,
        Name,
        StartDate: '2026-11-29T06:00:00.123Z',
        StateMachineArn: `arn:aws-us-gov:states:${region}:123456789012:stateMachine:${machine}`,
        Status: 'FAILED',
        StopDate: '2026-11-29T06:10:00.123Z',
        RedriveCount: 0,
      };
    });
    const outcome = await handle(jobEvent('pp-dw-bronze-zip'), { RUNNING: executions, FAILED: executions });
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)).toHaveLength(1);
  });

  test('a throttled list is retried', async () => {
    let attempts = 0;
    const outcome = await runStateMachine(DEFINITION, jobEvent('pp-dw-bronze-zip'), {
      task: () => {
        attempts++;
        if (attempts < 4) {
          throw new StateError('Sfn.ThrottlingException', 'Rate exceeded');
        }
        return { Executions: [{ Name: `bronze-zip-${START}` }] };
      },
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', seconds: 2 + 4 + 8 });
    expect(published(outcome)).toEqual([]);
  });

  test('the message of a job is the example of docs/operations/alerts.md', async () => {
    const [, example] = /^```\n(FAILED [^]*?)\n```$/m.exec(readText('docs/operations/alerts.md'))!;
    const [subject, message] = example.split('\n\n');
    const outcome = await handle(jobEvent('pp-dw-bronze-fda-nsde', { message: SHRINK }), {}, undefined, RECORDS);
    expect(published(outcome)[0].Subject).toBe(subject);
    expect(messageOf(outcome)).toEqual(message.split('\n'));
  });

  test('the message of a crawler has its name, the error, links, and the command to start it again', async () => {
    const outcome = await handle(crawlerEvent('pp-dw-bronze-fda-nsde-crawler'));
    expect(published(outcome)[0].Subject).toBe('FAILED: Glue crawler pp-dw-bronze-fda-nsde-crawler');
    expect(messageOf(outcome)).toEqual([
      'FAILED: Glue crawler pp-dw-bronze-fda-nsde-crawler in 123456789012, us-east-1',
      'Error: Internal Service Exception',
      'The data files are published. New tables and columns may be missing from the Data Catalog.',
      'If Lake Formation refused access, set lakeFormation: true on EtlCore, or grant CREATE_TABLE, ALTER and '
        + 'DESCRIBE to the role of the crawler: see docs/access/lake-formation.md.',
      `Logs: stream pp-dw-bronze-fda-nsde-crawler in the log group /aws-glue/crawlers, ${LOG_LINK} (AWS console)`,
      `Runbook: ${RUNBOOK}#crawler-failed`,
      'To start the crawler again, run:',
      'aws glue start-crawler --region us-east-1 --name pp-dw-bronze-fda-nsde-crawler',
    ]);
  });

  test.each<[string, object, string]>([
    ['an event without a message', { message: undefined }, 'Error: '],
    ['a message that is null', { message: null }, 'Error: null'],
    ['a message that is an object', { message: { a: 1 } }, 'Error: {"a":1}'],
    ['an event without IDs', { jobName: undefined, jobRunId: undefined, message: 'why' }, 'Error: why'],
    ['an error of 100,000 characters', { message: 'é'.repeat(100_000) }, `Error: ${'é'.repeat(20_000)}`],
  ])('is sent for %s', async (_, detail, line) => {
    expect(messageOf(await handle(jobEvent('pp-dw-bronze-zip', detail)))[1]).toBe(line);
  });
});

describe('the run record in the alert of a job', () => {
  const S3 = 'https://us-east-1.console.aws.amazon.com/s3';
  const KEY = 'etl%2Ffda-nsde%2Fruns%2Fbronze%2F';
  const FOLDER = `Run records: ${S3}/buckets/pp-dw-123456789012?region=us-east-1&prefix=${KEY}`;
  const link = (run: string) =>
    `Run record: ${S3}/object/pp-dw-123456789012?region=us-east-1&prefix=${KEY}run_id%3D${run}.json`;
  const alertOf = (records: Records, detail: object = {}, event: object = {}) =>
    handle({ ...jobEvent('pp-dw-bronze-fda-nsde', { message: SHRINK, ...detail }), ...event }, {}, undefined, records);
  const lineOf = (outcome: Outcome) => messageOf(outcome).find(line => line.startsWith('Run record'));

  test.each<[string, Records]>([
    ['there is no record', {}],
    ['the list is refused', new StateError('S3.S3Exception', 'Access Denied')],
    ['the newest record is that of another job run', { [keyOf(RUN)]: recordOf(RUN, 'jr_4567') }],
    ['the newest record is that of the first attempt, which failed too', { [keyOf(RUN)]: recordOf(RUN, 'jr_0123') }],
    [
      'the newest record is two days old',
      { [keyOf('20261127T060959999Z-000000')]: recordOf(RUN, 'jr_0123_attempt_1') },
    ],
    ['the newest record is not JSON', { [keyOf(RUN)]: '<html>' }],
    [
      'more than 400 records are listed',
      Object.fromEntries([...Array(401)].map((_, i) => `20261129T06000${1000 + i}Z-000000`).map(run =>
        [keyOf(run), recordOf(run, 'jr_0123_attempt_1')])),
    ],
  ])('is replaced by the folder if %s', async (_, records) => {
    const outcome = await alertOf(records);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)[0].Subject).toBe('FAILED GATE_MAX_SHRINK: Glue job pp-dw-bronze-fda-nsde');
    expect(lineOf(outcome)).toBe(FOLDER);
    expect(messageOf(outcome).join()).not.toMatch(/from_run|undefined|medallion runs/);
  });

  test('is the newest one that is not older than two days', async () => {
    const outcome = await alertOf({
      ...RECORDS, [keyOf('20261129T050000000Z-ffffff')]: recordOf('20261129T050000000Z-ffffff', 'jr_0'),
    });
    expect(lineOf(outcome)).toBe(link(RUN));
    expect(outcome.calls.find(({ state }) => state === 'List run records')!.arguments).toEqual({
      Bucket: 'pp-dw-123456789012',
      Prefix: 'etl/fda-nsde/runs/bronze/run_id=',
      StartAfter: 'etl/fda-nsde/runs/bronze/run_id=20261127T061000',
      MaxKeys: 400,
    });
  });

  test('of 2 MB is read within the limit of a state', async () => {
    const content = JSON.parse(recordOf(RUN, 'jr_0123_attempt_1'));
    const record = JSON.stringify({ ...content, tables: '"'.repeat(1_000_000) }, null, 2);
    const outcome = await alertOf({ [keyOf(RUN)]: record });
    expect(lineOf(outcome)).toBe(link(RUN));
  });

  test('of a run that was killed is linked, although it is not closed', async () => {
    const records = { [keyOf(RUN)]: recordOf(RUN, 'jr_0123', { status: 'running', error: null, error_code: null }) };
    const outcome = await alertOf(records, { state: 'TIMEOUT', jobRunId: 'jr_0123', message: 'Job run timed out.' });
    expect(published(outcome)[0].Subject).toBe('TIMEOUT: Glue job pp-dw-bronze-fda-nsde');
    expect(messageOf(outcome)).toEqual(expect.arrayContaining([
      'The tables have their last published data. If the run ended while it published, the next run completes or '
        + 'reverts the publication.',
      `Runbook: ${RUNBOOK}#run-timed-out-or-stopped`,
      link(RUN),
    ]));
  });

  test('is that of the first attempt if the retry was skipped', async () => {
    const retry = '20261129T060900000Z-aaaaaa';
    const message = `RunFailed: RETRY_SKIPPED: A retry cannot succeed, because the first attempt (run ${RUN}) failed `
      + `with an error that is not retryable. Fix this error and run again: ${SHRINK.replace('RunFailed: ', '')}`;
    const outcome = await alertOf({
      [keyOf(RUN)]: recordOf(RUN, 'jr_0123'),
      [keyOf(retry)]: recordOf(retry, 'jr_0123_attempt_1', { error_code: 'RETRY_SKIPPED', sources: undefined }),
    }, { message });
    expect(published(outcome)[0].Subject).toBe('FAILED GATE_MAX_SHRINK: Glue job pp-dw-bronze-fda-nsde');
    expect(lineOf(outcome)).toBe(link(RUN));
    expect(messageOf(outcome).join()).toContain(`\\"from_run\\": \\"${RUN}\\"`);
  });

  test.each<[string, string]>([
    ['an alert of the skipped retry', `RETRY_SKIPPED: the first attempt (run ${RUN}) failed`],
    [
      'an alert of a retry of the skipped retry',
      'RETRY_SKIPPED: the first attempt (run 20261129T060900000Z-aaaaaa) failed. Fix this error and run again: '
        + `RETRY_SKIPPED: the first attempt (run ${RUN}) failed`,
    ],
  ])('of the first attempt is read for %s', async (_, message) => {
    const outcome = await alertOf({ [keyOf(RUN)]: recordOf(RUN, 'jr_0123') }, { message: `RunFailed: ${message}` });
    expect(published(outcome)[0].Subject).toBe('FAILED GATE_MAX_SHRINK: Glue job pp-dw-bronze-fda-nsde');
    expect(lineOf(outcome)).toBe(link(RUN));
  });

  test('has the code if the message of Glue has none', async () => {
    const records = { [keyOf(RUN)]: recordOf(RUN, 'jr_0123_attempt_1', { error_code: 'UNEXPECTED_ERROR' }) };
    const outcome = await alertOf(records, { message: "KeyError: 'zip'" });
    expect(published(outcome)[0].Subject).toBe('FAILED UNEXPECTED_ERROR: Glue job pp-dw-bronze-fda-nsde');
    expect(messageOf(outcome)).toContain(`Runbook: ${RUNBOOK}#unexpected_error`);
  });

  test('is not requested for an event without a job', async () => {
    expect((await handle(crawlerEvent('pp-dw-bronze-zip-crawler'))).calls.map(({ resource }) => resource))
      .not.toContain('aws-sdk:s3:listObjectsV2');
  });
});

describe('the error code in the alert of a job', () => {
  test.each<[string, string, string, string]>([
    ['RunFailed: SOURCE_NOT_FOUND: https://…', 'FAILED', ' SOURCE_NOT_FOUND', 'source_not_found'],
    ['SOURCE_NOT_FOUND: https://…', 'FAILED', ' SOURCE_NOT_FOUND', 'source_not_found'],
    [
      'Error Category: QUERY_ERROR; Failed Line Number: 12; RunFailed: QUERY_INVALID: line 1',
      'FAILED', ' QUERY_INVALID', 'query_invalid',
    ],
    ['RunFailed: COMMIT_OUTCOME_UNKNOWN: why', 'FAILED', ' COMMIT_OUTCOME_UNKNOWN', 'commit_outcome_unknown'],
    ['KeyError: ERROR_CODE: x', 'FAILED', '', 'unexpected_error'],
    ['Error Category: OUT_OF_MEMORY_ERROR; why', 'FAILED', '', 'out-of-memory'],
    ['java.lang.OutOfMemoryError: Java heap space', 'FAILED', '', 'out-of-memory'],
    ['Container killed by YARN for exceeding memory limits.', 'FAILED', '', 'out-of-memory'],
    ['Command failed with exit code 137', 'ERROR', '', 'out-of-memory'],
    ['Command failed with exit code 1', 'FAILED', '', 'unexpected_error'],
    ['The mushroom is late', 'FAILED', '', 'unexpected_error'],
    ['why', 'TIMEOUT', '', 'run-timed-out-or-stopped'],
    ['RunFailed: RUN_KILLED: The run was stopped', 'STOPPED', ' RUN_KILLED', 'run-timed-out-or-stopped'],
  ])('%s, %s: the subject has "%s", and the section is %s', async (message, state, code, section) => {
    const outcome = await handle(jobEvent('pp-dw-bronze-zip', { message, state }));
    expect(published(outcome)[0].Subject).toBe(`${state}${code}: Glue job pp-dw-bronze-zip`);
    expect(messageOf(outcome)).toContain(`Runbook: ${RUNBOOK}#${section}`);
    expect(messageOf(outcome).includes('The tables still have their last published data.'))
      .toBe(state === 'FAILED' && code !== '' && code !== ' COMMIT_OUTCOME_UNKNOWN');
  });

  test('is in the subject of the longest name', async () => {
    const outcome = await handle(jobEvent(`pp-dw-bronze-${'b'.repeat(240)}`, {
      message: 'RunFailed: GATE_EXPECTED_RECORD_COUNT_MIN: why',
    }));
    expect(published(outcome)[0].Subject).toMatch(/^FAILED GATE_EXPECTED_RECORD_COUNT_MIN: Glue job pp-dw-bronze-b+$/);
    expect(published(outcome)[0].Subject).toHaveLength(100);
  });
});

describe('the alert about warnings', () => {
  const HEAD = (count: string) => `${count}: dataset bronze/zip of lake pp-dw in 123456789012, us-east-1`;
  const SUCCEEDED = [
    'The run has succeeded. The tables have its data.',
    'Run 20261129T060000123Z-3f9a1c: https://us-east-1.console.aws.amazon.com/gluestudio/home?region=us-east-1#/job/'
      + 'pp-dw-bronze-zip/run/jr_0123 (AWS console)',
    `Runbook: ${RUNBOOK}#run-with-warnings`,
    'To show the run, run:',
    'npx medallion runs 20261129T060000123Z-3f9a1c --deployed',
  ];

  test('lists the warnings, and has a link and the command that shows the run', async () => {
    const outcome = await handle(warningEvent());
    expect(published(outcome)).toEqual([{
      TopicArn: TOPIC,
      Subject: '2 warnings: dataset bronze/zip of lake pp-dw',
      Message: [
        HEAD('2 warnings'),
        'Warning: zip: the rule "a" is violated by 1 of 2 rows (50.00%)',
        'Warning: zip: the rule "b" is violated',
        ...SUCCEEDED,
      ].join('\n'),
    }]);
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', states: ['Which event?', 'Send warnings'] });
  });

  test('is sent while a pipeline handles the dataset', async () => {
    expect(published(await handle(warningEvent(), running(`bronze-zip-${START}`)))).toHaveLength(1);
  });

  test.each<[string, object, string[]]>([
    ['one warning', { warning_count: 1, warnings: ['why'] }, [HEAD('1 warning'), 'Warning: why']],
    [
      'more warnings than the event has',
      { warning_count: 300, warnings: Array.from({ length: 10 }, (_, i) => `w${i}`) },
      [HEAD('300 warnings'), ...Array.from({ length: 10 }, (_, i) => `Warning: w${i}`), '290 more in the run record'],
    ],
    [
      'more warnings than a job sends',
      { warning_count: 12, warnings: Array.from({ length: 12 }, (_, i) => `w${i}`) },
      [HEAD('12 warnings'), ...Array.from({ length: 10 }, (_, i) => `Warning: w${i}`), '2 more in the run record'],
    ],
    ['no warnings', { warnings: [] }, [HEAD('2 warnings'), '2 more in the run record']],
    ['a text instead of a list', { warnings: 'why' }, [HEAD('2 warnings'), 'Warning: why', '1 more in the run record']],
    [
      'texts with line breaks',
      { warnings: ['first line\n\n  second\r\nTo confirm, open https://example.org', ''] },
      [HEAD('2 warnings'), 'Warning: first line second To confirm, open https://example.org', 'Warning: '],
    ],
    [
      'expressions, HTML and quotes',
      { warnings: ['{% $states.input %}', '<b>"a" & $event.account \\u0000</b>'] },
      [HEAD('2 warnings'), 'Warning: {% $states.input %}', 'Warning: <b>"a" & $event.account \\u0000</b>'],
    ],
    [
      'warnings that are not text',
      { warnings: [null, { a: [1] }] },
      [HEAD('2 warnings'), 'Warning: null', 'Warning: {"a":[1]}'],
    ],
    [
      'a long warning',
      { warning_count: 1, warnings: ['é'.repeat(100_000)] },
      [HEAD('1 warning'), `Warning: ${'é'.repeat(1_000)}`],
    ],
  ])('is sent for %s', async (_, detail, expected) => {
    const outcome = await handle(warningEvent(detail));
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)[0].Message.split('\n')).toEqual([...expected, ...SUCCEEDED]);
  });

  test('with the longest warnings is within the limit of Amazon SNS', async () => {
    const [{ Message }] = published(await handle(warningEvent({ warnings: Array(60).fill('😀'.repeat(1_000)) })));
    expect(Buffer.byteLength(Message)).toBeGreaterThan(20 * 1024);
    expect(Buffer.byteLength(Message)).toBeLessThan(256 * 1024);
  });

  test.each<[string, object]>([
    ['a number of warnings that is a text', { warning_count: 'many' }],
    ['a dataset that is a list', { dataset: { name: ['zip'] } }],
    ['no detail', { dataset: undefined, layer: undefined, run_id: undefined, warning_count: undefined }],
  ])('is sent for an event with %s', async (_, detail) => {
    const outcome = await handle(warningEvent(detail));
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)).toHaveLength(1);
  });

  test('is not sent for the event of another lake', async () => {
    const outcome = await handle({ ...warningEvent(), source: 'medallion.pp-dw-dev' });
    expect(outcome.states).not.toContain('Send warnings');
  });
});

describe('the alert of a failed freshness check', () => {
  const event = (machine: string, error?: string, cause?: string) => {
    const { detail, ...others } = pipelineEvent(error ?? null, cause ?? null);
    return { ...others, detail: { ...detail, stateMachineArn: PIPELINE.replace('pp-dw-daily', machine) } };
  };

  test('has the error and a link', async () => {
    const outcome = await handle(event('pp-dw-freshness', 'S3.S3Exception', 'Access Denied'));
    expect(published(outcome)[0].Subject).toBe('FAILED: freshness check of lake pp-dw');
    expect(messageOf(outcome)).toEqual([
      'FAILED: freshness check of lake pp-dw in 123456789012, us-east-1',
      'Error: S3.S3Exception: Access Denied',
      'Until a check succeeds, no alert is sent about stale datasets. The next check starts within an hour.',
      'Execution: https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/'
        + `${EXECUTION} (AWS console)`,
      `Runbook: ${RUNBOOK}#freshness-check-failed`,
    ]);
  });

  test('has no error if the check timed out', async () => {
    expect(messageOf(await handle(event('pp-dw-freshness')))[1]).toMatch(/^Until a check succeeds/);
  });

  test('is not sent for a pipeline whose name starts with freshness', async () => {
    expect(published(await handle(event('pp-dw-freshness-report')))[0].Subject)
      .toBe('FAILED: pipeline freshness-report of lake pp-dw');
  });
});

describe('the alert of a pipeline', () => {
  const dataset = (name: string, status: string, reason?: string) => ({ dataset: name, status, reason });
  const HEAD = 'FAILED: pipeline daily of lake pp-dw in 123456789012, us-east-1';
  const KEPT = 'Tables of skipped datasets, and of datasets whose job failed, still have their last published data.';
  const LINKS = [
    'Execution: https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/'
      + `${EXECUTION} (AWS console)`,
    `Runbook: ${RUNBOOK}#pipeline-failed`,
  ];
  const START_COMMAND = `aws stepfunctions start-execution --region us-east-1 --state-machine-arn ${PIPELINE}`;
  const RESUME = [
    KEPT,
    ...LINKS,
    'To run only the datasets that failed or were skipped, run:',
    `${START_COMMAND} --input "$(aws stepfunctions describe-execution --region us-east-1 --execution-arn ${EXECUTION} `
      + '--query cause --output text)"',
  ];
  const RESTART = [...LINKS, 'To start the pipeline again, run:', START_COMMAND];

  test.each<[string, object[], string[]]>([
    [
      'failed, skipped and other datasets',
      [
        dataset('bronze/zipcodes', 'failed', 'HTTP_STATUS: the source returned 503'),
        dataset('bronze/rates', 'failed', 'first line\n\n  second line "quoted"'),
        dataset('silver/cities', 'skipped', 'bronze/zipcodes failed'),
        dataset('gold/states', 'skipped', 'silver/cities was skipped'),
        ...Array.from({ length: 12 }, (_, i) => dataset(`bronze/p${i}`, 'published')),
        ...Array.from({ length: 3 }, (_, i) => dataset(`bronze/u${i}`, 'unchanged')),
        dataset('gold/last', 'not_run'),
      ],
      [
        'Failed: bronze/zipcodes: HTTP_STATUS: the source returned 503',
        'Failed: bronze/rates: first line second line "quoted"',
        'Skipped: silver/cities (bronze/zipcodes failed), gold/states (silver/cities was skipped)',
        'Others: 12 published, 3 unchanged, 1 not run',
      ],
    ],
    ['one failed dataset', [dataset('bronze/zip', 'failed', 'why')], ['Failed: bronze/zip: why']],
    ['a failed dataset without a reason', [dataset('bronze/zip', 'failed')], ['Failed: bronze/zip']],
    [
      'skipped datasets without a reason',
      [dataset('gold/a', 'skipped'), dataset('gold/b', 'skipped')],
      ['Skipped: gold/a, gold/b'],
    ],
    [
      'a long reason',
      [dataset('bronze/zip', 'failed', 'x'.repeat(5000))],
      [`Failed: bronze/zip: ${'x'.repeat(1000)}`],
    ],
    [
      'datasets that were not run',
      [dataset('bronze/a', 'not_run'), dataset('bronze/b', 'succeeded')],
      ['Others: 1 not run, 1 succeeded'],
    ],
  ])('lists %s', async (_, datasets, expected) => {
    const outcome = await handle(pipelineEvent('PipelineFailed', { pipeline: 'daily', datasets }));
    expect(published(outcome)).toEqual([{
      TopicArn: TOPIC,
      Subject: 'FAILED: pipeline daily of lake pp-dw',
      Message: [HEAD, ...expected, ...RESUME].join('\n'),
    }]);
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', states: ['Which event?', 'Send results of pipeline'] });
  });

  test('is sent while an execution handles a dataset', async () => {
    const event = pipelineEvent('PipelineFailed', { datasets: [dataset('bronze/zip', 'failed')] });
    expect(published(await handle(event, running(`bronze-zip-${START}`)))).toHaveLength(1);
  });

  test('with 300 datasets is within the limit of Amazon SNS', async () => {
    const datasets = Array.from({ length: 300 }, (_, i) => [
      dataset(`bronze/d${i}`, 'failed', 'é'.repeat(20)), dataset(`gold/d${i}`, 'skipped'),
    ]).flat().slice(0, 300);
    const outcome = await handle(pipelineEvent('PipelineFailed', { pipeline: 'daily', datasets }));
    const [{ Message }] = published(outcome);
    expect(messageOf(outcome).filter(line => line.startsWith('Failed: '))).toHaveLength(150);
    expect(Message.split('\n')[151].split(', ')).toHaveLength(150);
    expect(Buffer.byteLength(Message)).toBeLessThan(256 * 1024);
  });

  test.each<[string, string | null, unknown, string, string[]]>([
    ['is already running', 'PipelineRunning', 'Another execution runs: 0122.', 'FAILED',
      ['Error: PipelineRunning: Another execution runs: 0122.']],
    ['timed out', 'States.Timeout', null, 'TIMED_OUT', ['Error: States.Timeout']],
    ['was stopped', null, null, 'ABORTED', []],
    ['was stopped with a reason', null, 'Maintenance', 'ABORTED', ['Error: Maintenance']],
    ['has a cause that is not JSON', 'PipelineFailed', '{"datasets": [', 'FAILED',
      ['Error: PipelineFailed: {"datasets": [']],
    ['has no cause', 'PipelineFailed', null, 'FAILED', ['Error: PipelineFailed']],
    ['has a cause without datasets', 'PipelineFailed', '{}', 'FAILED', ['Error: PipelineFailed: {}']],
    ['has a cause that is a list', 'PipelineFailed', '[1]', 'FAILED', ['Error: PipelineFailed: [1]']],
    ['has a cause that is a number', 'PipelineFailed', '7', 'FAILED', ['Error: PipelineFailed: 7']],
    ['has a list of texts as datasets', 'PipelineFailed', '{"datasets":["a"]}', 'FAILED',
      ['Error: PipelineFailed: {"datasets":["a"]}']],
    ['has no dataset to run again', 'PipelineFailed', '{"datasets":[{"status":"published"}]}', 'FAILED',
      ['Error: PipelineFailed: {"datasets":[{"status":"published"}]}']],
    ['has a long cause', 'Other', 'x'.repeat(30_000), 'FAILED', [`Error: Other: ${'x'.repeat(20_000 - 7)}`]],
  ])('that %s has its error and cause, and the command to start it', async (_, error, cause, status, expected) => {
    const outcome = await handle(pipelineEvent(error, cause, status));
    expect(outcome.status).toBe('SUCCEEDED');
    expect(published(outcome)).toEqual([{
      TopicArn: TOPIC,
      Subject: `${status}: pipeline daily of lake pp-dw`,
      Message: [HEAD.replace('FAILED', status), ...expected, ...RESTART].join('\n'),
    }]);
  });
});

test.each([
  ['a job', jobEvent(`pp-dw-bronze-${'x'.repeat(100)}`)],
  ['a crawler', crawlerEvent(`pp-dw-bronze-${'x'.repeat(100)}-crawler`)],
  ['warnings', warningEvent({ dataset: 'x'.repeat(100) })],
])('the subject of %s with a long name has at most 100 ASCII characters', async (_, event) => {
  expect(published(await handle(event))[0].Subject).toMatch(/^[ -~]{100}$/);
});

test('an alert that Amazon SNS throttles is sent again', async () => {
  let attempts = 0;
  const outcome = await handle(jobEvent('pp-dw-bronze-zip'), {}, () => {
    attempts++;
    if (attempts < 3) {
      throw new StateError('SNS.ThrottledException');
    }
    return {};
  });
  expect(outcome).toMatchObject({ status: 'SUCCEEDED', seconds: 5 + 10 });
});

test.each([
  ['of a job', jobEvent('pp-dw-bronze-zip')],
  ['of a crawler', crawlerEvent('pp-dw-bronze-zip-crawler')],
  ['of a pipeline', pipelineEvent('PipelineFailed', { datasets: [{ dataset: 'bronze/zip', status: 'failed' }] })],
  ['about warnings', warningEvent()],
  ['of an unknown source', { ...ENVIRONMENT, source: 'test', detail: {} }],
])('if Amazon SNS rejects the alert %s, the event itself is sent', async (_, event) => {
  const outcome = await handle(event, {}, ({ arguments: { Subject } }) => {
    if (Subject !== 'FAILED: lake pp-dw') {
      throw new StateError('SNS.InvalidParameterException');
    }
    return {};
  });
  expect(outcome.status).toBe('SUCCEEDED');
  expect(published(outcome).pop()).toEqual({
    TopicArn: TOPIC, Subject: 'FAILED: lake pp-dw', Message: JSON.stringify(event),
  });
});

test('the execution fails if no alert can be sent', async () => {
  const outcome = await handle(jobEvent('pp-dw-bronze-zip'), {}, () => {
    throw new StateError('SNS.AuthorizationErrorException', 'not authorized');
  });
  expect(outcome).toMatchObject({ status: 'FAILED', error: 'SNS.AuthorizationErrorException' });
});

test('an alert of a job enters nine states, and one of a pipeline two', async () => {
  expect((await handle(jobEvent('pp-dw-bronze-fda-nsde'), {}, undefined, RECORDS)).states).toHaveLength(9);
  expect((await handle(pipelineEvent(null, null, 'ABORTED'))).states).toHaveLength(2);
});
