import * as fs from 'fs';
import * as path from 'path';
import { medallionIn, ProcessResult } from '../cli/app-fixture';
import { codeBlocks, readText, tableRows } from '../documentation-pages';
import { synthesizeDocumented, TemplateResource, templateResources, templatesBelow } from '../documented-app';

const PAGE = 'docs/operations/environments.md';
const ACCOUNTS = { Delivery: '111111111111', Development: '222222222222', Production: '333333333333' };
const STAGES = ['Development', 'Production'] as const;
const FILES = {
  'gold/airports_by_state.sql': block('sql'),
  'gold/tests/airports-by-state.yaml': block('yaml'),
};

function block(language: string): string {
  return codeBlocks(PAGE).find(each => each.language === language)!.text;
}

let assembly: string;
beforeAll(() => { assembly = synthesizeDocumented(PAGE, { files: FILES }); });

const folderOf = (stage: string) => path.join(assembly, `assembly-${stage}`);

function ofStage(stage: string, type?: string): TemplateResource[] {
  return templateResources(folderOf(stage)).filter(({ Type }) => type === undefined || Type === type);
}

function textsOf(stage: string): string[] {
  return templatesBelow(folderOf(stage)).map(file => fs.readFileSync(path.join(folderOf(stage), file), 'utf8'));
}

function medallion(...args: string[]): ProcessResult {
  return medallionIn(path.dirname(assembly), args);
}

/** The stages of the delivery pipeline with their actions. */
function deliveryStages(): { [stage: string]: string[] } {
  const { Properties } = delivery('AWS::CodePipeline::Pipeline')[0];
  const stages = Properties.Stages as { Name: string; Actions: { Name: string }[] }[];
  return Object.fromEntries(stages.map(({ Name, Actions }) => [Name, Actions.map(action => action.Name)]));
}

function delivery(type: string): TemplateResource[] {
  const { Resources } = JSON.parse(fs.readFileSync(path.join(assembly, 'Delivery.template.json'), 'utf8'));
  return Object.entries(Resources as { [id: string]: Omit<TemplateResource, 'id'> })
    .map(([id, resource]) => ({ id, ...resource })).filter(({ Type }) => Type === type);
}

test('each stage has a stack for the core and one for the datasets', () => {
  expect(templatesBelow(assembly).map(file => file.replace(/[0-9A-F]{8}\.template\.json$/, ''))).toEqual([
    'Delivery.template.json', 'assembly-Development/DevelopmentCore', 'assembly-Development/DevelopmentDatasets',
    'assembly-Production/ProductionCore', 'assembly-Production/ProductionDatasets',
  ]);
});

test.each(STAGES)('the stacks of %s are deployed to its account', stage => {
  const { artifacts } = JSON.parse(fs.readFileSync(path.join(folderOf(stage), 'manifest.json'), 'utf8'));
  const environments = Object.values(artifacts as { [id: string]: { type: string; environment?: string } })
    .filter(({ type }) => type === 'aws:cloudformation:stack').map(({ environment }) => environment);
  expect(environments).toEqual(Array(2).fill(`aws://${ACCOUNTS[stage]}/us-east-1`));
});

test.each(STAGES)('the templates of %s contain no export and no account of another environment', stage => {
  const others = Object.values(ACCOUNTS).filter(account => account !== ACCOUNTS[stage]);
  for (const text of textsOf(stage)) {
    expect(text).not.toMatch(/Fn::ImportValue|"Export"/);
    expect(others.filter(account => text.includes(account))).toEqual([]);
  }
});

test('the environments have the same jobs, databases and state machine', () => {
  const namesOf = (stage: string, type: string, key: string) =>
    ofStage(stage, type).map(({ Properties }) => Properties[key] as unknown);
  for (const [type, key, names] of [
    ['AWS::Glue::Job', 'Name', ['pp-dw-bronze-airports', 'pp-dw-gold-airports-by-state']],
    ['AWS::Glue::Database', 'DatabaseInput', ['bronze', 'silver', 'gold'].map(layer =>
      expect.objectContaining({ Name: `pp_dw_${layer}` }))],
    ['AWS::Glue::Job', 'GlueVersion', ['6.0', '6.0']],
  ] as const) {
    for (const stage of STAGES) {
      expect(namesOf(stage, type, key)).toEqual(names);
    }
  }
});

test('the environments differ as the table of the page says', () => {
  const rows = tableRows(PAGE, 'setting').map(row => row.split('|').slice(1, -1).map(cell => cell.trim()));
  const [development, production] = STAGES.map(stage => ({
    bucket: ofStage(stage, 'AWS::S3::Bucket')[0].Properties.BucketName as string,
    schedules: ofStage(stage, 'AWS::Scheduler::Schedule')
      .map(({ Properties }) => Properties.ScheduleExpression as string),
    topics: ofStage(stage, 'AWS::SNS::Topic').length,
    subscriptions: ofStage(stage, 'AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint as string),
  }));
  expect(rows.slice(0, 2)).toEqual([
    ['account', ...STAGES.map(stage => `\`${ACCOUNTS[stage]}\``)],
    ['bucket', ...[development, production].map(({ bucket }) => `\`${bucket}\``)],
  ]);
  expect(development).toMatchObject({ schedules: [], topics: 0, subscriptions: [] });
  expect(production).toMatchObject({
    schedules: ['cron(0 6 * * ? *)'], topics: 1, subscriptions: ['on-call@example.org'],
  });
  expect(rows.slice(3)).toEqual([
    ['schedule of the pipeline', 'none: start it manually', 'every day at 06:00 UTC'],
    ['alerts', 'none', 'to the on-call address'],
  ]);
});

test('production is deployed after development and an approval, and the core before the datasets', () => {
  expect(Object.keys(deliveryStages())).toEqual([
    'Source', 'Build', 'UpdatePipeline', 'Assets', 'Development', 'Production',
  ]);
  const { Development, Production } = deliveryStages();
  expect(Development).toEqual(['Core.Prepare', 'Core.Deploy', 'Datasets.Prepare', 'Datasets.Deploy']);
  expect(Production).toEqual(['Approve', ...Development]);
  const { Properties } = delivery('AWS::CodePipeline::Pipeline')[0];
  const actions = Properties.Stages[5].Actions as { Name: string; RunOrder: number; ActionTypeId: object }[];
  expect(actions[0].ActionTypeId).toMatchObject({ Category: 'Approval', Provider: 'Manual' });
  expect(actions.filter(({ RunOrder }) => RunOrder <= actions[0].RunOrder)).toEqual([actions[0]]);
});

test('each file asset of a stage is published to the account of the stage', () => {
  const builds = delivery('AWS::CodeBuild::Project')
    .map(({ Properties }) => JSON.stringify(Properties.Source.BuildSpec));
  for (const stage of STAGES) {
    const assets = fs.readdirSync(folderOf(stage)).filter(file => /Datasets[0-9A-F]+\.assets\.json$/.test(file));
    const { files } = JSON.parse(fs.readFileSync(path.join(folderOf(stage), assets[0]), 'utf8'));
    const hashes = Object.entries(files as { [hash: string]: { source: { path: string } } })
      .filter(([, { source }]) => !source.path.endsWith('.template.json')).map(([hash]) => hash);
    expect(hashes.length).toBeGreaterThan(0);
    for (const hash of hashes) {
      expect(builds.filter(build => build.includes(`${hash}:${ACCOUNTS[stage]}-us-east-1`))).toHaveLength(1);
    }
  }
});

test('the synth step runs the SQL tests of one environment', () => {
  const { Properties } = delivery('AWS::CodeBuild::Project').find(({ id }) => id.includes('Synth'))!;
  const { phases } = JSON.parse(Properties.Source.BuildSpec as string);
  expect(phases.install['runtime-versions']).toEqual({ nodejs: '22', python: '3.12' });
  expect(phases.build.commands).toEqual([
    'npm ci', 'npx cdk synth', 'npx medallion test --app cdk.out/assembly-Development',
  ]);
});

test('the assembly of a stage is an app for `medallion`', () => {
  const { code, stdout } = medallion('list', '--json', '--app', 'cdk.out/assembly-Development');
  const datasets = JSON.parse(stdout) as { dataset: string; stack: string }[];
  expect(code).toBe(0);
  expect(datasets.map(({ dataset, stack }) => [dataset, stack])).toEqual([
    ['airports', 'Development-Datasets'], ['airports-by-state', 'Development-Datasets'],
  ]);
});

describe('in one account', () => {
  const inOneAccount = (text: string) => text.replace(ACCOUNTS.Production, ACCOUNTS.Development);
  const withPrefixes = (text: string) => text
    .replace('interface LakeStageProps extends StageProps {\n', '$&  readonly resourcePrefix: string;\n')
    .replace("resourcePrefix: 'pp-dw'", 'resourcePrefix: props.resourcePrefix')
    .replace("new LakeStage(app, 'Development', {", "$& resourcePrefix: 'pp-dw-dev',")
    .replace("new LakeStage(app, 'Production', {", "$& resourcePrefix: 'pp-dw',");

  test('the same prefix for both environments is an error', () => {
    expect(() => synthesizeDocumented(PAGE, { files: FILES, edit: inOneAccount })).toThrow('NAME_TAKEN');
  });

  test('the environments have different prefixes', () => {
    expect(readText(PAGE)).toContain('add `resourcePrefix` to `LakeStageProps`, and pass `pp-dw` and `pp-dw-dev`');
    const folder = synthesizeDocumented(PAGE, {
      files: FILES,
      edit: text => withPrefixes(inOneAccount(text)),
    });
    const jobs = templateResources(folder).filter(({ Type }) => Type === 'AWS::Glue::Job');
    expect(jobs.map(({ Properties }) => Properties.Name)).toEqual([
      'pp-dw-dev-bronze-airports', 'pp-dw-dev-gold-airports-by-state', 'pp-dw-bronze-airports',
      'pp-dw-gold-airports-by-state',
    ]);
  });
});
