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
}

/** Many jobs of the same hour do not meet Glue's limits together. */
const FLEXIBLE_MINUTES = 10;

/** The schedule that starts a dataset's job, through the lake's one role and in its one group. */
export function createJobSchedule(scope: Construct, { names, schedule, job }: JobScheduleProps): CfnSchedule {
  const stack = Stack.of(scope);
  const flexibleMinutes = schedule.flexible_minutes ?? FLEXIBLE_MINUTES;
  const jobSchedule = new CfnSchedule(scope, 'Schedule', {
    name: names.schedule,
    groupName: names.lake.scheduleGroup,
    scheduleExpression: schedule.expression,
    scheduleExpressionTimezone: schedule.timezone ?? 'UTC',
    state: (schedule.enabled ?? true) ? 'ENABLED' : 'DISABLED',
    flexibleTimeWindow:
      flexibleMinutes === 0 ? { mode: 'OFF' } : { mode: 'FLEXIBLE', maximumWindowInMinutes: flexibleMinutes },
    target: {
      arn: `arn:${Aws.PARTITION}:scheduler:::aws-sdk:glue:startJobRun`,
      roleArn: names.lake.roleArn(stack, names.lake.schedulerRole),
      input: stack.toJsonString({ JobName: names.job }),
      // The service's own default, 185 tries over a day, would start yesterday's run beside today's.
      retryPolicy: { maximumRetryAttempts: 5, maximumEventAgeInSeconds: 3600 },
    },
  });
  jobSchedule.node.addDependency(job);
  return jobSchedule;
}
