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
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';
import { MAX_RETRIES } from '../../sizing';
import { synthError } from '../errors/synth-error';

export interface LakeAlertsProps {
  readonly names: LakeNames;
  readonly alerts: Alerts;
  /** What encrypts the topic, if something does. */
  readonly key?: IKey;
  /** How many times Glue runs a job of the lake again. */
  readonly maxRetries?: number;
}

/**
 * What tells people of failures: a topic, one rule for all jobs of the lake and one for all its crawlers, and an alarm
 * on its schedules.
 *
 * Nothing here grows with the datasets: a bus takes 300 rules. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
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
      // The name that e-mails come from.
      displayName: names.alertTopic,
      enforceSSL: true,
      masterKey: key,
    });
    this.admitSenders(names, key);
    this.rules = [this.createJobRule(names, maxRetries), this.createCrawlerRule(names)];
    this.droppedScheduleAlarm = this.createAlarm(names);
    for (const email of alerts.emails ?? []) {
      this.topic.addSubscription(new EmailSubscription(email));
    }
  }

  /**
   * Lets CloudWatch send to the topic; the rules' targets let EventBridge. And both use the key.
   *
   * For EventBridge neither the topic's policy nor the key's has a condition: it would drop every message without a
   * word.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
   * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
   */
  private admitSenders(names: LakeNames, key?: IKey): void {
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
   * Runs that ended without success and will not be tried again.
   *
   * Glue tries a run that FAILED again, as `<id>_attempt_1` and so on, and sends an event for each: only that of the
   * last attempt counts. It does not try again what reached its timeout, was stopped, or had no job.
   * https://docs.aws.amazon.com/glue/latest/dg/add-job.html https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
   */
  private createJobRule(names: LakeNames, maxRetries: number): Rule {
    return new Rule(this, 'JobRule', {
      ruleName: names.jobAlertRule,
      description: `Runs of the lake ${names.resourcePrefix} that failed and are not tried again`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Job State Change'],
        detail: {
          jobName: ofThisLake(names),
          $or: [
            { state: ['FAILED'], ...maxRetries > 0 && { jobRunId: [{ suffix: `_attempt_${maxRetries}` }] } },
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
      description: `Crawlers of the lake ${names.resourcePrefix} that failed`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Crawler State Change'],
        detail: { crawlerName: ofThisLake(names), state: ['Failed'] },
      },
      targets: [new SnsTopic(this.topic, { message: crawlerAlertMessage() })],
    });
  }

  /** A schedule that could not start its job, after all its retries, shows in no event of Glue. */
  private createAlarm(names: LakeNames): Alarm {
    const alarm = new Alarm(this, 'DroppedScheduleAlarm', {
      alarmName: names.droppedScheduleAlarm,
      alarmDescription:
        `A schedule of the lake ${names.resourcePrefix} gave up to start its job, for example because its `
        + 'role or the job is missing, '
        + 'or the job was still running. Look which dataset has no run, and start its job by hand.',
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

/** Jobs, and the crawlers named after them. */
function ofThisLake(names: LakeNames): { prefix: string }[] {
  return Object.values(Layer).map(layer => ({ prefix: names.job(layer, '') }));
}

function checkAlerts(scope: Construct, { topic, encrypted, encryptionKey, emails = [] }: Alerts): void {
  if (topic && (encrypted || encryptionKey)) {
    throw synthError(
      scope,
      'SETTINGS_CONFLICT',
      `alerts has both topic and ${encryptionKey ? 'encryptionKey' : 'encrypted'}.`,
      'Set the encryption on the topic itself.',
    );
  }
  if (Token.isUnresolved(emails)) {
    throw synthError(
      scope,
      'TOKEN_NOT_ALLOWED',
      'emails of alerts is a list that is only known at deployment.',
      'Write the list in the code; its addresses may be tokens.',
    );
  }
  for (const [index, email] of emails.entries()) {
    if (!Token.isUnresolved(email) && !/^[^\s@]+@[^\s@]+$/.test(email)) {
      throw synthError(
        scope,
        'VALUE_INVALID',
        `emails[${index}] of alerts is ${JSON.stringify(email)}.`,
        'Use an address such as "on-call@example.org".',
      );
    }
    if (emails.indexOf(email) !== index) {
      throw synthError(scope, 'DUPLICATE_VALUE', `emails of alerts has "${email}" twice.`, 'Remove one of them.');
    }
  }
}
