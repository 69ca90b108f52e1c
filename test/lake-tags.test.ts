import { App, CfnParameter, Duration, Stack, Tags } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  Auth, BronzeDataset, DataSizeCategory, EtlCore, EtlDashboard, EtlPipeline, Schedule, SharedGlueRole, Source,
  TableFormat, TeamWorkGroup,
} from '../src';
import { resources, Resource } from './assembly';
import { readText, tableRows } from './documentation-pages';
import { bronze, derived, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

/** Resource types of a lake that cannot have tags in CloudFormation. budget.md lists the types that cost money. */
const NOT_TAGGABLE = [
  'AWS::Glue::Database',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::KMS::Alias',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::Schedule',
  'AWS::Lambda::LayerVersion',
  'Custom::CDKBucketDeployment',
];

/** The types that a complete lake has, so that the following tests cannot pass without resources. */
const TAGGABLE = [
  'AWS::Athena::WorkGroup',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::Events::Rule',
  'AWS::Glue::Crawler',
  'AWS::Glue::Job',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::StepFunctions::StateMachine',
];

/** A lake with all kinds of resources. */
function complete(lake: Lake): void {
  const datasets = [
    bronze(lake, { schedule: Schedule.cron('0 6 * * ? *') }),
    bronze(lake, { dataset: 'vendor', auth: Auth.bearer({ secret: 'vendor/api' }), maxRetries: 3 }, 'Vendor'),
    bronze(lake, { dataset: 'files', source: Source.s3('s3://vendor/in/') }, 'Files'),
    bronze(lake, { dataset: 'events', tableFormat: TableFormat.ICEBERG }, 'Events'),
    derived('silver', lake, { dataset: 'cities' }, 'Cities'),
    gold(lake, { freshness: { maxAge: Duration.hours(26) } }),
  ];
  new EtlPipeline(lake.stack, 'Daily', { core: lake.core, datasets, schedule: Schedule.cron('0 5 * * ? *') });
  new EtlDashboard(lake.stack, 'Dashboard', { core: lake.core, datasets });
  new TeamWorkGroup(lake.stack, 'Finance', { core: lake.core, team: 'finance' });
  const target = { bind: () => ({ arn: 'arn:aws:sqs:eu-central-1:123456789012:runs' }) };
  datasets[0].onSuccess(target);
  datasets[0].onFailure(target);
}

const ALL_PROPS = {
  ...PREFIXES, metrics: true, encrypted: true, alerts: { emails: ['a@example.org'] }, maxDpuHoursPerMonth: 200,
};

function resourcesOf(app: App): Resource[] {
  return app.node.findAll().filter((each): each is Stack => Stack.isStack(each)).flatMap(stack => resources(stack));
}

type Tagged = { readonly [key: string]: unknown };

/** The tags of a resource, which are a list or a map. */
function tagsOf({ Properties }: Pick<Resource, 'Properties'>): Tagged {
  const tags = Properties?.Tags ?? {};
  return Array.isArray(tags) ? Object.fromEntries(tags.map(({ Key: key, Value: value }) => [key, value])) : tags;
}

function medallionTags(resource: Resource): Tagged {
  return Object.fromEntries(Object.entries(tagsOf(resource)).filter(([key]) => key.startsWith('medallion:')));
}

describe.each(LAYOUTS)('in the layout $name', ({ lake: create }) => {
  const lake = create(ENV, ALL_PROPS);
  complete(lake);
  const all = resourcesOf(lake.app);
  const named = (type: string, name: string) => all.find(({ Type, Properties }) =>
    Type === type && [Properties.Name, Properties.RoleName, Properties.StateMachineName].includes(name))!;

  test('all resources that can have tags have the tag of the lake', () => {
    const without = all.filter(resource => tagsOf(resource)['medallion:lake'] !== 'pp-dw');
    const taggable = without.filter(({ Type }) => !NOT_TAGGABLE.includes(Type));
    expect(taggable.map(({ id, Type }) => `${Type} ${id}`)).toEqual([]);
    expect(without.length).toBeLessThan(all.length);
  });

  test.each<[string, string, Tagged]>([
    ['AWS::Glue::Job', 'pp-dw-bronze-fda-nsde', { 'medallion:layer': 'bronze', 'medallion:dataset': 'fda-nsde' }],
    ['AWS::Glue::Job', 'pp-dw-bronze-events', { 'medallion:layer': 'bronze', 'medallion:dataset': 'events' }],
    ['AWS::Glue::Job', 'pp-dw-silver-cities', { 'medallion:layer': 'silver', 'medallion:dataset': 'cities' }],
    ['AWS::Glue::Job', 'pp-dw-gold-fda-summary', { 'medallion:layer': 'gold', 'medallion:dataset': 'fda-summary' }],
    [
      'AWS::Glue::Crawler',
      'pp-dw-gold-fda-summary-crawler',
      { 'medallion:layer': 'gold', 'medallion:dataset': 'fda-summary' },
    ],
    ['AWS::IAM::Role', 'pp-dw-bronze-vendor-role', { 'medallion:layer': 'bronze', 'medallion:dataset': 'vendor' }],
    ['AWS::StepFunctions::StateMachine', 'pp-dw-daily', { 'medallion:pipeline': 'daily' }],
    ['AWS::IAM::Role', 'pp-dw-daily-role', { 'medallion:pipeline': 'daily' }],
    ['AWS::IAM::Role', 'pp-dw-daily-scheduler-role', { 'medallion:pipeline': 'daily' }],
  ])('%s %s has its own tags', (type, name, tags) => {
    expect(medallionTags(named(type, name))).toEqual({ 'medallion:lake': 'pp-dw', ...tags });
  });
});

test('a complete lake has all types that can have tags', () => {
  const lake = LAYOUTS[0].lake(ENV, ALL_PROPS);
  complete(lake);
  const types = new Set(resourcesOf(lake.app).map(({ Type }) => Type));
  expect([...types].filter(type => !NOT_TAGGABLE.includes(type)).sort()).toEqual([...TAGGABLE].sort());
  expect(NOT_TAGGABLE.filter(type => !types.has(type))).toEqual([]);
});

test('budget.md lists the types without tags', () => {
  const listed = tableRows('docs/operations/budget.md', 'resource type').map(row => /`([^`]+)`/.exec(row)![1]);
  expect(listed.sort()).toEqual([...NOT_TAGGABLE].sort());
});

test('budget.md lists the keys', () => {
  const keys = tableRows('docs/operations/budget.md', 'tag').map(row => /`([^`]+)`/.exec(row)![1]);
  expect(keys).toEqual(['medallion:lake', 'medallion:layer', 'medallion:dataset', 'medallion:pipeline']);
  expect(readText('src/naming.ts')).toContain(`'${keys[0]}'`);
});

test('tags of the app are added, and take precedence over the tags of the library', () => {
  const lake = LAYOUTS[1].lake(ENV);
  bronze(lake);
  Tags.of(lake.app).add('team', 'data');
  Tags.of(lake.app).add('medallion:lake', 'ours');
  Tags.of(lake.stack).add('medallion:dataset', 'theirs');
  for (const { Type, ...resource } of resourcesOf(lake.app).filter(each => !NOT_TAGGABLE.includes(each.Type))) {
    const expected = expect.objectContaining({ 'team': 'data', 'medallion:lake': 'ours' });
    expect([Type, tagsOf(resource)]).toEqual([Type, expected]);
  }
  const job = resourcesOf(lake.app).find(({ Type }) => Type === 'AWS::Glue::Job')!;
  expect(medallionTags(job)).toEqual({
    'medallion:lake': 'ours', 'medallion:layer': 'bronze', 'medallion:dataset': 'theirs',
  });
});

test('a tag can be set on the resource of a dataset', () => {
  const lake = LAYOUTS[0].lake(ENV);
  bronze(lake).job.tags.setTag('medallion:dataset', 'renamed', 100);
  expect(tagsOf(resources(lake.stack, 'AWS::Glue::Job')[0])).toMatchObject({ 'medallion:dataset': 'renamed' });
});

test('a resource of the app that the lake uses is not tagged', () => {
  const app = new App();
  const stack = new Stack(app, 'Own', { env: ENV });
  const topic = new Topic(stack, 'Topic');
  const encryptionKey = new Key(stack, 'Key');
  const bucket = new Bucket(stack, 'Bucket', { bucketName: 'our-lake' });
  const roles = { datasets: { 'bronze/fda-nsde': Role.fromRoleName(stack, 'Vendor', 'org-vendor') } };
  const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', {
    ...PREFIXES, alerts: { topic }, encryptionKey, existingBucketName: 'our-lake', roles,
  });
  bronze({ core, stack: new Stack(app, 'Datasets', { env: ENV }) });
  expect(bucket.bucketName).toBeDefined();
  for (const resource of resources(stack)) {
    expect([resource.Type, medallionTags(resource)]).toEqual([resource.Type, {}]);
  }
});

test('the prefix of a lake can be a token', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const prefix = new CfnParameter(stack, 'Prefix').valueAsString;
  const core = EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: prefix, databasePrefix: 'pp_dw' });
  bronze({ core, stack });
  expect(medallionTags(resources(stack, 'AWS::Glue::Job')[0])).toEqual({
    'medallion:lake': '${Prefix}', 'medallion:layer': 'bronze', 'medallion:dataset': 'fda-nsde',
  });
});

test('the function that deploys the scripts of several lakes has the tag of none', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  for (const resourcePrefix of ['one', 'two']) {
    const core = EtlCore.fromPrefixes(stack, resourcePrefix, { resourcePrefix });
    new BronzeDataset(stack, `${resourcePrefix}-data`, {
      core, dataset: 'data', dataSizeCategory: DataSizeCategory.SMALL, source: Source.url('https://example.org/a.csv'),
    });
  }
  for (const type of ['AWS::Lambda::Function', 'AWS::Logs::LogGroup', 'AWS::IAM::Role']) {
    expect(resources(stack, type).map(medallionTags)).toEqual(resources(stack, type).map(() => ({})));
  }
  expect(resources(stack, 'AWS::Glue::Job').map(job => medallionTags(job)['medallion:lake'])).toEqual(['one', 'two']);
});

test('a shared role that you create has the tag of its lake', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  new SharedGlueRole(stack, 'Role', { resourcePrefix: 'pp-dw' });
  expect(medallionTags(resources(stack, 'AWS::IAM::Role')[0])).toEqual({ 'medallion:lake': 'pp-dw' });
});
