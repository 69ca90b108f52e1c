import { Stack, Token } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { CfnRole, IRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { accountService } from './account-service';
import { objectKeyStatement } from './lake-key';
import { acknowledgeStateMachine, acknowledgeTopicKey, acknowledgeWildcards } from './nag-suppressions';
import { createOccurrenceAlarm } from './occurrence-alarm';
import { createStartExecutionRole } from './start-execution-role';
import { substituted } from './substituted-text';
import { Alerts } from '../../alerts';
import { LakeNames } from '../../naming';
import { MAX_RETRIES } from '../../sizing';
import { unresolvedValues } from '../document/unresolved-values';
import { runbookUrl } from '../errors/runbook';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';
import { alertMachine } from '../state-machines/alert-machine';

export interface LakeAlertsProps {
  readonly names: LakeNames;
  readonly alerts: Alerts;
  /** The key that encrypts the topic. Undefined without encryption. */
  readonly key?: IKey;
  /** The key that encrypts the run records. Undefined without encryption. */
  readonly lakeKey?: IKey;
  /** The maximum number of retries of each job of the lake. */
  readonly maxRetries?: number;
  /** The names of the alarms that publish to the topic, in addition to the alarm for dropped schedules. */
  readonly alarms?: string[];
  /** An existing role of the state machine and of the rules. */
  readonly role?: IRole;
}

/**
 * The alerts of a lake: a topic, three rules, a state machine, and an alarm for all schedules.
 *
 * The rules match failed jobs, failed crawlers and warnings. They start the state machine, which publishes to the
 * topic.
 *
 * The number of resources does not depend on the number of datasets, because an event bus has a quota of 300 rules.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
export class LakeAlerts extends Construct {
  readonly topic: ITopic;
  /** The role of the state machine. */
  readonly role: IRole;
  readonly stateMachine: CfnStateMachine;
  /** The role of the rules. */
  readonly eventsRole: IRole;
  readonly rules: Rule[];
  readonly droppedScheduleAlarm: Alarm;

  constructor(scope: Construct, id: string, props: LakeAlertsProps) {
    super(scope, id);
    const { names, alerts, key, maxRetries = MAX_RETRIES, alarms = [] } = props;
    checkAlerts(scope, alerts);
    this.topic = alerts.topic ?? new Topic(this, 'Topic', {
      topicName: names.alertTopic,
      // The sender name of emails.
      displayName: names.alertTopic,
      enforceSSL: true,
      masterKey: key,
    });
    this.grantPublish([names.droppedScheduleAlarm, ...alarms], key);
    this.role = props.role ?? this.createRole(names, key ?? alerts.topic?.masterKey, props.lakeKey);
    this.stateMachine = this.createStateMachine(names);
    this.eventsRole = props.role ?? this.createEventsRole(names);
    const target = { bind: () => ({ arn: this.stateMachine.attrArn, role: this.eventsRole }) };
    this.rules = [
      this.createJobRule(names, maxRetries, target),
      this.createCrawlerRule(names, target),
      this.createWarningRule(names, target),
    ];
    this.droppedScheduleAlarm = this.createAlarm(names);
    for (const email of alerts.emails ?? []) {
      this.topic.addSubscription(new EmailSubscription(email));
    }
  }

  /**
   * Allows CloudWatch to publish to the topic and to use the key. The state machine publishes with the permissions of
   * its role.
   *
   * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
   */
  private grantPublish(alarms: string[], key?: IKey): void {
    const stack = Stack.of(this);
    const arns = alarms.map(name => `arn:${stack.partition}:cloudwatch:${stack.region}:${stack.account}:alarm:${name}`);
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': stack.account } };
    this.topic.addToResourcePolicy(new PolicyStatement({
      actions: ['sns:Publish'],
      resources: [this.topic.topicArn],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: {
        ...ofThisAccount,
        ArnEquals: { 'aws:SourceArn': arns.length === 1 ? arns[0] : arns },
      },
    }));
    key?.addToResourcePolicy(new PolicyStatement({
      actions: KEY_ACTIONS,
      resources: ['*'],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: ofThisAccount,
    }));
  }

  private createRole(names: LakeNames, key?: IKey, lakeKey?: IKey): Role {
    const stack = Stack.of(this);
    const bucket = `arn:${stack.partition}:s3:::${names.bucket}`;
    const records = new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [substituted(`${bucket}/etl/*/runs/*`)],
    });
    const statements = [
      new PolicyStatement({
        actions: ['states:ListExecutions'],
        resources: [names.stateMachineArn(this, names.datasetStateMachine)],
      }),
      records,
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [substituted(bucket)],
        conditions: { StringLike: { 's3:prefix': ['etl/*/runs/*'] } },
      }),
      ...lakeKey ? [objectKeyStatement(stack, names, lakeKey.keyArn, ['kms:Decrypt'])] : [],
      new PolicyStatement({ actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
      ...key ? [new PolicyStatement({ actions: KEY_ACTIONS, resources: [key.keyArn] })] : [],
    ];
    const role = new Role(this, 'Role', {
      roleName: names.alertRole,
      description: `Sends the alerts of the lake ${names.resourcePrefix}`,
      assumedBy: accountService(this, 'states'),
      inlinePolicies: { alerts: new PolicyDocument({ statements }) },
    });
    const resource = role.node.defaultChild as CfnRole | undefined;
    acknowledgeWildcards(
      resource,
      'Each dataset has its own folder of run records, and other apps can add datasets.',
      records,
    );
    if (resource && key) {
      acknowledgeTopicKey(resource);
    }
    return role;
  }

  private createStateMachine(names: LakeNames): CfnStateMachine {
    const stack = Stack.of(this);
    const stateMachine = new CfnStateMachine(this, 'StateMachine', {
      stateMachineName: names.alertStateMachine,
      stateMachineType: 'STANDARD',
      roleArn: this.role.roleArn,
      definitionString: stack.toJsonString(alertMachine({
        names,
        partition: stack.partition,
        consoleDomain: consoleDomain(stack),
        datasetMachineArn: names.stateMachineArn(this, names.datasetStateMachine),
        topicArn: this.topic.topicArn,
      })),
    });
    acknowledgeStateMachine(stateMachine);
    return stateMachine;
  }

  private createEventsRole(names: LakeNames): Role {
    return createStartExecutionRole(this, 'EventsRole', {
      service: 'events',
      roleName: names.eventsRole,
      description: `Starts the state machine that sends the alerts of the lake ${names.resourcePrefix}`,
      policy: 'alerts',
      stateMachineArn: names.stateMachineArn(this, names.alertStateMachine),
    });
  }

  /**
   * Matches runs that failed and will not be retried.
   *
   * Glue retries a run with the state FAILED as `<id>_attempt_1` and so on, and sends an event per attempt. The rule
   * matches only the last attempt. Glue does not retry runs with the states TIMEOUT, STOPPED and ERROR.
   * https://docs.aws.amazon.com/glue/latest/dg/add-job.html https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
   */
  private createJobRule(names: LakeNames, maxRetries: number, target: IRuleTarget): Rule {
    return new Rule(this, 'JobRule', {
      ruleName: names.jobAlertRule,
      description: `Failed runs of the lake ${names.resourcePrefix} that Glue does not retry`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Job State Change'],
        detail: {
          jobName: ofThisLake(names),
          $or: [
            lastAttempt(maxRetries),
            { state: ['TIMEOUT', 'STOPPED', 'ERROR'] },
          ],
        },
      },
      targets: [target],
    });
  }

  private createCrawlerRule(names: LakeNames, target: IRuleTarget): Rule {
    return new Rule(this, 'CrawlerRule', {
      ruleName: names.crawlerAlertRule,
      description: `Failed crawlers of the lake ${names.resourcePrefix}`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Crawler State Change'],
        detail: { crawlerName: ofThisLake(names), state: ['Failed'] },
      },
      targets: [target],
    });
  }

  /** Matches the events that jobs send, because the events of Glue about successful runs do not contain warnings. */
  private createWarningRule(names: LakeNames, target: IRuleTarget): Rule {
    return new Rule(this, 'WarningRule', {
      ruleName: names.warningAlertRule,
      description: `Successful runs of the lake ${names.resourcePrefix} with warnings`,
      eventPattern: { source: [names.eventSource], detailType: [names.warningEvent] },
      targets: [target],
    });
  }

  /** Glue sends no event if a schedule cannot start its job after all retries. */
  private createAlarm(names: LakeNames): Alarm {
    const alarm = createOccurrenceAlarm(this, 'DroppedScheduleAlarm', {
      alarmName: names.droppedScheduleAlarm,
      alarmDescription:
        `A schedule of the lake ${names.resourcePrefix} could not start its job or pipeline after all retries, for `
        + 'example because its role or the job does not exist, or the job was still running. Find the dataset or the '
        + `pipeline without a run, and start it manually. Runbook: ${runbookUrl('schedule-dropped')}`,
      // https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
      namespace: 'AWS/Scheduler',
      metricName: 'InvocationDroppedCount',
      dimensions: { ScheduleGroup: names.scheduleGroup },
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }
}

/**
 * The actions on the key that a sender needs to publish to an encrypted topic.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export const KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey*'];

/**
 * Each AWS partition has its own console domain.
 *
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
export function consoleDomain({ region }: Stack): string {
  if (!Token.isUnresolved(region) && region.startsWith('cn-')) {
    return 'amazonaws.cn';
  }
  return !Token.isUnresolved(region) && region.startsWith('us-gov-') ? 'amazonaws-us-gov.com' : 'aws.amazon.com';
}

/** Matches the failure of the last attempt of a run. */
export function lastAttempt(maxRetries: number): { readonly [field: string]: unknown[] } {
  return { state: ['FAILED'], ...maxRetries > 0 && { jobRunId: [{ suffix: `_attempt_${maxRetries}` }] } };
}

/** Matches jobs and crawlers of the lake, whose names start with the same prefixes. */
export function ofThisLake(names: LakeNames): { prefix: string }[] {
  return LAYERS.map(layer => ({ prefix: names.job(layer, '') }));
}

function checkAlerts(scope: Construct, { topic, encrypted, encryptionKey, emails = [] }: Alerts): void {
  if (topic && (encrypted || encryptionKey)) {
    throw synthError(
      scope,
      'SETTINGS_CONFLICT',
      `alerts.topic and alerts.${encryptionKey ? 'encryptionKey' : 'encrypted'} are both set.`,
      `Remove alerts.${encryptionKey ? 'encryptionKey' : 'encrypted'}, and configure the encryption on the topic.`,
    );
  }
  if (Token.isUnresolved(emails)) {
    throw synthError(
      scope,
      'TOKEN_NOT_ALLOWED',
      'alerts.emails is a list that is only known at deployment.',
      'Write the list in the code. Each email address can be a token.',
    );
  }
  for (const { code, key, found, remedy } of unresolvedValues(emails, 'emails')) {
    throw synthError(scope, code, `alerts.${key} ${found}.`, remedy);
  }
  for (const [index, email] of emails.entries()) {
    if (!Token.isUnresolved(email) && !/^[^\s@]+@[^\s@]+$/.test(email)) {
      throw synthError(
        scope,
        'VALUE_INVALID',
        `alerts.emails[${index}] is ${JSON.stringify(email)}, which is not an email address.`,
        'Use an email address, for example "on-call@example.org".',
      );
    }
    if (emails.indexOf(email) !== index) {
      throw synthError(scope, 'DUPLICATE_VALUE', `alerts.emails contains "${email}" twice.`, 'Remove one of them.');
    }
  }
}
