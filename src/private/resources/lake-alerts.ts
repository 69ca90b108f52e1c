import { Duration, Stack, Token } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { crawlerAlertMessage, jobAlertMessage } from './alert-messages';
import { Alerts } from '../../alerts';
import { LakeNames } from '../../naming';
import { MAX_RETRIES } from '../../sizing';
import { unresolvedValues } from '../document/unresolved-values';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';

export interface LakeAlertsProps {
  readonly names: LakeNames;
  readonly alerts: Alerts;
  /** The key that encrypts the topic. Undefined without encryption. */
  readonly key?: IKey;
  /** The maximum number of retries of each job of the lake. */
  readonly maxRetries?: number;
}

/**
 * The alerts of a lake: a topic, one rule for all jobs, one rule for all crawlers, and an alarm for all schedules.
 *
 * The number of resources does not depend on the number of datasets, because an event bus has a quota of 300 rules.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
export class LakeAlerts extends Construct {
  readonly topic: ITopic;
  readonly rules: Rule[];
  readonly droppedScheduleAlarm: Alarm;

  constructor(scope: Construct, id: string, { names, alerts, key, maxRetries = MAX_RETRIES }: LakeAlertsProps) {
    super(scope, id);
    checkAlerts(scope, alerts);
    this.topic = alerts.topic ?? new Topic(this, 'Topic', {
      topicName: names.alertTopic,
      // The sender name of emails.
      displayName: names.alertTopic,
      enforceSSL: true,
      masterKey: key,
    });
    this.grantPublish(names, key);
    this.rules = [this.createJobRule(names, maxRetries), this.createCrawlerRule(names)];
    this.droppedScheduleAlarm = this.createAlarm(names);
    for (const email of alerts.emails ?? []) {
      this.topic.addSubscription(new EmailSubscription(email));
    }
  }

  /**
   * Allows CloudWatch to publish to the topic, and CloudWatch and EventBridge to use the key. The targets of the rules
   * allow EventBridge to publish.
   *
   * The policies of the topic and the key have no conditions for EventBridge: with a condition, it silently drops all
   * messages.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
   * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
   */
  private grantPublish(names: LakeNames, key?: IKey): void {
    const stack = Stack.of(this);
    const alarms = `arn:${stack.partition}:cloudwatch:${stack.region}:${stack.account}:alarm`;
    const alarm = `${alarms}:${names.droppedScheduleAlarm}`;
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': stack.account } };
    this.topic.addToResourcePolicy(new PolicyStatement({
      actions: ['sns:Publish'],
      resources: [this.topic.topicArn],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: {
        ...ofThisAccount,
        ArnEquals: { 'aws:SourceArn': alarm },
      },
    }));
    for (const [sender, conditions] of [['events', undefined], ['cloudwatch', ofThisAccount]] as const) {
      key?.addToResourcePolicy(new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        principals: [new ServicePrincipal(`${sender}.amazonaws.com`)],
        conditions,
      }));
    }
  }

  /**
   * Matches runs that failed and will not be retried.
   *
   * Glue retries a run with the state FAILED as `<id>_attempt_1` and so on, and sends an event per attempt. The rule
   * matches only the last attempt. Glue does not retry runs with the states TIMEOUT, STOPPED and ERROR.
   * https://docs.aws.amazon.com/glue/latest/dg/add-job.html https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
   */
  private createJobRule(names: LakeNames, maxRetries: number): Rule {
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
      targets: [new SnsTopic(this.topic, { message: jobAlertMessage(this, names) })],
    });
  }

  private createCrawlerRule(names: LakeNames): Rule {
    return new Rule(this, 'CrawlerRule', {
      ruleName: names.crawlerAlertRule,
      description: `Failed crawlers of the lake ${names.resourcePrefix}`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Crawler State Change'],
        detail: { crawlerName: ofThisLake(names), state: ['Failed'] },
      },
      targets: [new SnsTopic(this.topic, { message: crawlerAlertMessage() })],
    });
  }

  /** Glue sends no event if a schedule cannot start its job after all retries. */
  private createAlarm(names: LakeNames): Alarm {
    const alarm = new Alarm(this, 'DroppedScheduleAlarm', {
      alarmName: names.droppedScheduleAlarm,
      alarmDescription:
        `A schedule of the lake ${names.resourcePrefix} could not start its job after all retries, for example `
        + 'because its role or the job does not exist, or the job was still running. Find the dataset without a run, '
        + 'and start its job manually.',
      // https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
      metric: new Metric({
        namespace: 'AWS/Scheduler',
        metricName: 'InvocationDroppedCount',
        dimensionsMap: { ScheduleGroup: names.scheduleGroup },
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }
}

/** Matches the failure of the last attempt of a run. */
export function lastAttempt(maxRetries: number): { readonly [field: string]: unknown[] } {
  return { state: ['FAILED'], ...maxRetries > 0 && { jobRunId: [{ suffix: `_attempt_${maxRetries}` }] } };
}

/** Matches jobs and crawlers of the lake, whose names start with the same prefixes. */
function ofThisLake(names: LakeNames): { prefix: string }[] {
  return LAYERS.map(layer => ({ prefix: names.job(layer, '') }));
}

function checkAlerts(scope: Construct, { topic, encrypted, encryptionKey, emails = [] }: Alerts): void {
  if (topic && (encrypted || encryptionKey)) {
    throw synthError(
      scope,
      'SETTINGS_CONFLICT',
      `alerts has both topic and ${encryptionKey ? 'encryptionKey' : 'encrypted'}.`,
      `Remove ${encryptionKey ? 'encryptionKey' : 'encrypted'}, and configure the encryption on the topic.`,
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
    throw synthError(scope, code, `${key} of alerts ${found}.`, remedy);
  }
  for (const [index, email] of emails.entries()) {
    if (!Token.isUnresolved(email) && !/^[^\s@]+@[^\s@]+$/.test(email)) {
      throw synthError(
        scope,
        'VALUE_INVALID',
        `emails[${index}] of alerts is ${JSON.stringify(email)}.`,
        'Use an email address, for example "on-call@example.org".',
      );
    }
    if (emails.indexOf(email) !== index) {
      throw synthError(scope, 'DUPLICATE_VALUE', `alerts.emails contains "${email}" twice.`, 'Remove one of them.');
    }
  }
}
