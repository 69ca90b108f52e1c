import { Definition, jsonata, ONE_DAY_SECONDS, taskState } from './states-language';
import { LakeNames } from '../../naming';
import { DPU_PER_WORKER } from '../../sizing';

/** The metric with the DPU-hours of each run. */
export const RUN_METRIC = 'DpuHours';

/** The metric with the DPU-hours of all runs of the month, published after each run. */
export const MONTH_METRIC = 'DpuHoursThisMonth';

/** The minimum time that AWS Glue bills per run. https://aws.amazon.com/glue/pricing/ */
const MIN_BILLED_SECONDS = 60;

/**
 * The time to wait until a data point is part of the statistics of its metric, which takes up to two minutes.
 *
 * Runs that end at the same time each wait for the data points of the others, so that all of them find the same sum.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
 */
const WAIT_SECONDS = 180;

/** Enough time for four requests with their retries, and for the wait. */
const TIMEOUT_SECONDS = 1_800;

/**
 * The state machine that adds up the DPU-hours of a lake in a month. The input of an execution is the EventBridge event
 * of an attempt that has ended.
 *
 * CloudWatch keeps the DPU-hours of the attempts. There is no other state that two concurrent executions could
 * overwrite. A run counts in the month (UTC) in which it ends.
 */
export function usageMachine(names: LakeNames, partition: string): Definition {
  const putMetric = (datum: { [field: string]: unknown }, next: object) =>
    taskState(partition, 'aws-sdk:cloudwatch:putMetricData', {
      Arguments: { Namespace: names.metricsNamespace, MetricData: [datum] },
      Output: {},
      ...next,
    });
  return {
    QueryLanguage: 'JSONata',
    Comment: `Adds up the DPU-hours of the lake ${names.resourcePrefix}`,
    TimeoutSeconds: TIMEOUT_SECONDS,
    StartAt: 'Read run',
    States: {
      'Read run': taskState(partition, 'aws-sdk:glue:getJobRun', {
        Arguments: {
          JobName: jsonata('$states.input.detail.jobName'),
          RunId: jsonata('$states.input.detail.jobRunId'),
        },
        Assign: {
          ended_at: jsonata('$states.input.time'),
          month: jsonata(MONTH),
          // The first day of a month plus 31 days is in the next month.
          next_month: jsonata(
            `$fromMillis($toMillis(${MONTH}) + 31 * ${ONE_DAY_SECONDS}000, '[Y0001]-[M01]-01T00:00:00Z')`,
          ),
          dpu_hours: jsonata(DPU_HOURS),
        },
        Output: {},
        Next: 'Record run',
      }),
      'Record run': putMetric(
        { MetricName: RUN_METRIC, Timestamp: jsonata('$ended_at'), Value: jsonata('$dpu_hours') },
        { Next: 'Wait for statistics' },
      ),
      'Wait for statistics': { Type: 'Wait', Seconds: WAIT_SECONDS, Next: 'Read month' },
      'Read month': taskState(partition, 'aws-sdk:cloudwatch:getMetricStatistics', {
        Arguments: {
          Namespace: names.metricsNamespace,
          MetricName: RUN_METRIC,
          StartTime: jsonata('$month'),
          EndTime: jsonata('$next_month'),
          Period: ONE_DAY_SECONDS,
          Statistics: ['Sum'],
        },
        Assign: {
          // At least this run, if the statistics do not contain it yet.
          dpu_hours_of_month: jsonata('$max([$sum([$states.result.Datapoints.Sum]), $dpu_hours])'),
        },
        Output: {},
        Next: 'Record month',
      }),
      'Record month': putMetric(
        { MetricName: MONTH_METRIC, Value: jsonata('$dpu_hours_of_month') },
        { End: true },
      ),
    },
  };
}

/** The start of the month (UTC) of the event. */
const MONTH = "$substring($states.input.time, 0, 7) & '-01T00:00:00Z'";

/**
 * The DPU-hours that AWS Glue bills for the attempt.
 *
 * `DPUSeconds` is only returned for auto scaling and for the execution class FLEX. Step Functions can name it
 * `DpuSeconds`, because it renames fields. An attempt without an execution time has not started, and is not billed.
 * https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html
 */
const DPU_HOURS = `(
  $run := $states.result.JobRun;
  $dpu_seconds := $exists($run.DPUSeconds) ? $run.DPUSeconds : $run.DpuSeconds;
  $started := $exists($run.ExecutionTime) and $run.ExecutionTime > 0;
  $dpu := $exists($run.MaxCapacity) ? $run.MaxCapacity
    : $run.NumberOfWorkers * $lookup(${JSON.stringify(DPU_PER_WORKER)}, $run.WorkerType);
  $assert($exists($dpu_seconds) or $not($started) or $exists($dpu),
    'the response of GetJobRun contains neither DPUSeconds, nor MaxCapacity, nor a known WorkerType');
  $exists($dpu_seconds) ? $dpu_seconds / 3600
    : $started ? $max([$run.ExecutionTime, ${MIN_BILLED_SECONDS}]) * $dpu / 3600 : 0
)`;
