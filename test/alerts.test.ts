import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Alerts, EtlCore, IEtlCore } from '../src';
import { resource, resources, templateOf } from './assembly';
import { matches } from './event-pattern';
import { bronze, ENV } from './layouts';
import { Definition, runStateMachine } from './state-machine';
import { LakeNames } from '../src/naming';
import { createPipelineAlert } from '../src/private/resources/pipeline-alert';

const EMAILS = ['on-call@example.org', 'data-team@example.org'];

function lake(
  alerts?: Alerts,
  resourcePrefix = 'pp-dw',
  env: { account?: string; region?: string } = ENV,
): { stack: Stack; core: EtlCore } {
  const stack = new Stack(new App(), 'Core', { env });
  return { stack, core: new EtlCore(stack, 'Lake', { resourcePrefix, alerts }) };
}

/** The rule of the lake with this name. */
function rule(name: string, stack = lake({}).stack): { [property: string]: any } {
  return resources(stack, 'AWS::Events::Rule').find(({ Properties }) => Properties.Name === name)!.Properties;
}

const OF_ALERTS = [
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SNS::Subscription',
  'AWS::Events::Rule',
  'AWS::StepFunctions::StateMachine',
  'AWS::IAM::Role',
  'AWS::CloudWatch::Alarm',
  'AWS::KMS::Key',
  'AWS::KMS::Alias',
];

/** The resources of all alerts. The state machine and the rules each have a role. */
const BASE = {
  'AWS::SNS::Topic': 1,
  'AWS::SNS::TopicPolicy': 1,
  'AWS::Events::Rule': 3,
  'AWS::StepFunctions::StateMachine': 1,
  'AWS::IAM::Role': 2,
  'AWS::CloudWatch::Alarm': 1,
};

/** Resource types that the core also has without alerts. */
const OF_CORE = ['AWS::IAM::Role', 'AWS::StepFunctions::StateMachine'];

test.each<[string, Alerts | undefined, { [type: string]: number }]>([
  ['no alerts', undefined, {}],
  ['alerts without subscriptions', {}, BASE],
  ['alerts by email', { emails: EMAILS }, { ...BASE, 'AWS::SNS::Subscription': 2 }],
  ['encrypted alerts', { encrypted: true }, { ...BASE, 'AWS::KMS::Key': 1, 'AWS::KMS::Alias': 1 }],
])('%s create these resources, and the core has 13 others', (_, alerts, expected) => {
  const all = resources(lake(alerts).stack);
  const ofAlerts = all.filter(({ id, Type }) =>
    OF_ALERTS.includes(Type) && (id.startsWith('LakeAlerts') || !OF_CORE.includes(Type)));
  const count = (type: string) => ofAlerts.filter(({ Type }) => Type === type).length;
  expect(Object.fromEntries(OF_ALERTS.map(type => [type, count(type)]).filter(([, number]) => number !== 0))).toEqual(
    expected,
  );
  expect(all.length - ofAlerts.length).toBe(13);
});

test('the core has the resources of its alerts as properties', () => {
  const { core } = lake({ encrypted: true });
  const of = ({ alertTopic, alertKey, alertStateMachine, alertRole, eventsRole, droppedScheduleAlarm }: EtlCore) =>
    [alertTopic, alertKey, alertStateMachine, alertRole, eventsRole, droppedScheduleAlarm];
  expect(of(core)).not.toContain(undefined);
  expect(core.alertRules).toHaveLength(3);
  const without = lake().core;
  expect(of(without)).toEqual(Array(6).fill(undefined));
  expect(without.alertRules).toEqual([]);
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
  const datasets = (maxRetries: number, lakeRetries?: number) => {
    const app = new App();
    const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Lake', {
      resourcePrefix: 'pp-dw', alerts: {}, glueDefaults: { maxRetries: lakeRetries },
    });
    const stack = new Stack(app, 'Datasets', { env: ENV });
    bronze({ core, stack }, { dataset: 'x', maxRetries });
    return { stack, rules: resources(stack, 'AWS::Events::Rule').map(each => each.Properties) };
  };

  test.each([
    [0, 'jr_0123', true],
    [0, 'jr_0123_attempt_1', true],
    [2, 'jr_0123', false],
    [2, 'jr_0123_attempt_1', false],
    [2, 'jr_0123_attempt_2', true],
  ])('has a rule for its last attempt: with %d retries, it matches %s: %s', (maxRetries, id, expected) => {
    const [{ EventPattern: pattern }, ...others] = datasets(maxRetries).rules;
    expect(others).toEqual([]);
    expect(matches(pattern, job('pp-dw-bronze-x', 'FAILED', id))).toBe(expected);
    expect(matches(pattern, job('pp-dw-bronze-x2', 'FAILED', id))).toBe(false);
    expect(matches(pattern, job('pp-dw-bronze-x', 'TIMEOUT', id))).toBe(false);
  });

  test('starts the state machine of the alerts by its name, without a reference to the stack of the core', () => {
    const { stack, rules } = datasets(0);
    expect(rules[0].Targets).toEqual([
      { Id: 'Target0', Arn: ALERT_MACHINE, RoleArn: 'arn:aws:iam::123456789012:role/pp-dw-events-role' },
    ]);
    expect(templateOf(stack)).not.toContain('Fn::ImportValue');
  });

  test('has no rule if the numbers are the same', () => {
    expect(datasets(1).rules).toEqual([]);
    expect(datasets(3, 3).rules).toEqual([]);
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

const warnings = (source: string, detailType = 'Run Warnings') => ({
  source, 'detail-type': detailType, 'detail': { dataset: 'x', layer: 'bronze', warning_count: 1, warnings: ['why'] },
});

test.each([
  ['a run with warnings', warnings('medallion.pp-dw'), true],
  ['a run with warnings in a lake with a longer prefix', warnings('medallion.pp-dw-dev'), false],
  ['another event of the lake', warnings('medallion.pp-dw', 'Other'), false],
  ['a failed run', job('pp-dw-bronze-x', 'FAILED', 'jr_0123_attempt_1'), false],
])('the rule for warnings matches %s: %#', (_, event, expected) => {
  expect(matches(rule('pp-dw-warning-alerts').EventPattern, event)).toBe(expected);
});

/** The state machine of the alerts in a stack with a core. */
function alertMachine(stack: Stack): ReturnType<typeof resource> {
  return resources(stack, 'AWS::StepFunctions::StateMachine').find(({ id }) => id.startsWith('LakeAlerts'))!;
}

const ALERT_MACHINE = 'arn:aws:states:eu-central-1:123456789012:stateMachine:pp-dw-alerts';

/** The definition of the state machine in a template, with its tokens resolved. */
function definition(stack: Stack): Definition {
  return JSON.parse(alertMachine(stack).Properties.DefinitionString);
}

test('the rules start the state machine with the event as its input', () => {
  const { stack } = lake({});
  const { id } = alertMachine(stack);
  for (const name of ['pp-dw-job-alerts', 'pp-dw-crawler-alerts', 'pp-dw-warning-alerts']) {
    expect(rule(name, stack).Targets).toEqual([
      {
        Id: 'Target0',
        Arn: { 'Fn::GetAtt': [id, 'Arn'] },
        RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^LakeAlertsEventsRole/), 'Arn'] },
      },
    ]);
  }
});

test('the state machine is a standard workflow with the name of the lake, and publishes to the topic', async () => {
  const { stack } = lake({});
  expect(alertMachine(stack).Properties).toMatchObject({
    StateMachineName: 'pp-dw-alerts', StateMachineType: 'STANDARD',
  });
  const { calls } = await runStateMachine(definition(stack), { ...ENV, ...job('pp-dw-bronze-x', 'TIMEOUT') });
  expect(calls.map(({ resource: to }) => to)).toEqual([
    'aws-sdk:sfn:listExecutions', 'aws-sdk:sfn:listExecutions', 'aws-sdk:s3:listObjectsV2', 'sns:publish',
  ]);
  expect(calls[0].arguments.StateMachineArn).toBe(
    'arn:aws:states:eu-central-1:123456789012:stateMachine:pp-dw-dataset');
  expect(calls[3].arguments).toMatchObject({
    TopicArn: `\${${resource(stack, 'AWS::SNS::Topic').id}}`, Subject: 'TIMEOUT: Glue job pp-dw-bronze-x',
  });
});

test.each([
  ['eu-central-1', 'https://eu-central-1.console.aws.amazon.com/'],
  ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
  ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
])('the console of the Region %s has the URL %s', async (region, url) => {
  const { stack } = lake({}, 'pp-dw', { ...ENV, region });
  const { calls } = await runStateMachine(definition(stack), { ...ENV, region, ...job('pp-dw-bronze-x', 'TIMEOUT') });
  const { Message } = calls.pop()!.arguments;
  expect(Message).toContain(`Run: ${url}gluestudio/`);
  expect(Message).toContain(`Log: ${url}cloudwatch/home?region=${region}#logsV2:log-groups/log-group/`);
  expect(Message).toContain(`Run records: ${url}s3/buckets/pp-dw-123456789012?region=${region}&prefix=etl%2Fx%2Fruns`);
});

test('the ARNs of the state machine have the partition of the deployment', () => {
  expect(templateOf(lake({}).stack)).not.toMatch(/arn:aws:states/);
});

describe('a pipeline', () => {
  const PIPELINE = 'arn:aws:states:eu-central-1:123456789012:stateMachine:pp-dw-daily';
  const pipeline = (core: (app: App, stack: Stack) => IEtlCore): Stack => {
    const app = new App();
    const stack = new Stack(app, 'Datasets', { env: ENV });
    const props = core(app, stack);
    createPipelineAlert(stack, props, new LakeNames(stack, props), { pipeline: 'daily', stateMachineArn: PIPELINE });
    return stack;
  };
  const withAlerts = (alerts?: Alerts) => pipeline(app =>
    new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Lake', { resourcePrefix: 'pp-dw', alerts }));
  const status = (stateMachineArn: string, ended: string) => ({
    'source': 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    'detail': { stateMachineArn, status: ended },
  });

  test.each([
    [PIPELINE, 'FAILED', true],
    [PIPELINE, 'TIMED_OUT', true],
    [PIPELINE, 'ABORTED', true],
    [PIPELINE, 'RUNNING', false],
    [PIPELINE, 'SUCCEEDED', false],
    [PIPELINE, 'PENDING_REDRIVE', false],
    [`${PIPELINE}-2`, 'FAILED', false],
  ])('has a rule for its failures: it matches %s %s: %s', (machine, ended, expected) => {
    const { EventPattern, Targets } = resource(withAlerts({}), 'AWS::Events::Rule').Properties;
    expect(matches(EventPattern, status(machine, ended))).toBe(expected);
    expect(Targets).toEqual([expect.objectContaining({ Arn: ALERT_MACHINE })]);
  });

  test('has no rule if the core has no alerts', () => {
    const stack = withAlerts();
    expect(templateOf(stack)).not.toContain('AWS::Events::Rule');
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('has a warning if another app deploys the core', () => {
    const stack = pipeline((_, scope) => EtlCore.fromPrefixes(scope, 'Core', { resourcePrefix: 'pp-dw' }));
    expect(templateOf(stack)).not.toContain('AWS::Events::Rule');
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp(
      'no alert is sent if the pipeline daily fails, because the alerts of its lake are deployed by another app'));
  });
});

test('an existing role replaces both roles, and gets no policy', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const alerts = Role.fromRoleName(stack, 'Alerts', 'org-alerts');
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { encrypted: true }, roles: { alerts } });
  bronze({ core, stack }, { dataset: 'x', maxRetries: 0 });
  const arn = 'arn:aws:iam::123456789012:role/org-alerts';
  expect([core.alertRole, core.eventsRole]).toEqual([alerts, alerts]);
  expect(alertMachine(stack).Properties.RoleArn).toBe(arn);
  expect(resources(stack, 'AWS::Events::Rule').map(({ Properties }) => Properties.Targets[0].RoleArn))
    .toEqual([arn, arn, arn, arn]);
  const policies = resources(stack).filter(({ Type }) => Type.startsWith('AWS::IAM::')).map(({ id }) => id);
  expect(policies.filter(id => id.startsWith('LakeAlerts'))).toEqual([]);
});

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

test('the topic rejects plain HTTP, and only this account and this alarm can publish', () => {
  const { stack } = lake({ emails: EMAILS });
  expect(resource(stack, 'AWS::SNS::Topic').Properties).toEqual({
    TopicName: 'pp-dw-alerts',
    DisplayName: 'pp-dw-alerts',
    Tags: [{ Key: 'medallion:lake', Value: 'pp-dw' }],
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
  ]);
});

/** The statements of a key policy for AWS services. */
const forServices = (statements: { Principal: { Service?: string } }[]) =>
  statements.filter(({ Principal }) => Principal.Service);
const USE = { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey*'], Resource: '*' };

test('the key policy allows CloudWatch for this account', () => {
  const { stack } = lake({ encrypted: true });
  const key = resource(stack, 'AWS::KMS::Key');
  expect(forServices(key.Properties.KeyPolicy.Statement)).toEqual([
    {
      ...USE,
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
    },
  ]);
  expect(key.Properties.EnableKeyRotation).toBe(true);
  expect(resource(stack, 'AWS::KMS::Alias').Properties.AliasName).toBe('alias/pp-dw');
  expect(resource(stack, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.id, 'Arn'] });
});

/** The statements of the role of the state machine. */
function statementsOfRole(stack: Stack): object[] {
  const roles = resources(stack, 'AWS::IAM::Role').map(({ Properties }) => Properties);
  return roles.find(({ RoleName }) => RoleName === 'pp-dw-alerts-role')!.Policies[0].PolicyDocument.Statement;
}

test.each<[string, (stack: Stack) => Alerts, unknown]>([
  ['the key of the lake', () => ({ encrypted: true }), { 'Fn::GetAtt': [expect.stringMatching(/^LakeKey/), 'Arn'] }],
  [
    'a key that is passed',
    stack => ({ encryptionKey: new Key(stack, 'Own') }),
    { 'Fn::GetAtt': [expect.stringMatching(/^Own/), 'Arn'] },
  ],
  [
    'the key of a topic that is passed',
    stack => ({ topic: new Topic(stack, 'Topic', { masterKey: new Key(stack, 'Own') }) }),
    { 'Fn::GetAtt': [expect.stringMatching(/^Own/), 'Arn'] },
  ],
  [
    'the key of an imported topic',
    stack => ({
      topic: Topic.fromTopicAttributes(stack, 'Topic', {
        topicArn: 'arn:aws:sns:eu-central-1:123456789012:on-call',
        keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0123',
      }),
    }),
    'arn:aws:kms:eu-central-1:123456789012:key/0123',
  ],
])('the state machine may use %s', (_, alerts, key) => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: alerts(stack) });
  expect(statementsOfRole(stack)).toContainEqual({ ...USE, Resource: key });
});

test('the state machine needs no key if the topic has none', () => {
  expect(statementsOfRole(lake({}).stack)).toEqual([
    {
      Effect: 'Allow',
      Action: 'states:ListExecutions',
      Resource: 'arn:aws:states:eu-central-1:123456789012:stateMachine:pp-dw-dataset',
    },
    { Effect: 'Allow', Action: 's3:GetObject', Resource: expect.anything() },
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: expect.anything(),
      Condition: { StringLike: { 's3:prefix': ['etl/*/runs/*'] } },
    },
    { Effect: 'Allow', Action: 'sns:Publish', Resource: expect.stringMatching(/^\$\{LakeAlertsTopic/) },
  ]);
});

test.each(['AWS::KMS::Key', 'AWS::SNS::Topic'])(
  '%s is deleted with the stack, because it stores no data',
  type => {
    expect(resource(lake({ encrypted: true }).stack, type).DeletionPolicy ?? 'Delete').toBe('Delete');
  },
);

test('a key that is passed encrypts the topic, and its policy allows CloudWatch', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const encryptionKey = new Key(stack, 'Own');
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { encryptionKey } });
  const key = resource(stack, 'AWS::KMS::Key');
  expect(core.alertKey).toBe(encryptionKey);
  expect(forServices(key.Properties.KeyPolicy.Statement)).toHaveLength(1);
  expect(resource(stack, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.id, 'Arn'] });
});

test('a topic that is passed receives the messages, and its policy allows CloudWatch', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const topic = new Topic(stack, 'Own');
  const core = new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { topic, emails: EMAILS } });
  const { id } = resource(stack, 'AWS::SNS::Topic');
  expect(core.alertTopic).toBe(topic);
  expect(
    resource(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement.map(
      ({ Principal }: { Principal: object }) => Principal,
    ),
  ).toEqual([{ Service: 'cloudwatch.amazonaws.com' }]);
  expect(JSON.stringify(definition(stack))).toContain(`"TopicArn":"\${${id}}"`);
  expect(statementsOfRole(stack)).toContainEqual({ Effect: 'Allow', Action: 'sns:Publish', Resource: `\${${id}}` });
});

test('a topic of another app receives the messages, and its policy is not changed', () => {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const topic = Topic.fromTopicArn(stack, 'Own', 'arn:aws:sns:eu-central-1:123456789012:on-call');
  new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', alerts: { topic } });
  expect(resources(stack, 'AWS::SNS::TopicPolicy')).toEqual([]);
  expect(resource(stack, 'AWS::CloudWatch::Alarm').Properties.AlarmActions).toEqual([topic.topicArn]);
  expect(JSON.stringify(definition(stack))).toContain(`"TopicArn":"${topic.topicArn}"`);
  expect(statementsOfRole(stack)).toContainEqual({ Effect: 'Allow', Action: 'sns:Publish', Resource: topic.topicArn });
});

test.each<[string, (stack: Stack) => Alerts, string]>([
  [
    'topic and encrypted',
    stack => ({ topic: new Topic(stack, 'Own'), encrypted: true }),
    'SETTINGS_CONFLICT: Core/Lake: alerts.topic and alerts.encrypted are both set. Remove alerts.encrypted, '
      + 'and configure the encryption on the topic.',
  ],
  [
    'topic and encryptionKey',
    stack => ({ topic: new Topic(stack, 'Own'), encryptionKey: new Key(stack, 'OwnKey') }),
    'SETTINGS_CONFLICT: Core/Lake: alerts.topic and alerts.encryptionKey are both set. Remove '
      + 'alerts.encryptionKey, and configure the encryption on the topic.',
  ],
  [
    'an invalid email address',
    () => ({ emails: ['on-call'] }),
    'VALUE_INVALID: Core/Lake: alerts.emails[0] is "on-call", which is not an email address. Use an email '
      + 'address, for example "on-call@example.org".',
  ],
  [
    'two email addresses in one string',
    () => ({ emails: ['a@example.org, b@example.org'] }),
    'VALUE_INVALID: Core/Lake: alerts.emails[0] is "a@example.org, b@example.org", which is not an email address.',
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
    'TOKEN_NOT_ALLOWED: Core/Lake: alerts.emails[1] contains a list that is only known at deployment.',
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
  const { EventPattern } = rule('${Prefix}-job-alerts', stack);
  expect(EventPattern.detail.jobName).toEqual(['bronze', 'silver', 'gold']
    .map(layer => ({ prefix: `\${Prefix}-${layer}-` })));
  expect(JSON.stringify(definition(stack))).toContain('$252Faws-glue$252F${Prefix}$252Foutput');
});
