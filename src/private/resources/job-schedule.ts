import { Aws, Stack } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { DatasetNames } from '../../naming';
import { Schedule } from '../document/dataset-document.generated';

export interface JobScheduleProps {
  readonly names: DatasetNames;
  readonly schedule: Schedule;
  readonly job: CfnJob;
  readonly roleArn: string;
}

/** Spreads the starts of jobs with the same schedule, because simultaneous starts could exceed the limits of Glue. */
const FLEXIBLE_MINUTES = 10;

/** The schedule of a job. All schedules of a lake share one role and one schedule group. */
export function createJobSchedule(scope: Construct, { names, schedule, job, roleArn }: JobScheduleProps): CfnSchedule {
  const jobSchedule = new CfnSchedule(scope, 'Schedule', {
    name: names.schedule,
    groupName: names.lake.scheduleGroup,
    ...timesOf(schedule),
    target: {
      arn: `arn:${Aws.PARTITION}:scheduler:::aws-sdk:glue:startJobRun`,
      roleArn,
      input: Stack.of(scope).toJsonString({ JobName: names.job }),
      retryPolicy: RETRY_POLICY,
    },
  });
  jobSchedule.node.addDependency(job);
  return jobSchedule;
}

/** When a schedule starts its target. */
export function timesOf(
  schedule: Schedule,
): Pick<CfnSchedule, 'scheduleExpression' | 'scheduleExpressionTimezone' | 'state' | 'flexibleTimeWindow'> {
  const flexibleMinutes = schedule.flexible_minutes ?? FLEXIBLE_MINUTES;
  return {
    scheduleExpression: schedule.expression,
    scheduleExpressionTimezone: schedule.timezone ?? 'UTC',
    state: (schedule.enabled ?? true) ? 'ENABLED' : 'DISABLED',
    flexibleTimeWindow:
      flexibleMinutes === 0 ? { mode: 'OFF' } : { mode: 'FLEXIBLE', maximumWindowInMinutes: flexibleMinutes },
  };
}

/**
 * The default of EventBridge Scheduler, 185 retries in 24 hours, could start a run after the next scheduled run.
 *
 * AWS does not document whether EventBridge Scheduler retries a start that Glue rejects because the job is running.
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
 */
export const RETRY_POLICY = { maximumRetryAttempts: 5, maximumEventAgeInSeconds: 3600 };
