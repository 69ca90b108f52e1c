import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { EtlCore, EtlPipeline, EtlPipelineProps, GoldDataset, IDataset, OnFailedInput, Schedule } from '../src';
import { resource, resources } from './assembly';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

/** A lake in one stack, with a bronze dataset and a gold dataset that reads it. */
function lakeWithDatasets(): Lake & { readonly datasets: IDataset[] } {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  return { ...lake, datasets: [bronze(lake), gold(lake)] };
}

function pipeline(lake: Lake, props: Partial<EtlPipelineProps> & { datasets: IDataset[] }, id = 'Daily'): EtlPipeline {
  return new EtlPipeline(lake.stack, id, { core: lake.core, ...props });
}

function definitionOf(stack: Stack, name = 'pp-dw-daily'): { [field: string]: any } {
  const { Properties } = resources(stack, 'AWS::StepFunctions::StateMachine')
    .find(({ Properties: { StateMachineName } }) => StateMachineName === name)!;
  return JSON.parse(Properties.DefinitionString);
}

function nodesOf(stack: Stack): object[] {
  return definitionOf(stack).States.Datasets.Assign.nodes;
}

const BRONZE = 'bronze/fda-nsde';
const GOLD = 'gold/fda-summary';

describe.each(LAYOUTS)('in the layout $name', ({ lake: create }) => {
  test('a pipeline is a state machine and a schedule with the name of the lake and its own', () => {
    const lake = create(ENV, PREFIXES);
    const datasets = [bronze(lake), gold(lake)];
    pipeline(lake, { datasets, schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }) });
    expect(definitionOf(lake.stack).States.Result.Output.pipeline).toBe('daily');
    const schedule = resources(lake.stack, 'AWS::Scheduler::Schedule')[0].Properties;
    expect(schedule).toMatchObject({
      Name: 'pp-dw-daily',
      GroupName: 'pp-dw',
      ScheduleExpression: 'cron(0 6 * * ? *)',
      ScheduleExpressionTimezone: 'America/New_York',
      State: 'ENABLED',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
    });
    expect(schedule.Target.Input).toBe('{}');
  });

  test('its roles start executions of these state machines, and no others', () => {
    const lake = create(ENV, PREFIXES);
    pipeline(lake, { datasets: [bronze(lake)], schedule: Schedule.rate(Duration.days(1)) });
    const statements = (name: string) => resources(lake.stack, 'AWS::IAM::Role')
      .find(({ Properties: { RoleName } }) => RoleName === name)!
      .Properties.Policies.flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement);
    const arn = 'arn:aws:states:eu-central-1:123456789012';
    expect(statements('pp-dw-daily-role')).toEqual([
      { Effect: 'Allow', Action: 'states:StartExecution', Resource: `${arn}:stateMachine:pp-dw-dataset` },
      {
        Effect: 'Allow',
        Action: 'states:ListExecutions',
        Resource: [`${arn}:stateMachine:pp-dw-dataset`, `${arn}:stateMachine:pp-dw-daily`],
      },
      { Effect: 'Allow', Action: 'states:DescribeExecution', Resource: `${arn}:execution:pp-dw-dataset:*` },
    ]);
    expect(statements('pp-dw-daily-scheduler-role')).toEqual([
      { Effect: 'Allow', Action: 'states:StartExecution', Resource: `${arn}:stateMachine:pp-dw-daily` },
    ]);
  });
});

test('the state machine of datasets runs the jobs and crawlers of the lake, and reads its run records', () => {
  const { Properties } = resources(lakeWithDatasets().stack, 'AWS::IAM::Role')
    .find(({ Properties: { RoleName } }) => RoleName === 'pp-dw-dataset-role')!;
  const glue = 'arn:aws:glue:eu-central-1:123456789012';
  const layers = ['bronze', 'silver', 'gold'];
  expect(Properties.Policies[0].PolicyDocument.Statement).toEqual([
    {
      Effect: 'Allow',
      Action: ['glue:GetJob', 'glue:StartJobRun', 'glue:GetJobRun'],
      Resource: layers.map(layer => `${glue}:job/pp-dw-${layer}-*`),
    },
    {
      Effect: 'Allow',
      Action: ['glue:GetCrawler', 'glue:StartCrawler'],
      Resource: layers.map(layer => `${glue}:crawler/pp-dw-${layer}-*-crawler`),
    },
    { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::pp-dw-123456789012/etl/*/runs/*' },
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::pp-dw-123456789012',
      Condition: { StringLike: { 's3:prefix': 'etl/*/runs/*' } },
    },
  ]);
});

test('the inputs of the datasets are part of the pipeline, even if they are created later', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  const input: IDataset = { core: lake.core, layer: bronze(LAYOUTS[0].lake(ENV, PREFIXES)).layer, dataset: 'fda-nsde' };
  pipeline(lake, { datasets: [gold(lake, { inputs: [input] })] });
  bronze(lake);
  expect(nodesOf(lake.stack)).toEqual([{ dataset: BRONZE, inputs: [] }, { dataset: GOLD, inputs: [BRONZE] }]);
});

test('without withInputs, only the listed datasets are part of the pipeline', () => {
  const { datasets, ...lake } = lakeWithDatasets();
  pipeline(lake, { datasets: [datasets[1]], withInputs: false });
  expect(nodesOf(lake.stack)).toEqual([{ dataset: GOLD, inputs: [] }]);
});

test('a dataset that another app deploys is part of the pipeline only if it is listed', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  const calendar = GoldDataset.fromName(lake.core, 'calendar');
  const summary = gold(lake, { inputs: [bronze(lake), calendar] });
  pipeline(lake, { datasets: [summary] });
  pipeline(lake, { datasets: [summary, calendar], pipeline: 'with-calendar' }, 'Other');
  expect(nodesOf(lake.stack)).toEqual([{ dataset: BRONZE, inputs: [] }, { dataset: GOLD, inputs: [BRONZE] }]);
  expect(definitionOf(lake.stack, 'pp-dw-with-calendar').States.Datasets.Assign.nodes).toEqual([
    { dataset: BRONZE, inputs: [] },
    { dataset: 'gold/calendar', inputs: [] },
    { dataset: GOLD, inputs: [BRONZE, 'gold/calendar'] },
  ]);
});

test.each<[prop: string, props: Partial<EtlPipelineProps>, variable: string, value: unknown]>([
  ['the default of maxConcurrentJobs', {}, 'max_jobs', 10],
  ['maxConcurrentJobs', { maxConcurrentJobs: 3 }, 'max_jobs', 3],
  ['the default of onFailedInput', {}, 'uses_published', false],
  ['onFailedInput', { onFailedInput: OnFailedInput.USE_PUBLISHED }, 'uses_published', true],
])('%s is in the definition', (_prop, props, variable, value) => {
  const { datasets, ...lake } = lakeWithDatasets();
  pipeline(lake, { datasets, ...props });
  expect(definitionOf(lake.stack).States.Datasets.Assign[variable]).toBe(value);
});

test('a pipeline without a schedule has no schedule and no role for it', () => {
  const { datasets, ...lake } = lakeWithDatasets();
  expect(pipeline(lake, { datasets }).schedule).toBeUndefined();
  expect(resources(lake.stack, 'AWS::Scheduler::Schedule')).toEqual([]);
});

test('existing roles are used, and no role is created', () => {
  const stack = new Stack(new App(), 'Stack', { env: ENV });
  const role = (name: string) => Role.fromRoleName(stack, name, name, { mutable: false });
  const core = EtlCore.fromPrefixes(stack, 'Core', {
    resourcePrefix: 'pp-dw', roles: { stateMachines: role('machines'), scheduler: role('scheduler') },
  });
  new EtlPipeline(stack, 'Daily', {
    core, datasets: [GoldDataset.fromName(core, 'calendar')], schedule: Schedule.rate(Duration.days(1)),
  });
  expect(resources(stack, 'AWS::IAM::Role')).toEqual([]);
  expect(resource(stack, 'AWS::StepFunctions::StateMachine').Properties.RoleArn).toMatch(/:role\/machines$/);
});

test('a dataset with its own schedule is a warning', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  const datasets = [bronze(lake, { schedule: Schedule.rate(Duration.days(1)) })];
  pipeline(lake, { datasets, schedule: Schedule.rate(Duration.days(1)) });
  Annotations.fromStack(lake.stack).hasWarning('*', Match.stringLikeRegexp(
    'the dataset "bronze/fda-nsde" of the pipeline "daily" also has its own schedule, so it runs twice. '
      + 'Remove its schedule.',
  ));
});

test.each<[problem: string, props: object, id: string, error: string]>([
  ['no dataset', { datasets: [] }, 'Daily', 'DATASETS_REQUIRED: Lake/Daily: the list "datasets" is empty. '
    + 'List the datasets that the pipeline builds.'],
  ['a name that is not kebab-case', { pipeline: 'Every day' }, 'Daily', 'VALUE_INVALID: Lake/Daily: pipeline of the '
    + 'pipeline "Every day" is "Every day". Expected: Name of the pipeline in kebab-case'],
  ['the name of another state machine', {}, 'Dataset', 'NAME_TAKEN: Lake/Dataset: pipeline of the pipeline "dataset" '
    + 'is "dataset", a name that the lake uses for its own resources. Use another name.'],
  ['the name of another role', {}, 'Events', 'NAME_TAKEN: Lake/Events: pipeline of the pipeline "events" is "events", '
    + 'a name that the lake uses for its own resources. Use another name.'],
  ['the name of a schedule of a dataset', { pipeline: 'bronze-daily' }, 'Daily', 'NAME_TAKEN: Lake/Daily: pipeline of '
    + 'the pipeline "bronze-daily" is "bronze-daily", which has the same prefix as the schedules of bronze datasets. '
    + 'Use another name, for example "daily-bronze".'],
  ['too many concurrent jobs', { maxConcurrentJobs: 0 }, 'Daily', 'VALUE_INVALID: Lake/Daily: max_concurrent_jobs of '
    + 'the pipeline "daily" is 0. Expected: Maximum number of datasets that run at the same time: 1 to 100.'],
  ['an invalid schedule', { schedule: Schedule.cron('0 6 * * *') }, 'Daily', 'SCHEDULE_INVALID: Lake/Daily: '
    + 'schedule.expression of the pipeline "daily" is "cron(0 6 * * *)".'],
  ['a misspelled prop', { dataset: [] }, 'Daily', 'UNKNOWN_KEY: Lake/Daily: dataset is not a known prop. Did you mean '
    + '"datasets"?'],
])('%s is an error', (_problem, props, id, error) => {
  const { datasets, ...lake } = lakeWithDatasets();
  expect(() => pipeline(lake, { datasets, ...props }, id)).toThrow(error);
});

test('a dataset that is listed twice, or belongs to another lake, is an error', () => {
  const { datasets, ...lake } = lakeWithDatasets();
  expect(() => pipeline(lake, { datasets: [datasets[0], datasets[0]] })).toThrow(
    'DUPLICATE_VALUE: Lake/Daily: the list "datasets" contains "bronze/fda-nsde" twice. Remove one of them.',
  );
  const other = EtlCore.fromPrefixes(lake.stack, 'Other', { resourcePrefix: 'other' });
  expect(() => pipeline(lake, { datasets: [GoldDataset.fromName(other, 'calendar')] }, 'Second')).toThrow(
    'LAKE_MISMATCH: Lake/Second: the list "datasets" contains "gold/calendar", which belongs to the lake "other". '
      + 'Use datasets of the pipeline\'s lake, "pp-dw".',
  );
});

test('two pipelines of a lake cannot have the same name', () => {
  const { datasets, ...lake } = lakeWithDatasets();
  pipeline(lake, { datasets });
  expect(() => pipeline(lake, { datasets, pipeline: 'daily' }, 'Second')).toThrow(
    'NAME_TAKEN: Lake/Second: the state machine "pp-dw-daily" is already used by "Lake/Daily". Rename one of them.',
  );
});

test('a pipeline with more than 400 datasets is an error', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  const datasets = Array.from({ length: 401 }, (_, index) => GoldDataset.fromName(lake.core, `d${index}`));
  pipeline(lake, { datasets });
  expect(() => definitionOf(lake.stack)).toThrow(
    'PIPELINE_TOO_LARGE: Lake/Daily: the pipeline "daily" has 401 datasets, including their inputs; the maximum is '
      + '400. Split them across several pipelines.',
  );
});

test('a pipeline with more names than a variable of a state machine holds is an error', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  const inputs = Array.from({ length: 100 }, (_, index) =>
    bronze(lake, { dataset: `d-${'x'.repeat(60)}-${index}` }, `D${index}`));
  const datasets = Array.from({ length: 40 }, (_, index) => gold(lake, { dataset: `g${index}`, inputs }, `G${index}`));
  pipeline(lake, { datasets });
  expect(() => definitionOf(lake.stack)).toThrow(
    /PIPELINE_TOO_LARGE: Lake\/Daily: the names of the datasets and inputs of the pipeline "daily" take up \d+ bytes/,
  );
});

test('the datasets are found in stacks with and without an environment', () => {
  const app = new App();
  const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', PREFIXES);
  const lake = { app, core, stack: new Stack(app, 'Datasets', { env: ENV }) };
  const datasets = [bronze(lake), gold(lake)];
  const stack = new Stack(app, 'Pipeline');
  new EtlPipeline(stack, 'Daily', { core, datasets: [datasets[1]] });
  expect(nodesOf(stack)).toEqual([{ dataset: BRONZE, inputs: [] }, { dataset: GOLD, inputs: [BRONZE] }]);
});

test('a pipeline in another Region than its core is an error', () => {
  const app = new App();
  const core = new EtlCore(new Stack(app, 'Core', { env: ENV }), 'Core', PREFIXES);
  const stack = new Stack(app, 'Pipeline', { env: { ...ENV, region: 'us-east-1' } });
  expect(() => new EtlPipeline(stack, 'Daily', { core, datasets: [GoldDataset.fromName(core, 'calendar')] })).toThrow(
    'ENVIRONMENT_MISMATCH: Pipeline/Daily: the pipeline is in the region us-east-1, and its core "Core/Core" is in '
      + 'eu-central-1.',
  );
});

test('a derived dataset whose inputs are not known is a warning', () => {
  const lake = LAYOUTS[0].lake(ENV, PREFIXES);
  pipeline(lake, { datasets: [bronze(lake), GoldDataset.fromName(lake.core, 'calendar')] });
  Annotations.fromStack(lake.stack).hasWarning('*', Match.stringLikeRegexp(
    'the inputs of the dataset "gold/calendar" of the pipeline "daily" are not known',
  ));
});

test.each([
  [{}, 'a'],
  [undefined, ''],
])('the name of an execution shows whether a failure alerts: %j', (alerts, mark) => {
  const stack = new Stack(new App(), 'Stack', { env: ENV });
  const core = new EtlCore(stack, 'Core', { ...PREFIXES, alerts });
  new EtlPipeline(stack, 'Daily', { core, datasets: [GoldDataset.fromName(core, 'calendar')] });
  const { States } = definitionOf(stack).States['Start datasets'].ItemProcessor;
  expect(States['Start dataset'].Arguments.Name).toMatch(new RegExp(`'-[0-9a-f]{4}${mark}-'`));
});

test('a long description is shortened for the schedule', () => {
  const { datasets, ...lake } = lakeWithDatasets();
  pipeline(lake, { datasets, schedule: Schedule.rate(Duration.days(1)), description: 'x'.repeat(600) });
  expect(Buffer.byteLength(resources(lake.stack, 'AWS::Scheduler::Schedule')[0].Properties.Description)).toBe(512);
});
