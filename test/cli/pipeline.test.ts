import * as fs from 'fs';
import * as path from 'path';
import { FixturePipeline, glueJob, stateMachine, temporaryFolder, writeAssembly } from './assembly-fixture';
import { readDatasets } from '../../src/cli/dataset';
import { defaultRules } from '../../src/cli/dataset-runner';
import { describePipeline } from '../../src/cli/describe';
import { Lake } from '../../src/cli/lake';
import { datasetsOf, readPipelines, selectPipeline } from '../../src/cli/pipeline';
import { datasetResultOf, StoredResult } from '../../src/cli/pipeline-result';
import { readPublication } from '../../src/cli/publication';
import { Result } from '../../src/cli/result';

const machine = (props: Partial<FixturePipeline> = {}) =>
  stateMachine({ pipeline: 'daily', inputs: { 'bronze/zipcodes': [] }, ...props });
const RESULT = { pipeline: 'daily', datasets: [{ dataset: 'bronze/zipcodes', status: 'failed', reason: 'x' }] };

describe('readPipelines', () => {
  test.each([
    ['aws://111122223333/eu-west-1', 'arn:aws:states:eu-west-1:111122223333:stateMachine:pp-dw-daily'],
    ['aws://111122223333/cn-north-1', 'arn:aws-cn:states:cn-north-1:111122223333:stateMachine:pp-dw-daily'],
    ['aws://111122223333/us-gov-west-1', 'arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:pp-dw-daily'],
    ['aws://111122223333/unknown-region', undefined],
    ['aws://unknown-account/eu-west-1', undefined],
  ])('the ARN of a state machine in %s is %s', (environment, arn) => {
    const [pipeline] = readPipelines(writeAssembly({ Pipelines: { environment, resources: { Daily: machine() } } }));
    expect(pipeline.arn).toBe(arn);
  });

  test.each([
    ['a definition in a file', { DefinitionS3Location: { Bucket: 'b', Key: 'k' } }],
    ['a definition that is not JSON', { DefinitionString: 'x' }],
    ['a definition that is null', { DefinitionString: 'null' }],
    ['another definition', { DefinitionString: '{"States": {"Datasets": {"Type": "Pass"}}}' }],
    ['a definition that is only known at deployment', { DefinitionString: { 'Fn::ImportValue': 'x' } }],
  ])('a state machine with %s is not a pipeline', (_what, Properties) => {
    const Other = { Type: 'AWS::StepFunctions::StateMachine', Properties };
    expect(readPipelines(writeAssembly({ Pipelines: { resources: { Other } } }))).toEqual([]);
  });
});

describe('a pipeline with a name that several have is selected', () => {
  test('by its state machine, if two lakes have it', () => {
    const app = writeAssembly({ All: { resources: { A: machine(), B: machine({ prefix: 'dev' }) } } });
    const pipelines = readPipelines(app);
    expect(() => selectPipeline(pipelines, 'daily')).toThrow(
      '"daily" matches 2 pipelines: pp-dw-daily in stack All, dev-daily in stack All. '
        + 'Specify pp-dw-daily or dev-daily.',
    );
    expect(selectPipeline(pipelines, 'dev-daily').resourcePrefix).toBe('dev');
  });

  test('by its stack', () => {
    const pipelines = readPipelines(
      writeAssembly({ One: { resources: { A: machine() } }, Two: { resources: { A: machine() } } }),
    );
    expect(() => selectPipeline(pipelines, 'daily')).toThrow('Add --stack One or --stack Two.');
    expect(selectPipeline(pipelines, 'daily', 'Two').stack).toBe('Two');
  });

  test('by the assembly of its stage', () => {
    const stage = { Pipelines: { resources: { A: machine() } } };
    const app = writeAssembly({}, { 'assembly-Dev': stage, 'assembly-Prod': stage });
    expect(() => selectPipeline(readPipelines(app), 'daily'))
      .toThrow('Select the assembly of one stage with --app cdk.out/assembly-STAGE.');
    expect(selectPipeline(readPipelines(path.join(app, 'assembly-Dev')), 'daily').pipeline).toBe('daily');
  });
});

test('the datasets of a pipeline are those of its lake, its stage and its environment', () => {
  const environment = 'aws://111122223333/eu-west-1';
  const otherLake = glueJob({ dataset: 'zipcodes' });
  otherLake.Properties.Name = 'dev-bronze-zipcodes';
  const stage = {
    Datasets: { environment, resources: { A: glueJob({ dataset: 'zipcodes' }), B: glueJob({ dataset: 'airports' }) } },
    OtherRegion: { environment: 'aws://111122223333/us-east-1', resources: { A: glueJob({ dataset: 'zipcodes' }) } },
    OtherLake: { environment, resources: { A: otherLake } },
    Pipelines: { environment, resources: { A: machine({ inputs: { 'bronze/zipcodes': [], 'bronze/other': [] } }) } },
  };
  const app = writeAssembly({}, { 'assembly-Dev': stage, 'assembly-Prod': stage });
  const [dev, prod] = readPipelines(app);
  for (const pipeline of [dev, prod]) {
    const found = [...datasetsOf(pipeline, readDatasets(app))];
    expect(found.map(([name, { stack, assembly }]) => ({ name, stack, assembly }))).toEqual([
      { name: 'bronze/zipcodes', stack: 'Datasets', assembly: pipeline.assembly },
    ]);
  }
  expect(dev.assembly).not.toBe(prod.assembly);
});

const lake = Lake.open(temporaryFolder());

describe('the stored result', () => {
  test('is read until it is removed, and the file is replaced in one step', () => {
    const stored = new StoredResult(lake, 'one');
    expect(stored.read()).toBeUndefined();
    stored.write(RESULT);
    expect(stored.read()).toEqual(RESULT);
    expect(fs.readdirSync(lake.pipelines)).toEqual(['one.json']);
    stored.remove();
    stored.remove();
    expect(stored.read()).toBeUndefined();
  });

  test.each(['', '{', 'null', '[]', '{"datasets": []}', '{"datasets": 1}'])('is an error if the file is %j', text => {
    const stored = new StoredResult(lake, 'damaged');
    stored.write(RESULT);
    fs.writeFileSync(path.join(lake.pipelines, 'damaged.json'), text);
    expect(() => stored.read()).toThrow(
      `${path.join(lake.pipelines, 'damaged.json')} is not the result of a pipeline run. Delete the file, and run`,
    );
  });

  test('stays in its folder, whatever its name', () => {
    new StoredResult(lake, '../../x').write(RESULT);
    expect(fs.readdirSync(lake.pipelines)).toContain('..%2F..%2Fx.json');
  });
});

const RUN: Result = {
  dataset: 'zipcodes', layer: 'bronze', run_id: 'r1', status: 'published', seconds: 1.5, tables: [],
};
const TABLE = { name: 't', database: 'd', rows: 3, location: 's3://b/t/', columns: [], rescued: null };

test.each<[string, Partial<Result>, object]>([
  ['the rows of all tables', { tables: [TABLE, TABLE] }, { status: 'published', rows: 6, seconds: 1.5, run_id: 'r1' }],
  [
    'an unchanged source',
    { status: 'unchanged' },
    { status: 'unchanged', seconds: 1.5, run_id: 'r1', reason: 'the source is unchanged' },
  ],
  [
    'a job without a run record',
    { status: 'succeeded', run_id: null },
    { status: 'succeeded', seconds: 1.5, reason: 'the job wrote no run record' },
  ],
  ['an error', { status: 'failed', error: 'E: x' }, { status: 'failed', seconds: 1.5, run_id: 'r1', reason: 'E: x' }],
  [
    'the reason why the job did not start',
    { status: 'unchanged', seconds: 0, reason: 'up to date' },
    { status: 'unchanged', run_id: 'r1', reason: 'up to date' },
  ],
])('the result in a pipeline has %s', (_what, result, expected) => {
  expect(datasetResultOf({ ...RUN, ...result })).toEqual({ dataset: 'bronze/zipcodes', ...expected });
});

test('the summary of a pipeline has one line per dataset, and the reason below it if it does not fit', () => {
  const result = {
    pipeline: 'daily',
    datasets: [
      { dataset: 'bronze/zipcodes', status: 'published', rows: 42049, seconds: 12.34, run_id: 'r1' },
      { dataset: 'gold/places', status: 'skipped', reason: 'not run because of bronze/gone (failed)' },
    ],
  };
  expect(describePipeline(result)).toEqual([
    '',
    'dataset          status       rows  seconds  run  reason',
    'bronze/zipcodes  published  42,049     12.3  r1',
    'gold/places      skipped                          not run because of bronze/gone (failed)',
  ]);
  expect(describePipeline(result, 60)).toEqual([
    '',
    'dataset          status       rows  seconds  run',
    'bronze/zipcodes  published  42,049     12.3  r1',
    'gold/places      skipped',
    '    not run because of bronze/gone (failed)',
  ]);
});

test.each(['', '{', 'null', '[]', '{"run_id": "r1"}'])('a published.json with %j is not a publication', text => {
  const runs = 's3://lake/etl/zipcodes/runs/bronze/';
  fs.mkdirSync(lake.pathOf(runs), { recursive: true });
  fs.writeFileSync(lake.publicationOf(runs), text);
  expect(readPublication(lake, runs)).toBeUndefined();
});

test('without a pipeline, a dataset does not wait for inputs that do not run', () => {
  const resources = {
    A: glueJob({ dataset: 'zipcodes' }),
    B: glueJob({ dataset: 'places', layer: 'gold', inputs: ['bronze/zipcodes', 'bronze/other'] }),
  };
  const [zipcodes, places] = readDatasets(writeAssembly({ Datasets: { resources } }));
  expect(defaultRules([zipcodes, places], lake).nodes).toEqual([
    { dataset: zipcodes.runs, inputs: [] }, { dataset: places.runs, inputs: [zipcodes.runs] },
  ]);
  expect(defaultRules([places], lake).nodes).toEqual([{ dataset: places.runs, inputs: [] }]);
});
