import { App, Stack } from 'aws-cdk-lib';
import { LakeNames } from '../../../src/naming';
import { usageMachine } from '../../../src/private/state-machines/usage-machine';
import { Definition, Outcome, runStateMachine, StateError, TaskCall } from '../../state-machine';

const NAMES = new LakeNames(
  new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'us-east-1' } }),
  { resourcePrefix: 'pp-dw' },
);
const MACHINE = usageMachine(NAMES, 'aws') as unknown as Definition;

type Run = { readonly [field: string]: unknown };
interface Datum {
  readonly MetricName: string;
  readonly Value: number;
  readonly Timestamp?: string;
}

/** Two G.1X workers for 30 minutes: 1 DPU-hour. */
const RUN: Run = { ExecutionTime: 1800, MaxCapacity: 2, WorkerType: 'G.1X', NumberOfWorkers: 2 };

/** The event about an attempt that has ended. https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html */
const event = (time: string, state = 'SUCCEEDED') => ({
  'source': 'aws.glue',
  'detail-type': 'Glue Job State Change',
  'time': time,
  'detail': { jobName: 'pp-dw-bronze-zipcodes', severity: 'INFO', state, jobRunId: 'jr_0123_attempt_1' },
});

/** Imitates CloudWatch, with the data points of the metric DpuHours. */
class Metrics {
  readonly published: Datum[] = [];

  constructor(readonly hours: { readonly time: string; readonly value: number }[] = []) {}

  answer({ resource, arguments: args }: TaskCall): unknown {
    expect(args.Namespace).toBe('pp-dw');
    if (resource === 'aws-sdk:cloudwatch:putMetricData') {
      const [datum] = args.MetricData as Datum[];
      this.published.push(datum);
      if (datum.MetricName === 'DpuHours') {
        this.hours.push({ time: datum.Timestamp!, value: datum.Value });
      }
      return {};
    }
    expect(resource).toBe('aws-sdk:cloudwatch:getMetricStatistics');
    expect(args).toMatchObject({ MetricName: 'DpuHours', Period: 86_400, Statistics: ['Sum'] });
    const days = new Map<string, number>();
    for (const { time, value } of this.hours) {
      if (Date.parse(time) >= Date.parse(args.StartTime) && Date.parse(time) < Date.parse(args.EndTime)) {
        days.set(time.slice(0, 10), (days.get(time.slice(0, 10)) ?? 0) + value);
      }
    }
    return {
      Label: 'DpuHours',
      Datapoints: [...days].reverse().map(([day, Sum]) => ({ Timestamp: `${day}T00:00:00Z`, Sum, Unit: 'None' })),
    };
  }
}

function count(run: Run | Error, metrics = new Metrics(), time = '2026-11-29T06:07:08Z'): Promise<Outcome> {
  return runStateMachine(MACHINE, event(time), {
    task: call => {
      if (call.resource !== 'aws-sdk:glue:getJobRun') {
        return metrics.answer(call);
      }
      expect(call.arguments).toEqual({ JobName: 'pp-dw-bronze-zipcodes', RunId: 'jr_0123_attempt_1' });
      if (run instanceof Error) {
        throw run;
      }
      return { JobRun: { Id: 'jr_0123_attempt_1', JobRunState: 'SUCCEEDED', ...run } };
    },
  });
}

test.each<[string, Run, number]>([
  ['the execution time × capacity', RUN, 1],
  ['at least one minute', { ...RUN, ExecutionTime: 12 }, 2 / 60],
  ['one minute of a run of exactly one minute', { ...RUN, ExecutionTime: 60 }, 2 / 60],
  ['nothing for a run that did not start', { ...RUN, ExecutionTime: 0 }, 0],
  ['nothing for a run without an execution time', { MaxCapacity: 2 }, 0],
  ['DPUSeconds, with auto scaling or FLEX', { ...RUN, DPUSeconds: 900 }, 0.25],
  ['DpuSeconds, as Step Functions can name it', { ...RUN, DpuSeconds: 900 }, 0.25],
  ['DPUSeconds, even if it is 0', { ...RUN, DPUSeconds: 0 }, 0],
  ['workers × DPU per worker, without a capacity', { ExecutionTime: 1800, WorkerType: 'G.2X', NumberOfWorkers: 3 }, 3],
])('the DPU-hours of a run are %s', async (_, run, hours) => {
  const metrics = new Metrics();
  expect(await count(run, metrics)).toMatchObject({ status: 'SUCCEEDED' });
  expect(metrics.published).toEqual([
    { MetricName: 'DpuHours', Timestamp: '2026-11-29T06:07:08Z', Value: expect.closeTo(hours, 10) },
    { MetricName: 'DpuHoursThisMonth', Value: expect.closeTo(hours, 10) },
  ]);
});

test.each<[string, string, number]>([
  ['all earlier runs of the month', '2026-11-29T06:07:08Z', 1 + 2 + 4],
  ['the first second of a month', '2026-12-01T00:00:00Z', 8 + 1],
  ['the last second of a month', '2026-11-30T23:59:59Z', 1 + 2 + 4],
  ['the last month of a year', '2026-12-31T12:00:00Z', 8 + 1],
  ['a month without other runs', '2027-02-28T12:00:00Z', 1],
])('the sum of the month contains the runs of the same month: %s', async (_, time, hours) => {
  const metrics = new Metrics([
    { time: '2026-10-31T23:59:59Z', value: 16 },
    { time: '2026-11-01T00:00:00Z', value: 2 },
    { time: '2026-11-28T06:00:00Z', value: 3 },
    { time: '2026-11-28T07:00:00Z', value: 1 },
    { time: '2026-12-01T00:00:00Z', value: 8 },
    { time: '2027-01-01T00:00:00Z', value: 32 },
  ]);
  await count(RUN, metrics, time);
  expect(metrics.published.at(-1)).toEqual({ MetricName: 'DpuHoursThisMonth', Value: expect.closeTo(hours, 10) });
});

test('of two runs that end at once, each waits for the data point of the other', async () => {
  const metrics = new Metrics();
  // The second execution records its run while the first one waits.
  const outcome = await runStateMachine(MACHINE, event('2026-11-29T06:00:00Z'), {
    task: call => {
      if (call.resource === 'aws-sdk:glue:getJobRun') {
        return { JobRun: RUN };
      }
      if (call.resource === 'aws-sdk:cloudwatch:getMetricStatistics') {
        metrics.hours.push({ time: '2026-11-29T06:00:01Z', value: 5 });
      }
      return metrics.answer(call);
    },
  });
  expect(metrics.published.at(-1)!.Value).toBe(6);
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
  expect(outcome.seconds).toBeGreaterThan(120);
});

test('without statistics, the sum of the month is this run', async () => {
  const metrics = new Metrics();
  await runStateMachine(MACHINE, event('2026-11-29T06:00:00Z'), {
    task: call => {
      if (call.resource === 'aws-sdk:glue:getJobRun') {
        return { JobRun: RUN };
      }
      return call.resource === 'aws-sdk:cloudwatch:getMetricStatistics' ? { Datapoints: [] } : metrics.answer(call);
    },
  });
  expect(metrics.published.at(-1)!.Value).toBe(1);
});

test.each([
  ['Glue.ThrottlingException', 'aws-sdk:glue:getJobRun'],
  ['Glue.GlueException', 'aws-sdk:glue:getJobRun'],
  ['CloudWatch.CloudWatchException', 'aws-sdk:cloudwatch:putMetricData'],
  ['CloudWatch.InternalServiceException', 'aws-sdk:cloudwatch:putMetricData'],
  ['CloudWatch.CloudWatchException', 'aws-sdk:cloudwatch:getMetricStatistics'],
  ['CloudWatch.SdkClientException', 'aws-sdk:cloudwatch:getMetricStatistics'],
])('after the error %s of %s, the request is repeated', async (error, resource) => {
  const metrics = new Metrics();
  let failures = 0;
  const outcome = await runStateMachine(MACHINE, event('2026-11-29T06:00:00Z'), {
    task: call => {
      if (call.resource === resource && failures < 6) {
        failures += 1;
        throw new StateError(error);
      }
      return call.resource === 'aws-sdk:glue:getJobRun' ? { JobRun: RUN } : metrics.answer(call);
    },
  });
  expect(outcome.status).toBe('SUCCEEDED');
  expect(metrics.published.map(({ Value }) => Value)).toEqual([1, 1]);
});

test.each<[string, Run | Error, string]>([
  ['is unknown', new StateError('Glue.EntityNotFoundException', 'JobRun not found'), 'Glue.EntityNotFoundException'],
  ['cannot be read', new StateError('Glue.AccessDeniedException'), 'Glue.AccessDeniedException'],
  ['has a worker type without a known capacity', { ExecutionTime: 60, WorkerType: 'X' }, 'States.QueryEvaluationError'],
])('an execution fails, and publishes nothing, if the run %s', async (_, run, error) => {
  const metrics = new Metrics();
  expect(await count(run, metrics)).toMatchObject({ status: 'FAILED', error });
  expect(metrics.published).toEqual([]);
});
