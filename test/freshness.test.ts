import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { DatasetDirectory, EtlCore, EtlCoreProps, Freshness, LakeDataset } from '../src';
import { resource, Resource, resources } from './assembly';
import { matches } from './event-pattern';
import { bronze, derived, DERIVED, DerivedLayer, ENV, gold, LAYOUTS } from './layouts';

const DAILY = { maxAge: Duration.hours(26) };
const ACCOUNT = 'eu-central-1:123456789012';

function lake(props: Partial<EtlCoreProps> = {}): { app: App; stack: Stack; core: EtlCore } {
  const app = new App();
  const stack = new Stack(app, 'Lake', { env: ENV });
  return { app, stack, core: new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', alerts: {}, ...props }) };
}

const ofCheck = (stack: Stack): Resource[] => resources(stack).filter(({ id }) => id.includes('FreshnessCheck'));
const only = (stack: Stack, type: string): Resource => {
  const found = ofCheck(stack).filter(({ Type }) => Type === type);
  expect(found).toHaveLength(1);
  return found[0];
};
const typesOf = (stack: Stack) => ofCheck(stack).map(({ Type }) => Type).sort();

/** The datasets in the definition of the state machine of the check. */
function nodes(stack: Stack): { dataset: string; max_age?: number }[] {
  return JSON.parse(only(stack, 'AWS::StepFunctions::StateMachine').Properties.DefinitionString)
    .States.Datasets.Assign.nodes;
}

const CHECK = [
  'AWS::Events::Rule', 'AWS::IAM::Role', 'AWS::IAM::Role', 'AWS::Scheduler::Schedule',
  'AWS::StepFunctions::StateMachine',
];

test('a lake has no check if no dataset declares freshness', () => {
  const where = lake();
  bronze(where);
  expect(ofCheck(where.stack)).toEqual([]);
});

test('a lake has one check for all datasets that declare freshness, and for their inputs', () => {
  const where = lake();
  const input = bronze(where, { dataset: 'a' }, 'A');
  bronze(where, { dataset: 'b', freshness: { maxAge: Duration.days(2) } }, 'B');
  bronze(where, { dataset: 'c' }, 'C');
  derived('silver', where, { dataset: 's', inputs: [input], freshness: DAILY }, 'S');
  gold(where, { dataset: 'g', freshness: { maxAge: Duration.hours(1) } }, 'G');
  expect(typesOf(where.stack)).toEqual(CHECK);
  expect(nodes(where.stack).map(({ dataset, max_age: age }) => [dataset, age])).toEqual([
    ['bronze/b', 48], ['bronze/a', undefined], ['silver/s', 26], ['bronze/fda-nsde', undefined], ['gold/g', 1],
  ]);
});

test('an hourly schedule in the group of the lake starts the check, with a role that can only do so', () => {
  const where = lake();
  bronze(where, { freshness: DAILY });
  const schedule = only(where.stack, 'AWS::Scheduler::Schedule');
  expect(schedule.Properties).toMatchObject({
    Name: 'pp-dw-freshness',
    GroupName: 'pp-dw',
    ScheduleExpression: 'rate(1 hour)',
    State: 'ENABLED',
    Target: { Arn: expect.anything(), RoleArn: expect.anything(), Input: '{}' },
  });
  expect(schedule.DependsOn).toEqual([resource(where.stack, 'AWS::Scheduler::ScheduleGroup').id]);
  const [role] = ofCheck(where.stack).filter(({ Properties }) => /scheduler/.test(Properties.RoleName));
  expect(role.Properties).toMatchObject({
    RoleName: 'pp-dw-freshness-scheduler-role',
    Policies: [{
      PolicyDocument: {
        Statement: [{
          Effect: 'Allow',
          Action: 'states:StartExecution',
          Resource: `arn:aws:states:${ACCOUNT}:stateMachine:pp-dw-freshness`,
        }],
      },
    }],
  });
  expect(only(where.stack, 'AWS::StepFunctions::StateMachine').Properties).toMatchObject({
    StateMachineName: 'pp-dw-freshness', StateMachineType: 'STANDARD',
  });
});

/** The statements of the role of the check. */
function statements(stack: Stack): object[] {
  const [role] = ofCheck(stack).filter(({ Properties }) => Properties.RoleName === 'pp-dw-freshness-role');
  const [{ PolicyDocument: { Statement } }] = role.Properties.Policies;
  return Statement;
}

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const ofBucket = () => [
  { Effect: 'Allow', Action: 's3:GetObject', Resource: [`${BUCKET}/etl/*/runs/*`, `${BUCKET}/etl/freshness.json`] },
  { Effect: 'Allow', Action: 's3:PutObject', Resource: `${BUCKET}/etl/freshness.json` },
  {
    Effect: 'Allow',
    Action: 's3:ListBucket',
    Resource: BUCKET,
    Condition: { StringLike: { 's3:prefix': ['etl/*/runs/*', 'etl/freshness.json'] } },
  },
];

test('the role of the check reads run records, writes its result and publishes alerts, and nothing else', () => {
  const where = lake();
  bronze(where, { freshness: DAILY });
  expect(statements(where.stack)).toEqual([
    ...ofBucket(),
    { Effect: 'Allow', Action: 'sns:Publish', Resource: expect.anything() },
  ]);
});

test('in an encrypted lake, the role uses the key for the objects of the bucket, and for the topic', () => {
  const where = lake({ encrypted: true });
  bronze(where, { freshness: DAILY });
  expect(statements(where.stack)).toEqual([
    ...ofBucket(),
    { Effect: 'Allow', Action: 'sns:Publish', Resource: expect.anything() },
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: expect.anything(),
      Condition: {
        StringEquals: { 'kms:ViaService': expect.stringMatching(/^s3\.eu-central-1/) },
        StringLike: { 'kms:EncryptionContext:aws:s3:arn': [BUCKET, `${BUCKET}/*`] },
      },
    },
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey*'], Resource: expect.anything() },
  ]);
});

test('an encrypted topic of the app needs its key', () => {
  const where = lake();
  const key = new Key(where.stack, 'Key');
  const core = new EtlCore(where.stack, 'Other', {
    resourcePrefix: 'pp-two', alerts: { topic: new Topic(where.stack, 'Topic', { masterKey: key }) },
  });
  bronze({ stack: where.stack, core }, { freshness: DAILY });
  const role = ofCheck(where.stack).find(({ Properties }) => Properties.RoleName === 'pp-two-freshness-role')!;
  expect(JSON.stringify(role.Properties.Policies)).toContain('kms:GenerateDataKey*');
});

test('existing roles replace both roles', () => {
  const role = (name: string) => Role.fromRoleName(new Stack(undefined, name, { env: ENV }), 'Role', name);
  const where = lake({ roles: { stateMachines: role('org-states'), scheduler: role('org-scheduler') } });
  bronze(where, { freshness: DAILY });
  expect(typesOf(where.stack)).toEqual(CHECK.filter(type => type !== 'AWS::IAM::Role'));
  expect(only(where.stack, 'AWS::StepFunctions::StateMachine').Properties.RoleArn).toMatch(/org-states$/);
  expect(only(where.stack, 'AWS::Scheduler::Schedule').Properties.Target.RoleArn).toMatch(/org-scheduler$/);
});

test('Role.customizeRoles replaces both roles', () => {
  const app = new App();
  Role.customizeRoles(app, {
    usePrecreatedRoles: {
      'Lake/Core/FreshnessCheck/Role': 'org-freshness',
      'Lake/Core/FreshnessCheck/SchedulerRole': 'org-freshness-scheduler',
    },
  });
  const stack = new Stack(app, 'Lake', { env: ENV });
  bronze({ stack, core: new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', encrypted: true, alerts: {} }) }, {
    freshness: DAILY,
  });
  expect(typesOf(stack)).toEqual(CHECK.filter(type => type !== 'AWS::IAM::Role'));
  expect(only(stack, 'AWS::StepFunctions::StateMachine').Properties.RoleArn).toMatch(/org-freshness$/);
  expect(only(stack, 'AWS::Scheduler::Schedule').Properties.Target.RoleArn).toMatch(/org-freshness-scheduler$/);
});

test.each([
  ['FAILED', 'pp-dw-freshness', true],
  ['TIMED_OUT', 'pp-dw-freshness', true],
  ['ABORTED', 'pp-dw-freshness', true],
  ['SUCCEEDED', 'pp-dw-freshness', false],
  ['FAILED', 'pp-dw-daily', false],
])('a rule starts the alerts for a check that ended with %s: %s, %s', (status, machine, expected) => {
  const where = lake();
  bronze(where, { freshness: DAILY });
  const { EventPattern: pattern, Targets: [target] } = only(where.stack, 'AWS::Events::Rule').Properties;
  expect(matches(pattern, {
    'source': 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    'detail': { stateMachineArn: `arn:aws:states:${ACCOUNT}:stateMachine:${machine}`, status },
  })).toBe(expected);
  expect(target.Arn).toBe(`arn:aws:states:${ACCOUNT}:stateMachine:pp-dw-alerts`);
});

test('the check is in the stack of the core, even if the datasets are in other stacks or in a stage', () => {
  const app = new App();
  const coreStack = new Stack(app, 'Core', { env: ENV });
  const core = new EtlCore(coreStack, 'Core', { resourcePrefix: 'pp-dw', alerts: {} });
  const stack = new Stack(app, 'Datasets', { env: ENV });
  const staged = new Stack(new Stage(app, 'Stage', { env: ENV }), 'Staged');
  bronze({ core, stack }, { dataset: 'a', freshness: DAILY });
  bronze({ core, stack: staged }, { dataset: 'b', freshness: DAILY });
  expect(ofCheck(stack)).toEqual([]);
  expect(nodes(coreStack).map(({ dataset }) => dataset)).toEqual(['bronze/a', 'bronze/b']);
});

test('if another app deploys the core, there is a warning and no check', () => {
  const { stack, core } = LAYOUTS[2].lake(ENV);
  bronze({ stack, core }, { freshness: DAILY });
  expect(ofCheck(stack)).toEqual([]);
  Annotations.fromStack(stack).hasWarning('/Lake/Bronze', Match.stringLikeRegexp(
    'no alert is sent if the dataset bronze/fda-nsde becomes stale, because the freshness check of its lake is '
      + 'deployed by another app. Declare the dataset in the app that creates the core. .*freshness-without-check'));
});

test('without alerts, there is a warning and no check', () => {
  const where = lake({ alerts: undefined });
  bronze(where, { freshness: DAILY });
  expect(ofCheck(where.stack)).toEqual([]);
  Annotations.fromStack(where.stack).hasWarning('/Lake/Bronze', Match.stringLikeRegexp(
    'no alert is sent if the dataset bronze/fda-nsde becomes stale, because its lake has no alerts. Set alerts of the '
      + 'EtlCore. .*freshness-without-alerts'));
});

test('datasets without freshness cause no warning', () => {
  const where = lake({ alerts: undefined });
  bronze(where);
  Annotations.fromStack(where.stack).hasNoWarning('*', Match.stringLikeRegexp('freshness'));
});

const dataset: { [layer: string]: (freshness: Freshness, core?: Partial<EtlCoreProps>) => LakeDataset } = {
  bronze: (freshness, props) => bronze(lake(props), { freshness }),
  ...Object.fromEntries((Object.keys(DERIVED) as DerivedLayer[]).map(layer =>
    [layer, (freshness: Freshness) => derived(layer, lake(), { freshness })])),
};

describe.each(Object.keys(dataset))('the freshness of a %s dataset', layer => {
  test.each([
    [Duration.hours(1), 1], [Duration.minutes(120), 2], [Duration.days(2), 48], [Duration.days(366), 8784],
  ])('%s is in hours in its document', (maxAge, hours) => {
    expect(JSON.parse(dataset[layer]({ maxAge }).document).freshness).toEqual({ max_age_hours: hours });
  });

  test.each([Duration.minutes(90), Duration.hours(0), Duration.hours(8785)])('%s is out of bounds', maxAge => {
    expect(() => dataset[layer]({ maxAge })).toThrow(/VALUE_INVALID: .*freshness\.max_age_hours of dataset "fda-.*" is /);
  });
});

test.each<[string, object, string]>([
  ['a number', { maxAge: 26 }, 'PROP_TYPE_INVALID: Lake/Bronze: freshness.maxAge has the wrong type. Use a Duration'],
  ['a typo', { maxAges: Duration.hours(1) }, 'UNKNOWN_KEY: Lake/Bronze: freshness has the unknown key "maxAges".'],
  ['nothing', {}, 'SETTING_REQUIRED: Lake/Bronze: freshness of dataset "fda-nsde" has no max_age_hours'],
  ['a Duration itself', Duration.hours(1), 'freshness'],
])('freshness with %s is an error', (_, freshness, message) => {
  expect(() => dataset.bronze(freshness as Freshness)).toThrow(message);
});

test('a prefix that is too long for the roles of the check is an error only with freshness', () => {
  const resourcePrefix = 'p'.repeat(40);
  const where = lake({ resourcePrefix });
  bronze(where, {}, 'Without');
  expect(() => bronze(where, { dataset: 'x', freshness: DAILY }))
    .toThrow(/NAME_TOO_LONG: .* Use a prefix of at most 39 characters\./);
  expect(() => dataset.bronze(DAILY, { resourcePrefix: 'p'.repeat(39) })).not.toThrow();
});

test('more than 500 datasets are an error', () => {
  const where = lake();
  const inputs = Array.from({ length: 500 }, (_, i) => ({ core: where.core, dataset: `d${i}`, layer: 'bronze' }));
  gold(where, { inputs: inputs as never[], freshness: DAILY });
  expect(() => where.app.synth()).toThrow(
    /FRESHNESS_CHECK_TOO_LARGE: .*501 datasets of the lake "pp-dw" declare freshness or are inputs of such datasets/);
});

describe('in a configuration file', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'freshness-')); });
  afterEach(() => rmSync(folder, { recursive: true }));

  function directory(freshness: unknown): Stack {
    mkdirSync(path.join(folder, 'a'));
    writeFileSync(path.join(folder, 'config.json'), '{"etl_resource_prefix": "pp-dw"}');
    writeFileSync(path.join(folder, 'a', 'config.json'), JSON.stringify({
      dataset: 'a', data_size_category: 'small', source_url: 'https://example.org/a.csv', freshness,
    }, undefined, 1));
    const where = lake();
    new DatasetDirectory(where.app, 'Datasets', { path: folder, core: where.core });
    return where.stack;
  }

  test('the key freshness has the maximum age in hours', () => {
    expect(nodes(directory({ max_age_hours: 26 }))).toEqual([
      { dataset: 'bronze/a', runs: 'etl/a/runs/bronze/', inputs: [], max_age: 26, shortest: 26, longest: 26 },
    ]);
  });

  test.each([
    [{ max_age_hours: 0 }, 'VALUE_INVALID: .*config.json:6:20: /freshness/max_age_hours is 0'],
    [{ max_age_hours: 1.5 }, 'VALUE_INVALID: .*/freshness/max_age_hours is 1.5'],
    [{ max_age_hours: 8785 }, 'VALUE_INVALID: .*/freshness/max_age_hours is 8785'],
    [{ max_age_hour: 1 }, 'UNKNOWN_KEY: .*/freshness/max_age_hour is not a known key. Did you mean "max_age_hours"?'],
    [{}, 'SETTING_REQUIRED: .*/freshness has no max_age_hours'],
    [26, 'VALUE_INVALID|PROP_TYPE_INVALID'],
  ])('%j is an error', (freshness, message) => {
    expect(() => directory(freshness)).toThrow(new RegExp(message));
  });
});
