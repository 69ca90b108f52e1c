import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnRole, IRole, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { accountService } from './account-service';
import { ofThisLake } from './lake-alerts';
import { acknowledgeWildcards } from './nag-suppressions';
import { createOccurrenceAlarm } from './occurrence-alarm';
import { metricsStatement } from './policy-statements';
import { createStartExecutionRole } from './start-execution-role';
import { createStateMachine } from './state-machine';
import { checkLength, LakeNames } from '../../naming';
import { LAYERS } from '../layers';
import { MONTH_METRIC, usageMachine } from '../state-machines/usage-machine';

const NAME_REMEDY = 'Use a prefix of at most 46 characters.';

export interface LakeBudgetProps {
  readonly names: LakeNames;
  readonly maxDpuHours: number;
  /** The topic of the alerts. Undefined if the lake has no alerts. */
  readonly topic?: ITopic;
  /** An existing role of the state machine. */
  readonly role?: IRole;
  /** An existing role of the rule. */
  readonly eventsRole?: IRole;
}

/**
 * The alarm for the DPU-hours of a lake in a month, and the state machine that counts them. A rule starts this state
 * machine when an attempt of a run ends.
 *
 * A CloudWatch alarm evaluates at most seven days, so it cannot add up the runs of a month itself. AWS Budgets could do
 * so per cost-allocation tag, but only after someone activates the tags in the management account. Its data can be a
 * day old, and is in USD or in the usage types of a Region.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export class LakeBudget extends Construct {
  /** The role of the state machine. */
  readonly role: IRole;
  readonly stateMachine: CfnStateMachine;
  /** The role of the rule. */
  readonly eventsRole: IRole;
  readonly rule: Rule;
  readonly alarm: Alarm;
  readonly failureAlarm: Alarm;

  constructor(scope: Construct, id: string, { names, maxDpuHours, topic, role, eventsRole }: LakeBudgetProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.role = role ?? this.createRole(names);
    this.stateMachine = createStateMachine(this, 'StateMachine', {
      name: names.usageStateMachine,
      definitionString: stack.toJsonString(usageMachine(names, stack.partition)),
      role: this.role,
    });
    this.eventsRole = eventsRole ?? this.createEventsRole(names);
    this.rule = this.createRule(names);
    this.alarm = this.createAlarm(names, maxDpuHours);
    this.failureAlarm = this.createFailureAlarm(names);
    if (topic) {
      this.alarm.addAlarmAction(new SnsAction(topic));
      this.failureAlarm.addAlarmAction(new SnsAction(topic));
    } else {
      Annotations.of(scope).addWarningV2(
        'cdk-glue-medallion:budget-without-alerts',
        `no alert is sent if the lake ${names.resourcePrefix} uses more than maxDpuHoursPerMonth, because it has no `
          + 'alerts. Set alerts of the EtlCore, or add an action to its usageAlarm.',
      );
    }
  }

  /** A role that reads the runs of the lake, and reads and publishes metrics. */
  private createRole(names: LakeNames): Role {
    checkLength(this, 'role', names.usageRole, NAME_REMEDY);
    const stack = Stack.of(this);
    const runs = new PolicyStatement({
      actions: ['glue:GetJobRun'],
      resources: LAYERS.map(layer =>
        stack.formatArn({ service: 'glue', resource: 'job', resourceName: names.job(layer, '*') })),
    });
    const publish = metricsStatement(names);
    const read = new PolicyStatement({ actions: ['cloudwatch:GetMetricStatistics'], resources: ['*'] });
    const role = new Role(this, 'Role', {
      roleName: names.usageRole,
      description: `Counts the DPU-hours of the lake ${names.resourcePrefix}`,
      assumedBy: accountService(this, 'states'),
      inlinePolicies: { usage: new PolicyDocument({ statements: [runs, publish, read] }) },
    });
    const resource = role.node.defaultChild as CfnRole | undefined;
    acknowledgeWildcards(
      resource,
      "Other apps can add datasets. The name of each job starts with the lake's prefix and a layer.",
      runs,
    );
    acknowledgeWildcards(
      resource,
      'CloudWatch does not support resources for metrics. A condition limits publishing to the namespace of the lake.',
      publish,
      read,
    );
    return role;
  }

  private createEventsRole(names: LakeNames): Role {
    checkLength(this, 'role', names.usageEventsRole, NAME_REMEDY);
    return createStartExecutionRole(this, 'EventsRole', {
      service: 'events',
      roleName: names.usageEventsRole,
      description: `Starts the state machine that counts the DPU-hours of the lake ${names.resourcePrefix}`,
      policy: 'usage',
      stateMachineArn: names.stateMachineArn(this, names.usageStateMachine),
    });
  }

  /** Matches every attempt that has ended. AWS Glue bills all of them. */
  private createRule(names: LakeNames): Rule {
    return new Rule(this, 'Rule', {
      ruleName: names.usageRule,
      description: `Runs of the lake ${names.resourcePrefix} that have ended, and whose DPU-hours are counted`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Job State Change'],
        detail: { jobName: ofThisLake(names), state: ['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'ERROR'] },
      },
      targets: [{ bind: () => ({ arn: this.stateMachine.attrArn, role: this.eventsRole }) }],
    });
  }

  /**
   * The metric has a value only when a run has ended. Between runs, the alarm keeps its state. The first run of a month
   * publishes a small value, which returns the alarm to OK.
   */
  private createAlarm(names: LakeNames, maxDpuHours: number): Alarm {
    return new Alarm(this, 'Alarm', {
      alarmName: names.usageAlarm,
      alarmDescription:
        `The jobs of the lake ${names.resourcePrefix} have used more than ${maxDpuHours} DPU-hours this month `
        + '(maxDpuHoursPerMonth). Jobs are not stopped. Show what can cost most with "medallion list", and the '
        + 'runs of a dataset with "medallion runs DATASET --deployed". '
        + 'Causes and remedies: docs/operations/budget.md',
      metric: new Metric({
        namespace: names.metricsNamespace,
        metricName: MONTH_METRIC,
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      threshold: maxDpuHours,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.IGNORE,
    });
  }

  /**
   * Without this alarm, nobody would notice that runs are no longer counted, for example because a role lacks a
   * permission.
   */
  private createFailureAlarm(names: LakeNames): Alarm {
    return createOccurrenceAlarm(this, 'FailureAlarm', {
      alarmName: names.usageFailureAlarm,
      alarmDescription:
        `The DPU-hours of a run of the lake ${names.resourcePrefix} could not be counted. Open the failed execution of `
        + `the state machine ${names.usageStateMachine}. Causes and remedies: docs/operations/budget.md`,
      // https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
      namespace: 'AWS/States',
      metricName: 'ExecutionsFailed',
      dimensions: { StateMachineArn: this.stateMachine.attrArn },
    });
  }
}
