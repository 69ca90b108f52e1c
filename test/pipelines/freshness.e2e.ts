import { Duration, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { PlayedLake } from './played-lake';
import { ACCOUNT, REGION } from '../deploy/emulator';

const PREFIX = 'fresh';
const BUCKET = `${PREFIX}-${ACCOUNT}`;
const HOUR = 3_600_000;

let lake: PlayedLake;
let queue: string;
beforeAll(async () => {
  lake = await PlayedLake.start();
  const { TopicArn } = await lake.call('sns', 'create_topic', { Name: 'fresh-alerts' });
  queue = (await lake.call('sqs', 'create_queue', { QueueName: 'alerts' })).QueueUrl;
  await lake.call('sns', 'subscribe', {
    TopicArn,
    Protocol: 'sqs',
    Endpoint: `arn:aws:sqs:${REGION}:${ACCOUNT}:alerts`,
    Attributes: { RawMessageDelivery: 'true' },
  });
  const topic = Topic.fromTopicArn(new Stack(), 'Topic', TopicArn);
  await lake.create(PREFIX, { 'bronze/a': [], 'bronze/b': [], 'gold/ab': ['bronze/a', 'bronze/b'] }, {}, {
    alerts: { topic }, freshness: { maxAge: Duration.hours(26) },
  });
  lake.play(PREFIX, {});
});
afterAll(() => lake.stop());

/** Runs a check. Returns the datasets in its alert, for example `Stale: bronze/a`, and its state transitions. */
async function check(): Promise<{ readonly alert: string[]; readonly transitions: number }> {
  const { executionArn } = await lake.call('stepfunctions', 'start_execution', {
    stateMachineArn: lake.machine(PREFIX, 'freshness'), input: '{}',
  });
  const { status, text } = await lake.end(executionArn);
  expect([status, text]).toEqual(['SUCCEEDED', expect.anything()]);
  const { Messages = [] } = await lake.call('sqs', 'receive_message', { QueueUrl: queue, MaxNumberOfMessages: 10 });
  for (const { ReceiptHandle } of Messages) {
    await lake.call('sqs', 'delete_message', { QueueUrl: queue, ReceiptHandle });
  }
  expect(Messages.length).toBeLessThanOrEqual(1);
  const alert = Messages.flatMap(({ Body }: { Body: string }) =>
    [...Body.matchAll(/^(Stale|Recovered): ([^:]+):/gm)].map(([, what, dataset]) => `${what}: ${dataset}`));
  return { alert, transitions: (await lake.counts(PREFIX, executionArn)).transitions };
}

/** Makes the publication of a dataset older, and deletes the run records of the dataset. */
async function age(dataset: string, hours: number): Promise<void> {
  const folder = `etl/${dataset.split('/')[1]}/runs/${dataset.split('/')[0]}/`;
  const Key = `${folder}published.json`;
  const { Body } = await lake.call('s3', 'get_object', { Bucket: BUCKET, Key });
  const published = { ...JSON.parse(Body.text), published_at: new Date(Date.now() - hours * HOUR).toISOString() };
  await lake.call('s3', 'put_object', { Bucket: BUCKET, Key, Body: JSON.stringify(published, null, 1) });
  const { Contents } = await lake.call('s3', 'list_objects_v2', { Bucket: BUCKET, Prefix: `${folder}run_id=` });
  for (const { Key: record } of Contents ?? []) {
    await lake.call('s3', 'delete_object', { Bucket: BUCKET, Key: record });
  }
}

test('one alert when datasets become stale, one when they recover, and none in between', async () => {
  expect(await check()).toMatchObject({ alert: [] });
  expect((await lake.run(PREFIX)).status).toBe('SUCCEEDED');
  expect(await check()).toEqual({ alert: [], transitions: 9 });

  for (const dataset of ['bronze/a', 'bronze/b', 'gold/ab']) {
    await age(dataset, 30);
  }
  expect((await check()).alert).toEqual(['Stale: bronze/a', 'Stale: bronze/b', 'Stale: gold/ab']);
  expect((await check()).alert).toEqual([]);

  // The pipeline does not run the job of gold/ab, because no input has published.
  lake.play(PREFIX, { 'bronze/a': [{ status: 'unchanged' }], 'bronze/b': [{ status: 'unchanged' }] });
  expect((await lake.run(PREFIX)).datasets.map(({ status }) => status)).toEqual(Array(3).fill('unchanged'));
  expect((await check()).alert).toEqual(['Recovered: bronze/a', 'Recovered: bronze/b', 'Recovered: gold/ab']);
  expect((await check()).alert).toEqual([]);
});
