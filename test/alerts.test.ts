import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Alerts, EtlCore } from '../src';
import { resource, resources } from './assembly';
import { matches } from './event-pattern';
import { bronze, ENV } from './layouts';

const EMAILS = ['on-call@example.org', 'data-team@example.org'];

function lake(
  alerts?: Alerts,
  resourcePrefix = 'pp-dw',
  env: { account?: string; region?: string } = ENV,
): { stack: Stack; core: EtlCore } {
  const stack = new Stack(new App(), 'Core', { env });
  return { stack, core: new EtlCore(stack, 'Lake', { resourcePrefix, alerts }) };
}

/** A rule of the lake by its name. */
function rule(name: string, stack = lake({}).stack): { [property: string]: any } {
  return resources(stack, 'AWS::Events::Rule').find(({ Properties }) => Properties.Name === name)!.Properties;
}

const OF_ALERTS = [
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SNS::Subscription',
  'AWS::Events::Rule',
  'AWS::CloudWatch::Alarm',
  'AWS::KMS::Key',
  'AWS::KMS::Alias',
];

test.each<[string, Alerts | undefined, { [type: string]: number }]>([
  ['no alerts', undefined, {}],
  [
    'alerts without subscriptions',
    {},
    { 'AWS::SNS::Topic': 1, 'AWS::SNS::TopicPolicy': 1, 'AWS::Events::Rule': 2, 'AWS::CloudWatch::Alarm': 1 },
  ],
  [
    'alerts by email',
    { emails: EMAILS },
    {
      'AWS::SNS::Topic': 1,
      'AWS::SNS::TopicPolicy': 1,
      'AWS::SNS::Subscription': 2,
      'AWS::Events::Rule': 2,
      'AWS::CloudWatch::Alarm': 1,
    },
  ],
  [
    'encrypted alerts',
    { encrypted: true },
    {
      'AWS::SNS::Topic': 1,
      'AWS::SNS::TopicPolicy': 1,
      'AWS::Events::Rule': 2,
      'AWS::CloudWatch::Alarm': 1,
      'AWS::KMS::Key': 1,
      'AWS::KMS::Alias': 1,
    },
  ],
])('%s create these resources, and the core has 13 others', (_, alerts, expected) => {
  const all = resources(lake(alerts).stack);
  const count = (type: string) => all.filter(({ Type }) => Type === type).length;
  expect(Object.fromEntries(OF_ALERTS.map(type => [type, count(type)]).filter(([, number]) => number !== 0))).toEqual(
    expected,
  );
  expect(all.filter(({ Type }) => !OF_ALERTS.includes(Type))).toHaveLength(13);
});

test('the core has the resources of its alerts as properties', () => {
  const { core } = lake({ encrypted: true });
  expect([core.alertTopic, core.alertKey, core.droppedScheduleAlarm]).not.toContain(undefined);
  expect(core.alertRules).toHaveLength(2);
  const without = lake().core;
  expect([without.alertTopic, without.alertKey, without.droppedScheduleAlarm, without.alertRules]).toEqual([
    undefined,
    undefined,
    undefined,
    [],
  ]);
});

const job = (jobName: string, state: string, jobRunId = 'jr_0123') => ({
  'source': 'aws.glue',
  'detail-type': 'Glue Job State Change',
  'detail': { jobName, state, jobRunId, severity: 'ERROR', message: 'why' },
});
const crawler = (crawlerName: string, state: string) => ({
  'source': 'aws.glue',
  'detail-type': 'Glue Crawler State Change',
  'detail': { crawlerName, state, errorMessage: 'why' },
});

test.each([
  ['a failed run that is retried', job('pp-dw-bronze-x', 'FAILED'), false],
  ['a failed retry', job('pp-dw-bronze-x', 'FAILED', 'jr_0123_attempt_1'), true],
  ['a failed retry of a silver job', job('pp-dw-silver-x', 'FAILED', 'jr_0123_attempt_1'), true],
  ['a failed retry of a gold job', job('pp-dw-gold-x', 'FAILED', 'jr_0123_attempt_1'), true],
  ['a successful retry', job('pp-dw-bronze-x', 'SUCCEEDED', 'jr_0123_attempt_1'), false],
  ['a successful run', job('pp-dw-bronze-x', 'SUCCEEDED'), false],
  ['a run that timed out', job('pp-dw-bronze-x', 'TIMEOUT'), true],
  ['a retry that timed out', job('pp-dw-bronze-x', 'TIMEOUT', 'jr_0123_attempt_1'), true],
  ['a run that was stopped', job('pp-dw-gold-x', 'STOPPED'), true],
  ['a run that ended in the state ERROR', job('pp-dw-bronze-x', 'ERROR'), true],
  ['a failed retry in a lake with a longer prefix', job('pp-dw-dev-bronze-x', 'FAILED', 'jr_0123_attempt_1'), false],
  ['a run that timed out in a lake with a longer prefix', job('pp-dw-dev-bronze-x', 'TIMEOUT'), false],
  ['a job that does not belong to the lake', job('pp-dw-report', 'TIMEOUT'), false],
  ['a crawler', crawler('pp-dw-bronze-x-crawler', 'Failed'), false],
])('the rule for jobs matches %s: %#', (_, event, expected) => {
  expect(matches(rule('pp-dw-job-alerts').EventPattern, event)).toBe(expected);
});

test.each([
  [0, 'jr_0123', true],
  [2, 'jr_0123', false],
  [2, 'jr_0123_attempt_1', false],
  [2, 'jr_0123_attempt_2', true],
])('with %d retries, run %s is the last attempt: %s', (maxRetries, id, expected) => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: {}, glueDefaults: { maxRetries } });
  expect(matches(rule('pp-dw-job-alerts', stack).EventPattern, job('pp-dw-bronze-x', 'FAILED', id))).toBe(expected);
});

describe('a dataset with other retries than its lake', () => {
  const patternOf = (maxRetries: number, lakeRetries?: number) => {
    const app = new App();
    const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Lake', {
      resourcePrefix: 'pp-dw', alerts: {}, glueDefaults: { maxRetries: lakeRetries },
    });
    const stack = new Stack(app, 'Datasets', { env: ENV });
    bronze({ core, stack }, { dataset: 'x', maxRetries });
    return resources(stack, 'AWS::Events::Rule').map(each => each.Properties.EventPattern);
  };

  test.each([
    [0, 'jr_0123', true],
    [0, 'jr_0123_attempt_1', true],
    [2, 'jr_0123', false],
    [2, 'jr_0123_attempt_1', false],
    [2, 'jr_0123_attempt_2', true],
  ])('has a rule for its last attempt: with %d retries, it matches %s: %s', (maxRetries, id, expected) => {
    const [pattern, ...others] = patternOf(maxRetries);
    expect(others).toEqual([]);
    expect(matches(pattern, job('pp-dw-bronze-x', 'FAILED', id))).toBe(expected);
    expect(matches(pattern, job('pp-dw-bronze-x2', 'FAILED', id))).toBe(false);
    expect(matches(pattern, job('pp-dw-bronze-x', 'TIMEOUT', id))).toBe(false);
  });

  test('has no rule if the numbers are the same', () => {
    expect(patternOf(1)).toEqual([]);
    expect(patternOf(3, 3)).toEqual([]);
  });

  test('has a warning if another app deploys the core', () => {
    const stack = new Stack(new App(), 'Datasets', { env: ENV });
    const core = EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: 'pp-dw' });
    bronze({ core, stack }, { dataset: 'x', maxRetries: 0 });
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('pp-dw-bronze-x has 0 retries'));
  });
});

test.each([
  ['a failed crawler', crawler('pp-dw-bronze-x-crawler', 'Failed'), true],
  ['a failed silver crawler', crawler('pp-dw-silver-x-crawler', 'Failed'), true],
  ['a failed gold crawler', crawler('pp-dw-gold-x-crawler', 'Failed'), true],
  ['a crawler that started', crawler('pp-dw-bronze-x-crawler', 'Started'), false],
  ['a crawler that succeeded', crawler('pp-dw-bronze-x-crawler', 'Succeeded'), false],
  ['a crawler of another lake', crawler('pp-dw-dev-bronze-x-crawler', 'Failed'), false],
  ['a job', job('pp-dw-bronze-x', 'TIMEOUT'), false],
])('the rule for crawlers matches %s: %#', (_, event, expected) => {
  expect(matches(rule('pp-dw-crawler-alerts').EventPattern, event)).toBe(expected);
});

/** The lines that EventBridge renders from the template of a target: values are not escaped, each line is in quotes. */
function rendered(name: string, event: object, stack?: Stack): string[] {
  const { InputPathsMap: paths, InputTemplate: template } = rule(name, stack).Targets[0].InputTransformer;
  const valueAt = (path: string) =>
    path
      .replace(/^\$\./, '')
      .split('.')
      .reduce((value: any, key) => value?.[key], event) ?? '';
  return template.replace(/<([\w-]+)>/g, (_: string, key: string) => valueAt(paths[key])).split('\n');
}

const ENVIRONMENT = { account: '123456789012', region: 'eu-central-1' };
const FAILED = {
  ...ENVIRONMENT,
  detail: {
    jobName: 'pp-dw-bronze-fda-nsde',
    state: 'FAILED',
    jobRunId: 'jr_0123_attempt_1',
    message: 'RunFailed: id did not fit bigint, such as "x" in row 99; run with run_options {"allow": ["rescued"]}',
  },
};

test('the message of a job has its name, the error, links, and the command to start it again', () => {
  expect(rendered('pp-dw-job-alerts', FAILED)).toEqual([
    '"FAILED: Glue job pp-dw-bronze-fda-nsde in 123456789012, eu-central-1"',
    '"Error: RunFailed: id did not fit bigint, such as "x" in row 99; run with run_options {"allow": ["rescued"]}"',
    '"The tables still have their last published data."',
    '"Run: https://eu-central-1.console.aws.amazon.com/gluestudio/home?region=eu-central-1#/job/pp-dw-bronze-fda-nsde/run/jr_0123_attempt_1 (AWS console)"',
    '"Run record: the latest file in s3://pp-dw-123456789012/etl/DATASET/runs/LAYER/ for a job named '
      + 'pp-dw-LAYER-DATASET"',
    '"Logs: streams that start with jr_0123_attempt_1 in the log groups /aws-glue/pp-dw/output and '
      + '/aws-glue/pp-dw/error"',
    '"To start the job again, run:"',
    '"aws glue start-job-run --region eu-central-1 --job-name pp-dw-bronze-fda-nsde"',
  ]);
});

test('the message of a crawler has its name, the error, links, and the command to start it again', () => {
  const cloudWatchLogLink = 'https://console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logEventViewer:group=/aws-glue/crawlers';
  const detail = {
    crawlerName: 'pp-dw-bronze-fda-nsde-crawler',
    state: 'Failed',
    errorMessage: 'Internal Service Exception',
    cloudWatchLogLink,
  };
  expect(rendered('pp-dw-crawler-alerts', { ...ENVIRONMENT, detail })).toEqual([
    '"FAILED: Glue crawler pp-dw-bronze-fda-nsde-crawler in 123456789012, eu-central-1"',
    '"Error: Internal Service Exception"',
    '"The data files are published. New tables and columns may be missing from the Data Catalog."',
    '"If Lake Formation refused access, grant CREATE_TABLE, ALTER and DESCRIBE to the role of the crawler: see Lake '
      + 'Formation in docs/security.md."',
    '"Logs: stream pp-dw-bronze-fda-nsde-crawler in the log group /aws-glue/crawlers, '
      + `${cloudWatchLogLink} (AWS console)"`,
    '"To start the crawler again, run:"',
    '"aws glue start-crawler --region eu-central-1 --name pp-dw-bronze-fda-nsde-crawler"',
  ]);
});

test.each([
  ['eu-central-1', 'https://eu-central-1.console.aws.amazon.com/'],
  ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
  ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
])('the console of the Region %s has the URL %s', (region, url) => {
  const { stack } = lake({}, 'pp-dw', { ...ENV, region });
  expect(rendered('pp-dw-job-alerts', { ...FAILED, region }, stack)[3]).toContain(url);
});

test.each(['job', 'crawler'])(
  'the template of %s alerts is valid for EventBridge: one JSON string per line, at most 8,192 characters',
  type => {
    const prefix = 'a'.repeat(49);
    const template: string = rule(`${prefix}-${type}-alerts`, lake({}, prefix).stack).Targets[0].InputTransformer
      .InputTemplate;
    expect(template.length).toBeLessThan(8192);
    for (const line of template.split('\n')) {
      expect(line).toMatch(/^"[^"\\]+"$/);
      expect(line.replace(/<[\w-]+>/g, '')).not.toMatch(/[<>]/);
    }
  },
);

test('the alarm is raised if a schedule cannot start its job, and not if there is no data', () => {
  expect(resource(lake({}).stack, 'AWS::CloudWatch::Alarm').Properties).toMatchObject({
    AlarmName: 'pp-dw-dropped-schedules',
    Namespace: 'AWS/Scheduler',
    MetricName: 'InvocationDroppedCount',
    Dimensions: [{ Name: 'ScheduleGroup', Value: 'pp-dw' }],
    Statistic: 'Sum',
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [expect.stringMatching(/Topic/)],
  });
});

test('the topic rejects plain HTTP, and only EventBridge and this alarm can publish', () => {
  const { stack } = lake({ emails: EMAILS });
  expect(resource(stack, 'AWS::SNS::Topic').Properties).toEqual({
    TopicName: 'pp-dw-alerts',
    DisplayName: 'pp-dw-alerts',
  });
  expect(
    resources(stack, 'AWS::SNS::Subscription').map(({ Properties }) => [Properties.Protocol, Properties.Endpoint]),
  ).toEqual(EMAILS.map(email => ['email', email]));
  expect(resource(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({
      Effect: 'Deny',
      Principal: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
    expect.objectContaining({
      Effect: 'Allow',
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': '123456789012' },
        ArnEquals: { 'aws:SourceArn': 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:pp-dw-dropped-schedules' },
      },
    }),
    expect.objectContaining({ Effect: 'Allow', Action: 'sns:Publish', Principal: { Service: 'events.amazonaws.com' } }),
  ]);
});

/** The statements of a key policy for AWS services. */
const forServices = (statements: { Principal: { Service?: string } }[]) =>
  statements.filter(({ Principal }) => Principal.Service);
const USE = { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey*'], Resource: '*' };

test(
  'the key policy allows EventBridge without a condition, because EventBridge supports none, and CloudWatch for this '
    + 'account',
  () => {
    const { stack } = lake({ encrypted: true });
    const key = resource(stack, 'AWS::KMS::Key');
    expect(forServices(key.Properties.KeyPolicy.Statement)).toEqual([
      { ...USE, Principal: { Service: 'events.amazonaws.com' } },
      {
        ...USE,
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      },
    ]);
    expect(key.Properties.EnableKeyRotation).toBe(true);
    expect(resource(stack, 'AWS::KMS::Alias').Properties.AliasName).toBe('alias/pp-dw');
    expect(resource(stack, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.id, 'Arn'] });
  },
);

test.each(['AWS::KMS::Key', 'AWS::SNS::Topic'])(
  '%s is deleted with the stack, because it stores no data',
  type => {
    expect(resource(lake({ encrypted: true }).stack, type).DeletionPolicy ?? 'Delete').toBe('Delete');
  },
);

test('a key that is passed encrypts the topic, and its policy allows the senders', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const encryptionKey = new Key(stack, 'Own');
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { encryptionKey } });
  const key = resource(stack, 'AWS::KMS::Key');
  expect(core.alertKey).toBe(encryptionKey);
  expect(forServices(key.Properties.KeyPolicy.Statement)).toHaveLength(2);
  expect(resource(stack, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.id, 'Arn'] });
});

test('a topic that is passed receives the messages, and its policy allows the senders', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const topic = new Topic(stack, 'Own');
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { topic, emails: EMAILS } });
  const { id } = resource(stack, 'AWS::SNS::Topic');
  expect(core.alertTopic).toBe(topic);
  expect(
    resource(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement.map(
      ({ Principal }: { Principal: object }) => Principal,
    ),
  ).toEqual([{ Service: 'cloudwatch.amazonaws.com' }, { Service: 'events.amazonaws.com' }]);
  expect(resources(stack, 'AWS::Events::Rule').map(({ Properties }) => Properties.Targets[0].Arn)).toEqual([
    `\${${id}}`,
    `\${${id}}`,
  ]);
});

test('a topic of another app receives the messages, and its policy is not changed', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const topic = Topic.fromTopicArn(stack, 'Own', 'arn:aws:sns:eu-central-1:123456789012:on-call');
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { topic } });
  expect(resources(stack, 'AWS::SNS::TopicPolicy')).toEqual([]);
  expect(resource(stack, 'AWS::CloudWatch::Alarm').Properties.AlarmActions).toEqual([topic.topicArn]);
});

test.each<[string, (stack: Stack) => Alerts, string]>([
  [
    'topic and encrypted',
    stack => ({ topic: new Topic(stack, 'Own'), encrypted: true }),
    'SETTINGS_CONFLICT: Core/Lake: alerts has both topic and encrypted. Remove encrypted, '
      + 'and configure the encryption on the topic.',
  ],
  [
    'topic and encryptionKey',
    stack => ({ topic: new Topic(stack, 'Own'), encryptionKey: new Key(stack, 'OwnKey') }),
    'SETTINGS_CONFLICT: Core/Lake: alerts has both topic and encryptionKey. Remove encryptionKey, '
      + 'and configure the encryption on the topic.',
  ],
  [
    'an invalid email address',
    () => ({ emails: ['on-call'] }),
    'VALUE_INVALID: Core/Lake: emails[0] of alerts is "on-call". Use an email address, '
      + 'for example "on-call@example.org".',
  ],
  [
    'two email addresses in one string',
    () => ({ emails: ['a@example.org, b@example.org'] }),
    'VALUE_INVALID: Core/Lake: emails[0] of alerts is "a@example.org, b@example.org".',
  ],
  [
    'a duplicate email address',
    () => ({ emails: ['a@example.org', 'a@example.org'] }),
    'DUPLICATE_VALUE: Core/Lake: alerts.emails contains "a@example.org" twice. Remove one of them.',
  ],
  [
    'a token as the list of email addresses',
    stack => ({ emails: new CfnParameter(stack, 'Emails', { type: 'CommaDelimitedList' }).valueAsList }),
    'TOKEN_NOT_ALLOWED: Core/Lake: alerts.emails is a list that is only known at deployment. Write the '
      + 'list in the code. Each email address can be a token.',
  ],
  [
    'an email address from a list that is a token',
    stack => ({
      emails: ['a@example.org', ...new CfnParameter(stack, 'Emails', { type: 'CommaDelimitedList' }).valueAsList],
    }),
    'TOKEN_NOT_ALLOWED: Core/Lake: emails[1] of alerts contains a list that is only known at deployment.',
  ],
])('%s is an error with its code and what to do', (_, alerts, message) => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  expect(() => new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: alerts(stack) })).toThrow(message);
});

test('the prefix, the email addresses and the environment can be tokens', () => {
  const stack = new Stack(new App(), 'Core');
  const text = (id: string) => new CfnParameter(stack, id).valueAsString;
  new EtlCore(stack, 'Lake', {
    resourcePrefix: text('Prefix'),
    metrics: true,
    alerts: { emails: [text('OnCall'), text('DataTeam'), Fn.importValue('team')], encrypted: true },
  });
  expect(resources(stack, 'AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint)).toEqual([
    '${OnCall}',
    '${DataTeam}',
    { 'Fn::ImportValue': 'team' },
  ]);
  const { EventPattern, Targets } = rule('${Prefix}-job-alerts', stack);
  expect(EventPattern.detail.jobName).toEqual(['bronze', 'silver', 'gold']
    .map(layer => ({ prefix: `\${Prefix}-${layer}-` })));
  expect(Targets[0].InputTransformer.InputTemplate).toContain('/aws-glue/${Prefix}/output');
});
