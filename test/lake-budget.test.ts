import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EtlCore, EtlCoreProps } from '../src';
import { Resource, resource, resources } from './assembly';
import { matches } from './event-pattern';
import { ENV } from './layouts';

function lake(props: Partial<EtlCoreProps> = {}): { stack: Stack; core: EtlCore } {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  return { stack, core: new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', ...props }) };
}

const BUDGET = { maxDpuHoursPerMonth: 200 };

function alarm(stack: Stack, name: string): Resource['Properties'] {
  return resources(stack, 'AWS::CloudWatch::Alarm').find(({ Properties }) => Properties.AlarmName === name)!.Properties;
}

test('the resources of the budget exist only with maxDpuHoursPerMonth', () => {
  const ids = ({ stack }: { stack: Stack }) => resources(stack).map(({ id, Type }) => `${Type} ${id.slice(0, -8)}`);
  const without = ids(lake());
  const added = ids(lake(BUDGET)).filter(id => !without.includes(id));
  expect(added.sort()).toEqual([
    'AWS::CloudWatch::Alarm LakeBudgetAlarm',
    'AWS::CloudWatch::Alarm LakeBudgetFailureAlarm',
    'AWS::Events::Rule LakeBudgetRule',
    'AWS::IAM::Role LakeBudgetEventsRole',
    'AWS::IAM::Role LakeBudgetRole',
    'AWS::StepFunctions::StateMachine LakeBudgetStateMachine',
  ]);
});

test('the core has the resources of its budget as properties', () => {
  const of = ({ core }: { core: EtlCore }) => [
    core.usageAlarm, core.usageFailureAlarm, core.usageStateMachine, core.usageRole, core.usageRule,
    core.usageEventsRole,
  ];
  expect(of(lake(BUDGET))).not.toContain(undefined);
  expect(of(lake())).toEqual(Array(6).fill(undefined));
});

test.each([200, 0.5])('the alarm is raised above %d DPU-hours, and keeps its state between runs', hours => {
  expect(alarm(lake({ maxDpuHoursPerMonth: hours }).stack, 'pp-dw-usage')).toMatchObject({
    Namespace: 'pp-dw',
    MetricName: 'DpuHoursThisMonth',
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: hours,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'ignore',
  });
});

test('the description of the alarm has the maximum, and the commands that show what costs most', () => {
  const description = alarm(lake(BUDGET).stack, 'pp-dw-usage').AlarmDescription;
  for (const part of [
    'lake pp-dw', '200 DPU-hours', '"medallion list"', '"medallion runs DATASET --deployed"',
    'docs/operations/budget.md',
  ]) {
    expect(description).toContain(part);
  }
});

test('another alarm is raised if an execution of the state machine fails', () => {
  const { stack } = lake(BUDGET);
  const machine = resources(stack, 'AWS::StepFunctions::StateMachine')
    .find(({ Properties }) => Properties.StateMachineName === 'pp-dw-usage')!;
  expect(alarm(stack, 'pp-dw-usage-failures')).toMatchObject({
    Namespace: 'AWS/States',
    MetricName: 'ExecutionsFailed',
    Dimensions: [{ Name: 'StateMachineArn', Value: { 'Fn::GetAtt': [machine.id, 'Arn'] } }],
    Statistic: 'Sum',
    Threshold: 1,
    TreatMissingData: 'notBreaching',
  });
});

test('with alerts, both alarms publish to the topic, whose policy allows it', () => {
  const { stack } = lake({ ...BUDGET, alerts: {} });
  const topic = `\${${resource(stack, 'AWS::SNS::Topic').id}}`;
  for (const name of ['pp-dw-usage', 'pp-dw-usage-failures']) {
    expect(alarm(stack, name).AlarmActions).toEqual([topic]);
  }
  const [, statement] = resource(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement;
  expect(statement.Condition.ArnEquals['aws:SourceArn']).toEqual(
    ['pp-dw-dropped-schedules', 'pp-dw-usage', 'pp-dw-usage-failures'].map(name =>
      `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${name}`));
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('maxDpuHoursPerMonth'));
});

test('with an existing topic, both alarms publish to it', () => {
  const arn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
  const { stack } = lake({ ...BUDGET, alerts: { topic: Topic.fromTopicArn(new Stack(), 'Topic', arn) } });
  expect(alarm(stack, 'pp-dw-usage').AlarmActions).toEqual([arn]);
  expect(alarm(stack, 'pp-dw-usage-failures').AlarmActions).toEqual([arn]);
});

test('without alerts, a warning says that no alert is sent', () => {
  const { stack } = lake(BUDGET);
  expect(alarm(stack, 'pp-dw-usage').AlarmActions).toBeUndefined();
  Annotations.fromStack(stack).hasWarning('/Core/Lake', Match.stringLikeRegexp(
    'no alert is sent if the lake pp-dw uses more than maxDpuHoursPerMonth.*Set alerts'));
});

describe('the rule', () => {
  const event = (jobName: string, state: string) => ({
    'source': 'aws.glue',
    'detail-type': 'Glue Job State Change',
    'detail': { jobName, severity: 'INFO', state, jobRunId: 'jr_0123', message: '' },
  });
  const { stack } = lake(BUDGET);
  const rule = resource(stack, 'AWS::Events::Rule').Properties;

  test.each<[string, string, boolean]>([
    ['pp-dw-bronze-zipcodes', 'SUCCEEDED', true],
    ['pp-dw-silver-cities', 'FAILED', true],
    ['pp-dw-gold-states', 'TIMEOUT', true],
    ['pp-dw-bronze-zipcodes', 'STOPPED', true],
    ['pp-dw-bronze-of-another-app', 'ERROR', true],
    ['pp-dw-bronze-zipcodes', 'RUNNING', false],
    ['pp-dw-report', 'SUCCEEDED', false],
    ['pp-dw-dev-bronze-zipcodes', 'SUCCEEDED', false],
  ])('matches a run of %s with the state %s: %s', (job, state, expected) => {
    expect(matches(rule.EventPattern, event(job, state))).toBe(expected);
  });

  test('starts the state machine with its role', () => {
    expect(rule.Name).toBe('pp-dw-usage');
    expect(rule.Targets).toEqual([expect.objectContaining({
      Arn: { 'Fn::GetAtt': [expect.stringMatching(/^LakeBudgetStateMachine/), 'Arn'] },
      RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^LakeBudgetEventsRole/), 'Arn'] },
    })]);
  });
});

test('existing roles are used, and no role is created', () => {
  const scope = new Stack(undefined, 'Scope', { env: ENV });
  const role = (name: string) => Role.fromRoleName(scope, name, name);
  const { stack } = lake({ ...BUDGET, roles: { stateMachines: role('org-states'), alerts: role('org-events') } });
  expect(resources(stack, 'AWS::IAM::Role').map(({ id }) => id).filter(id => id.startsWith('LakeBudget'))).toEqual([]);
  const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
  expect(resources(stack, 'AWS::StepFunctions::StateMachine').map(({ Properties }) => Properties.RoleArn))
    .toEqual([arn('org-states'), arn('org-states')]);
  expect(resource(stack, 'AWS::Events::Rule').Properties.Targets[0].RoleArn).toBe(arn('org-events'));
});

test.each([0, -1, NaN, Infinity, '200'])('maxDpuHoursPerMonth %p is an error', value => {
  expect(() => lake({ maxDpuHoursPerMonth: value as number })).toThrow(
    /VALUE_INVALID: Core\/Lake: max_dpu_hours_per_month is .*\. Expected: Number of DPU-hours .* greater than 0\./);
});

test('a maxDpuHoursPerMonth that is only known at deployment is an error', () => {
  const stack = new Stack(new App(), 'Core');
  const maxDpuHoursPerMonth = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
  expect(() => new EtlCore(stack, 'Lake', { resourcePrefix: 'pp-dw', maxDpuHoursPerMonth })).toThrow(
    'TOKEN_NOT_ALLOWED: Core/Lake: max_dpu_hours_per_month is a number that is only known at deployment.');
});

test.each([[46, undefined], [47, 'NAME_TOO_LONG']])('a prefix of %d characters: %s', (length, code) => {
  const create = () => lake({ ...BUDGET, resourcePrefix: 'a'.repeat(length) });
  if (code === undefined) {
    expect(create).not.toThrow();
  } else {
    expect(create).toThrow(/NAME_TOO_LONG: .*Use a prefix of at most 46 characters\./);
  }
});
