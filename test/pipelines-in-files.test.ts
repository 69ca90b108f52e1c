import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { BronzeDataset, DatasetDirectory, EtlCore, EtlPipeline, GoldDataset, OnFailedInput, Schedule } from '../src';
import { resource, resources, templateOf } from './assembly';

let folder: string;
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'pipelines-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const BRONZE = { data_size_category: 'small', source_url: 'https://example.org/zipcodes.zip' };
const QUERY = 'SELECT 1 AS one';

/** Files, keyed by path in the folder. Objects are written as JSON. */
type Files = { [file: string]: object | string };

const LAKE: Files = {
  'config.json': { etl_resource_prefix: 'pp-dw' },
  'zipcodes/config.json': { ...BRONZE, dataset: 'zipcodes' },
  'fda-ndc/config.json': { ...BRONZE, dataset: 'fda-ndc' },
  'fda-nsde/config.json': { ...BRONZE, dataset: 'fda-nsde' },
  'states/config.json': {
    dataset: 'states', data_size_category: 'small', source_datasets: ['bronze/zipcodes'], sql: 'query.sql',
  },
  'states/query.sql': QUERY,
  'fda-products/config.json': {
    dataset: 'fda-products', data_size_category: 'small', source_datasets: ['bronze/fda-ndc'], sql: 'query.sql',
  },
  'fda-products/query.sql': QUERY,
};

function write(files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content, undefined, 1));
  }
}

function lake(files: Files, otherDatasets?: string[]): { app: App; directory: DatasetDirectory } {
  write({ ...LAKE, ...files });
  const app = new App();
  return { app, directory: new DatasetDirectory(app, 'Lake', { path: folder, otherDatasets }) };
}

/** A lake with one pipeline, `pipelines/daily.json`. */
function withPipeline(pipeline: object | string, otherDatasets?: string[]) {
  return lake({ 'pipelines/daily.json': pipeline }, otherDatasets);
}

/** The lines of the error, with LAKE instead of the path of the folder. */
function failure(files: Files, otherDatasets?: string[]): string[] {
  try {
    lake(files, otherDatasets);
  } catch (error) {
    return (error as Error).message.replaceAll(path.relative(process.cwd(), folder), 'LAKE').split('\n')
      .map(line => line.trim());
  }
  throw new Error('no error was thrown');
}

function definitionOf(pipeline: EtlPipeline): string {
  return JSON.stringify(resource(Stack.of(pipeline), 'AWS::StepFunctions::StateMachine').Properties.DefinitionString);
}

/** The datasets of the state machine, sorted. */
function datasetsOf(pipeline: EtlPipeline): string[] {
  return [...new Set(definitionOf(pipeline).match(/(bronze|silver|gold)\/[a-z-]+/g))].sort();
}

function warningsOf(app: App): string[] {
  return app.synth().stacks.flatMap(({ messages }) => messages.map(({ entry }) => String(entry.data)));
}

test('each file in pipelines becomes a stack with a pipeline, after its datasets', () => {
  const { app, directory } = lake({
    'pipelines/anything.json': { pipeline: 'daily', description: 'The morning report', datasets: ['gold/states'] },
    'pipelines/weekly.json': { pipeline: 'weekly', datasets: ['bronze/fda-nsde', 'gold/fda-products'] },
  });
  expect(Object.keys(directory.pipelines)).toEqual(['daily', 'weekly']);
  const { daily, weekly } = directory.pipelines;
  const stack = Stack.of(daily);
  expect([stack.node.id, stack.stackName, daily.pipeline]).toEqual(['pipeline-daily', 'pp-dw-daily', 'daily']);
  expect(stack.templateOptions.description).toBe('The morning report');
  expect(Stack.of(weekly).dependencies.map(({ stackName }) => stackName).sort())
    .toEqual(['pp-dw-bronze-fda-nsde', 'pp-dw-gold-fda-products']);
  const order = app.synth().stacks.map(({ stackName }) => stackName);
  expect(order.indexOf('pp-dw-daily')).toBeGreaterThan(order.indexOf('pp-dw-gold-states'));
});

test('a lake without files of pipelines has none', () => {
  expect(lake({}).directory.pipelines).toEqual({});
});

test('a pipeline in a file has the template of the same pipeline in code', () => {
  const { directory } = withPipeline({
    $schema: '../../glue-templates/pipeline.schema.json',
    _owner: 'data team',
    pipeline: 'daily',
    description: 'The morning report',
    datasets: ['gold/states', 'bronze/rates'],
    with_inputs: false,
    schedule: { expression: 'cron(0 6 * * ? *)', timezone: 'America/New_York', enabled: false, flexible_minutes: 0 },
    max_concurrent_jobs: 3,
    on_failed_input: 'use_published',
  }, ['bronze/rates']);
  const app = new App();
  const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  const inCode = new EtlPipeline(new Stack(app, 'Daily', { description: 'The morning report' }), 'Pipeline', {
    core,
    pipeline: 'daily',
    description: 'The morning report',
    datasets: [GoldDataset.fromName(core, 'states'), BronzeDataset.fromName(core, 'rates')],
    withInputs: false,
    schedule: Schedule.cron('0 6 * * ? *', {
      timezone: 'America/New_York', enabled: false, flexibleWindow: Duration.minutes(0),
    }),
    maxConcurrentJobs: 3,
    onFailedInput: OnFailedInput.USE_PUBLISHED,
  });
  const inFile = directory.pipelines.daily;
  expect(datasetsOf(inFile)).toEqual(['bronze/rates', 'gold/states']);
  expect(templateOf(Stack.of(inFile))).toEqual(templateOf(Stack.of(inCode)));
});

test('a pipeline in a file has the same defaults as a pipeline in code', () => {
  const { directory } = withPipeline({ pipeline: 'daily', datasets: ['gold/states'] });
  const stack = Stack.of(directory.pipelines.daily);
  expect(resources(stack, 'AWS::Scheduler::Schedule')).toEqual([]);
  expect(datasetsOf(directory.pipelines.daily)).toEqual(['bronze/zipcodes', 'gold/states']);
  expect(directory.pipelines.daily.schedule).toBeUndefined();
});

test.each<[string, string | string[], string[]]>([
  ['a layer', ['gold/*'], ['gold/fda-products', 'gold/states']],
  ['the start of names in all layers', ['*/fda-*'], ['bronze/fda-ndc', 'bronze/fda-nsde', 'gold/fda-products']],
  ['the end of names', ['bronze/*nd*'], ['bronze/fda-ndc']],
  ['all datasets', ['*/*'], [
    'bronze/fda-ndc', 'bronze/fda-nsde', 'bronze/zipcodes', 'gold/fda-products', 'gold/states',
  ]],
  ['a dataset that is also listed', ['gold/*', 'gold/states'], ['gold/fda-products', 'gold/states']],
  ['a dataset that another pattern also matches', ['gold/*', '*/states'], ['gold/fda-products', 'gold/states']],
  ['a text instead of a list', 'gold/s*', ['gold/states']],
])('a pattern can match %s', (_, datasets, expected) => {
  const { directory } = withPipeline({ pipeline: 'daily', with_inputs: false, datasets });
  expect(datasetsOf(directory.pipelines.daily)).toEqual(expected);
});

test('a pattern matches no dataset of another app; such a dataset can be listed', () => {
  const all = withPipeline({ pipeline: 'daily', datasets: ['bronze/*'] }, ['bronze/rates']);
  expect(datasetsOf(all.directory.pipelines.daily)).not.toContain('bronze/rates');
  const listed = withPipeline({ pipeline: 'daily', datasets: ['bronze/rates'] }, ['bronze/rates']);
  expect(datasetsOf(listed.directory.pipelines.daily)).toEqual(['bronze/rates']);
  expect(Stack.of(listed.directory.pipelines.daily).dependencies.map(({ stackName }) => stackName))
    .toEqual(['pp-dw-core']);
});

test.each([
  ['states', 'gold/states', ['bronze/zipcodes', 'gold/states']],
  ['rates', 'bronze/rates', ['bronze/rates']],
  ['fda-n*', '*/fda-n*', ['bronze/fda-ndc', 'bronze/fda-nsde']],
])('"%s" without a layer is read as "%s", with a warning', (name, meant, expected) => {
  const { app, directory } = withPipeline({ pipeline: 'daily', datasets: [name] }, ['bronze/rates']);
  expect(datasetsOf(directory.pipelines.daily)).toEqual(expected);
  expect(warningsOf(app).filter(warning => warning.includes('pipelines/daily.json'))).toEqual([
    expect.stringMatching(
      new RegExp(`pipelines/daily.json:4:3: /datasets/0 is read as ${JSON.stringify(meant).replace(/\*/g, '\\*')}. `
        + 'The name of a dataset includes its layer'),
    ),
  ]);
});

test('a pipeline and a dataset of it that both have a schedule are a warning', () => {
  const schedule = { expression: 'rate(1 day)' };
  const { app } = lake({
    'zipcodes/config.json': { ...BRONZE, dataset: 'zipcodes', schedule },
    'pipelines/daily.json': { pipeline: 'daily', datasets: ['gold/states'], schedule },
  });
  expect(warningsOf(app).join('\n')).toContain(
    'the dataset "bronze/zipcodes" of the pipeline "daily" also has its own schedule',
  );
});

test('config.json in the folder of pipelines is a dataset, and other folders and files are ignored', () => {
  const { directory } = lake({
    'pipelines/config.json': { ...BRONZE, dataset: 'pipelines' },
    'pipelines/deeper/config.json': { ...BRONZE, dataset: 'deeper' },
    'pipelines/deeper/other.json': '{',
    'pipelines/.hidden.json': '{',
    'pipelines/README.md': '{',
    'pipelines/folder.json/text.txt': '{',
    'zipcodes/pipelines/daily.json': '{',
  });
  expect(Object.keys(directory.datasets)).toEqual(expect.arrayContaining(['bronze/pipelines', 'bronze/deeper']));
  expect(directory.pipelines).toEqual({});
});

test('a file and a folder of pipelines can be links; a link to the folder of the lake is skipped', () => {
  write({ 'shared/daily.txt': { pipeline: 'daily', datasets: ['gold/*'] } });
  symlinkSync('shared', path.join(folder, 'pipelines'));
  symlinkSync('daily.txt', path.join(folder, 'shared', 'daily.json'));
  expect(Object.keys(lake({}).directory.pipelines)).toEqual(['daily']);
  rmSync(path.join(folder, 'pipelines'));
  symlinkSync('.', path.join(folder, 'pipelines'));
  expect(lake({ 'other.json': '{' }).directory.pipelines).toEqual({});
});

test('a broken link to a pipeline is an error', () => {
  mkdirSync(path.join(folder, 'pipelines'));
  symlinkSync('no-such.json', path.join(folder, 'pipelines', 'daily.json'));
  expect(failure({})).toEqual([
    '1 problem in 1 file:',
    'FILE_NOT_FOUND: LAKE/pipelines/daily.json: the file is a broken symbolic link to "no-such.json". Correct the '
      + 'link, or remove it.',
  ]);
});

const DAILY = { pipeline: 'daily', datasets: ['gold/*'] };

test.each<[string, Files, string]>([
  [
    'a misspelled dataset',
    { 'pipelines/a.json': { ...DAILY, datasets: ['gold/*', 'gold/sates'] } },
    'UNKNOWN_DATASET: LAKE/pipelines/a.json:5:3: /datasets/1 is "gold/sates", which is not a dataset in this '
      + 'directory. Did you mean "gold/states"? Correct it. If another app deploys it, add it to otherDatasets of the '
      + 'DatasetDirectory.',
  ],
  [
    'a dataset of another layer',
    { 'pipelines/a.json': { ...DAILY, datasets: ['silver/states'] } },
    'UNKNOWN_DATASET: LAKE/pipelines/a.json:4:3: /datasets/0 is "silver/states", which is not a dataset in this '
      + 'directory. Did you mean "gold/states"?',
  ],
  [
    'a name that the schema does not allow',
    { 'pipelines/a.json': { ...DAILY, datasets: ['gold/States'] } },
    'UNKNOWN_DATASET: LAKE/pipelines/a.json:4:3: /datasets/0 is "gold/States", which is not a dataset in this '
      + 'directory. Did you mean "gold/states"?',
  ],
  [
    'a name without a layer that several datasets have',
    {
      'silver/config.json': {
        dataset: 'states',
        layer: 'silver',
        data_size_category: 'small',
        source_datasets: ['bronze/zipcodes'],
        sql: 'query.sql',
      },
      'silver/query.sql': QUERY,
      'pipelines/a.json': { ...DAILY, datasets: ['states'] },
    },
    'UNKNOWN_DATASET: LAKE/pipelines/a.json:4:3: /datasets/0 is "states", the name of several datasets. Did you mean '
      + '"silver/states" or "gold/states"?',
  ],
  [
    'a pattern without a match',
    { 'pipelines/a.json': { ...DAILY, datasets: ['silver/*'] } },
    'UNKNOWN_DATASET: LAKE/pipelines/a.json:4:3: /datasets/0 is "silver/*", which matches no dataset in this '
      + 'directory. Correct it, or remove it.',
  ],
  [
    'a dataset that is listed twice',
    { 'pipelines/a.json': { ...DAILY, datasets: ['gold/states', 'states'] } },
    'DUPLICATE_VALUE: LAKE/pipelines/a.json:3:14: /datasets is ["gold/states","gold/states"], which contains a '
      + 'duplicate.',
  ],
  [
    'an empty list',
    { 'pipelines/a.json': { ...DAILY, datasets: [] } },
    'DATASETS_REQUIRED: LAKE/pipelines/a.json:3:14: /datasets is []. Expected: The datasets to run',
  ],
  [
    'no list',
    { 'pipelines/a.json': { pipeline: 'daily' } },
    'SETTING_REQUIRED: LAKE/pipelines/a.json: the file has no datasets. Set datasets.',
  ],
  [
    'a value that is not a list',
    { 'pipelines/a.json': { ...DAILY, datasets: { gold: true } } },
    'VALUE_INVALID: LAKE/pipelines/a.json:3:14: /datasets is {"gold":true}.',
  ],
  [
    'no name',
    { 'pipelines/Every Day.json': { datasets: ['gold/*'] } },
    'SETTING_REQUIRED: LAKE/pipelines/Every Day.json: the file has no pipeline. Set pipeline, for example to the name '
      + 'of the file: "pipeline": "every-day".',
  ],
  [
    'an invalid name',
    { 'pipelines/a.json': { ...DAILY, pipeline: 'Every Day' } },
    'VALUE_INVALID: LAKE/pipelines/a.json:2:14: /pipeline is "Every Day". Expected: Name of the pipeline in kebab-case',
  ],
  [
    'a name that the lake reserves',
    { 'pipelines/a.json': { ...DAILY, pipeline: 'freshness' } },
    'NAME_TAKEN: LAKE/pipelines/a.json:2:14: /pipeline is "freshness", a name that the lake uses for its own '
      + 'resources. Use another name.',
  ],
  [
    'the name of the stack of the core',
    { 'pipelines/a.json': { ...DAILY, pipeline: 'core' } },
    'NAME_TAKEN: LAKE/pipelines/a.json:2:14: /pipeline is "core", the name of the stack of the core. Use another name.',
  ],
  [
    'the name of another pipeline',
    { 'pipelines/a.json': DAILY, 'pipelines/b.json': DAILY },
    'NAME_TAKEN: LAKE/pipelines/b.json:2:14: /pipeline is "daily", which LAKE/pipelines/a.json also uses. Rename one '
      + 'of them.',
  ],
  [
    'an invalid schedule',
    { 'pipelines/a.json': { ...DAILY, schedule: { expression: 'cron(61 6 * * ? *)' } } },
    'SCHEDULE_INVALID: LAKE/pipelines/a.json:7:17: /schedule/expression is "cron(61 6 * * ? *)". The minutes field '
      + '"61" is invalid',
  ],
  [
    'a cron expression of Unix',
    { 'pipelines/a.json': { ...DAILY, schedule: { expression: 'cron(0 6 * * *)' } } },
    'SCHEDULE_INVALID: LAKE/pipelines/a.json:7:17: /schedule/expression is "cron(0 6 * * *)". Write '
      + '"cron(0 6 * * ? *)".',
  ],
  [
    'a misspelled key',
    { 'pipelines/a.json': { ...DAILY, with_input: true } },
    'UNKNOWN_KEY: LAKE/pipelines/a.json:6:16: /with_input is not a known key. Did you mean "with_inputs"?',
  ],
  [
    'a misspelled value',
    { 'pipelines/a.json': { ...DAILY, on_failed_input: 'skipp' } },
    'VALUE_INVALID: LAKE/pipelines/a.json:6:21: /on_failed_input is "skipp". Did you mean "skip"?',
  ],
  [
    'a comment',
    { 'pipelines/a.json': '{\n "pipeline": "daily", // every day\n "datasets": ["gold/*"]\n}' },
    'JSON_INVALID: LAKE/pipelines/a.json:2:23: the file is not valid JSON: invalid comment',
  ],
])('a file of a pipeline with %s is an error with its position', (_, files, line) => {
  const [head, ...lines] = failure(files);
  expect(lines.join('\n').slice(0, line.length)).toBe(line);
  expect(head).toBe('1 problem in 1 file:');
});

test('an unknown key is a warning, and has no effect', () => {
  const { app } = withPipeline({ ...DAILY, retries: 3 });
  expect(warningsOf(app).join('\n')).toMatch(/pipelines\/daily.json:6:13: \/retries is an unknown key and is ignored/);
});

test('a dataset in an invalid file is not reported as an unknown dataset of a pipeline', () => {
  const [head, line, ...others] = failure({
    'zipcodes/config.json': '{"dataset": "zipcodes", "data_size_category" "small"}',
    'states/config.json': '{}',
    'pipelines/a.json': { pipeline: 'a', datasets: ['zipcodes', 'bronze/zip*'] },
    'pipelines/b.json': { pipeline: 'b', datasets: ['bronze/zipcodes', '*/states'] },
  });
  expect(head).toMatch(/in 2 files:$/);
  expect([line, ...others].filter(each => each.includes('pipelines/'))).toEqual([]);
});

test('a name that is too long is an error of the file, and needs a valid prefix', () => {
  const name = 'n'.repeat(40);
  const files = { 'pipelines/a.json': { pipeline: name, datasets: ['gold/*'] } };
  expect(failure({ ...files, 'config.json': { etl_resource_prefix: 'a-prefix-with-29-characters-x' } })[1]).toMatch(
    /^NAME_TOO_LONG: LAKE\/pipelines\/a.json:2:14: \/pipeline: the name of the role "a-prefix-with-29-characters-x-n/,
  );
  expect(failure({ ...files, 'config.json': { etl_resource_prefix: 'A' } }).slice(1)).toEqual([
    expect.stringMatching(/^PREFIX_INVALID/),
  ]);
});

test('an error of a pipeline is reported together with another file that has its name', () => {
  const long = { pipeline: 'n'.repeat(40), datasets: ['gold/*'] };
  expect(failure({
    'config.json': { etl_resource_prefix: 'a-prefix-with-29-characters-x' },
    'pipelines/a.json': long,
    'pipelines/b.json': long,
  }).slice(1).map(line => line.split(': /')[0])).toEqual([
    'NAME_TAKEN: LAKE/pipelines/b.json:2:14', 'NAME_TOO_LONG: LAKE/pipelines/a.json:2:14',
  ]);
});

test('a pipeline in code and a pipeline in a file cannot have the same name', () => {
  write({ ...LAKE, 'pipelines/a.json': DAILY });
  const app = new App();
  const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  const datasets = [BronzeDataset.fromName(core, 'rates')];
  new EtlPipeline(new Stack(app, 'Pipeline'), 'Daily', { core, datasets });
  expect(() => new DatasetDirectory(app, 'Lake', { path: folder, core }))
    .toThrow(/NAME_TAKEN: .*a\.json:2:14: \/pipeline: the state machine "pp-dw-daily" is already used by/);
});

test('a pipeline with more than 400 datasets is an error of its file', () => {
  const many = Array.from({ length: 401 }, (_, index) => `bronze/d${index}`);
  expect(failure({ 'pipelines/a.json': { pipeline: 'all', datasets: many } }, many)).toEqual([
    '1 problem in 1 file:',
    'PIPELINE_TOO_LARGE: LAKE/pipelines/a.json:3:14: /datasets: the pipeline "all" has 401 datasets, including their '
      + 'inputs; the maximum is 400. Split them across several pipelines.',
  ]);
});

test('problems of the core, of datasets and of pipelines are reported together', () => {
  const lines = failure({
    'config.json': { etl_resource_prefix: 'Lake' },
    'zipcodes/config.json': { ...BRONZE, dataset: 'zipcodes', source_url: 'ftp://example.org' },
    'states/config.json': {
      dataset: 'states', data_size_category: 'small', source_datasets: ['gold/states'], sql: 'query.sql',
    },
    'pipelines/a.json': {
      name: 'a',
      datasets: ['gold/sates', 'gold/sates'],
      max_concurrent_jobs: 0,
      with_inputs: 'yes',
      schedule: { expression: 'rate(1 days)', timezone: 'Mars/Phobos' },
    },
    'pipelines/b.json': '{ "pipeline": "b" "datasets": ["golden/*"], "on_failed_input": "stop", }',
  });
  const found = lines.flatMap(line => /^([A-Z_]+): LAKE\/(\S+?):\S* (\S+) /.exec(line)?.slice(1).join(' ') ?? []);
  expect(found.sort()).toEqual([
    'DUPLICATE_VALUE pipelines/a.json /datasets',
    'INPUTS_CYCLE states/config.json /source_datasets/0',
    'JSON_INVALID pipelines/b.json the',
    'JSON_INVALID pipelines/b.json the',
    'PREFIX_INVALID config.json /etl_resource_prefix',
    'SCHEDULE_INVALID pipelines/a.json /schedule/expression',
    'SETTING_REQUIRED pipelines/a.json the',
    'TIMEZONE_INVALID pipelines/a.json /schedule/timezone',
    'UNKNOWN_DATASET pipelines/a.json /datasets/0',
    'UNKNOWN_DATASET pipelines/a.json /datasets/1',
    'UNKNOWN_DATASET pipelines/b.json /datasets/0',
    'URL_INVALID zipcodes/config.json /source_url',
    'VALUE_INVALID pipelines/a.json /max_concurrent_jobs',
    'VALUE_INVALID pipelines/a.json /with_inputs',
    'VALUE_INVALID pipelines/b.json /on_failed_input',
  ]);
});
