import { App, Stack } from 'aws-cdk-lib';
import { IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Auth, BronzeDataset, EtlCore, EtlPipeline, GlueConnection, LakeRoles, Schedule, Source } from '../src';
import { resource, resources } from './assembly';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

const arn = (name: string) => `arn:aws:iam::${ENV.account}:role/${name}`;

function stacksOf({ app }: Lake): Stack[] {
  return app.node.findAll().filter((construct): construct is Stack => Stack.isStack(construct));
}

function iamResources(lake: Lake): string[] {
  return stacksOf(lake).flatMap(stack => resources(stack)).filter(({ Type }) => Type.startsWith('AWS::IAM::'))
    .map(({ id }) => id);
}

/** Adds a dataset with the shared role, a dataset for each reason to have its own role, and a gold dataset. */
function addDatasets(lake: Lake): void {
  const schedule = Schedule.cron('0 6 * * ? *');
  bronze(lake, { dataset: 'shared', schedule }, 'Shared');
  bronze(lake, { dataset: 'secret', auth: Auth.bearer({ secret: 'vendor/api' }) }, 'Secret');
  bronze(lake, { dataset: 'files', source: Source.s3('s3://vendor/in/') }, 'Files');
  bronze(lake, { dataset: 'network', connection: GlueConnection.fromName('vendor') }, 'Network');
  gold(lake, { dataset: 'summary', inputs: [BronzeDataset.fromName(lake.core, 'shared')] }, 'Summary');
  new EtlPipeline(lake.stack, 'Daily', { core: lake.core, datasets: [BronzeDataset.fromName(lake.core, 'shared')] });
}

function jobRoles({ stack }: Lake): { [job: string]: string } {
  return Object.fromEntries(resources(stack, 'AWS::Glue::Job').map(({ Properties }) =>
    [Properties.Name, Properties.Role]));
}

function crawlerRoles({ stack }: Lake): { [crawler: string]: string } {
  return Object.fromEntries(resources(stack, 'AWS::Glue::Crawler').map(({ Properties }) =>
    [Properties.Name.replace(/-crawler$/, ''), Properties.Role]));
}

const EXPECTED = {
  'pp-dw-bronze-shared': arn('org-glue'),
  'pp-dw-bronze-secret': arn('org-secret'),
  'pp-dw-bronze-files': arn('org-files'),
  'pp-dw-bronze-network': arn('org-network'),
  'pp-dw-gold-summary': arn('org-glue'),
};

describe.each(LAYOUTS)('in the layout $name', ({ lake: create }) => {
  test('the roles that you provide are used, and the app creates no role and no policy', () => {
    const scope = new Stack(undefined, 'Scope', { env: ENV });
    const role = (roleName: string): IRole => Role.fromRoleName(scope, roleName, roleName);
    const roles: LakeRoles = {
      glue: role('org-glue'),
      scheduler: role('org-scheduler'),
      stateMachines: role('org-state-machines'),
      deployment: role('org-deployment'),
      datasets: {
        'bronze/secret': role('org-secret'),
        'bronze/files': role('org-files'),
        'bronze/network': role('org-network'),
      },
    };
    const lake = create(ENV, { ...PREFIXES, metrics: true, roles });
    addDatasets(lake);
    expect(iamResources(lake)).toEqual([]);
    expect(jobRoles(lake)).toEqual(EXPECTED);
    expect(crawlerRoles(lake)).toEqual(EXPECTED);
    expect(resource(lake.stack, 'AWS::Scheduler::Schedule').Properties.Target.RoleArn).toBe(arn('org-scheduler'));
    expect(resource(lake.stack, 'AWS::Lambda::Function').Properties.Role).toBe(arn('org-deployment'));
  });
});

describe.each([false, true])('with Role.customizeRoles (two stacks: %s)', isSplit => {
  function customizedLake(): Lake {
    const app = new App();
    Role.customizeRoles(app, {
      usePrecreatedRoles: {
        [`${isSplit ? 'Core' : 'Lake'}/Core/GlueRole`]: 'org-glue',
        [`${isSplit ? 'Core' : 'Lake'}/Core/SchedulerRole`]: 'org-scheduler',
        [`${isSplit ? 'Core' : 'Lake'}/Core/Alerts/Role`]: 'org-alerts',
        [`${isSplit ? 'Core' : 'Lake'}/Core/Alerts/EventsRole`]: 'org-alert-events',
        [`${isSplit ? 'Core' : 'Lake'}/Core/DatasetStateMachineRole`]: 'org-state-machines',
        'Lake/Daily/Role': 'org-pipeline',
        'Lake/GlueScripts/Role': 'org-deployment',
        'Lake/Secret/Role': 'org-secret',
        'Lake/Files/Role': 'org-files',
        'Lake/Network/Role': 'org-network',
      },
    });
    const stack = new Stack(app, 'Lake', { env: ENV });
    const coreStack = isSplit ? new Stack(app, 'Core', { env: ENV }) : stack;
    const core = new EtlCore(coreStack, 'Core', { ...PREFIXES, metrics: true, encrypted: true, alerts: {} });
    const lake = { app, stack, core };
    addDatasets(lake);
    return lake;
  }

  test('jobs, crawlers, schedules and the deployment use the existing roles', () => {
    const lake = customizedLake();
    expect(jobRoles(lake)).toEqual(EXPECTED);
    expect(crawlerRoles(lake)).toEqual(EXPECTED);
    expect(resource(lake.stack, 'AWS::Scheduler::Schedule').Properties.Target.RoleArn).toBe(arn('org-scheduler'));
    expect(resource(lake.stack, 'AWS::Lambda::Function').Properties.Role).toBe(arn('org-deployment'));
  });

  test('alerts use the existing roles, including the alerts of a dataset with other retries', () => {
    const lake = customizedLake();
    bronze(lake, { dataset: 'retried', maxRetries: 3 }, 'Retried');
    const all = [...new Set(stacksOf(lake))].flatMap(stack => resources(stack));
    const of = (type: string) => all.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
    expect(of('AWS::StepFunctions::StateMachine').map(({ RoleArn }) => RoleArn).sort()).toEqual(
      ['org-alerts', 'org-pipeline', 'org-state-machines'].map(arn));
    expect(of('AWS::Events::Rule').map(({ Targets }) => Targets[0].RoleArn)).toEqual(
      Array(5).fill(arn('org-alert-events')));
  });

  test('the app creates no role and no policy', () => {
    expect(iamResources(customizedLake())).toEqual([]);
  });
});

test('Role.customizeRoles without existing roles does not crash', () => {
  const app = new App();
  Role.customizeRoles(app);
  const stack = new Stack(app, 'Lake', { env: ENV });
  const core = new EtlCore(stack, 'Core', { ...PREFIXES, encrypted: true, metrics: true });
  expect(() => addDatasets({ app, stack, core })).not.toThrow();
});

test('the role of a dataset takes precedence over roles.datasets', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const [own, ofLake] = ['own', 'of-lake'].map(name => Role.fromRoleName(stack, name, name));
  const core = EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, roles: { datasets: { 'bronze/fda-nsde': ofLake } } });
  const dataset = bronze({ stack, core }, { role: own });
  expect(dataset.role).toBe(own);
  expect(resource(stack, 'AWS::Glue::Job').Properties.Role).toBe(arn('own'));
});

test('only the deployment of the lake with a role uses that role', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const deployment = Role.fromRoleName(stack, 'Deployment', 'org-deployment');
  const one = EtlCore.fromPrefixes(stack, 'One', { resourcePrefix: 'pp-one', roles: { deployment } });
  const two = EtlCore.fromPrefixes(stack, 'Two', { resourcePrefix: 'pp-two' });
  bronze({ stack, core: one }, {}, 'A');
  bronze({ stack, core: two }, {}, 'B');
  const [ofOne, ofTwo] = ['one', 'two'].map(name => {
    const { Properties } = resources(stack, 'Custom::CDKBucketDeployment')
      .find(each => each.Properties.DestinationBucketName === `pp-${name}-${ENV.account}`)!;
    const id = Properties.ServiceToken['Fn::GetAtt'][0];
    return resources(stack, 'AWS::Lambda::Function').find(each => each.id === id)!.Properties.Role;
  });
  expect(ofOne).toBe(arn('org-deployment'));
  expect(ofTwo).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^GlueScriptsRole/), 'Arn'] });
  const policies = JSON.stringify(resources(stack, 'AWS::IAM::Policy'));
  expect(policies).toContain('arn:aws:s3:::pp-two-');
  expect(policies).not.toContain('arn:aws:s3:::pp-one-');
});

test('a bucket of the app in the same stack keeps its own permissions', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const mine = Role.fromRoleName(stack, 'Mine', 'org-deployment');
  const core = EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, roles: { deployment: mine } });
  new Bucket(stack, 'Site').grantRead(mine);
  bronze({ stack, core });
  expect(JSON.stringify(resources(stack, 'AWS::IAM::Policy'))).not.toContain('pp-dw');
});

test.each(['zipcodes', 'platinum/zipcodes', ''])('the key "%s" of roles.datasets is an error', key => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const datasets = { [key]: Role.fromRoleName(stack, 'Role', 'org') };
  const message = `VALUE_INVALID: Lake/Core: roles.datasets has the invalid key "${key}". Use the layer and the name `
    + 'of a dataset, for example "bronze/zipcodes".';
  expect(() => EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, roles: { datasets } })).toThrow(message);
  expect(() => new EtlCore(new Stack(stack.node.root as App, 'Other'), 'Core', { ...PREFIXES, roles: { datasets } }))
    .toThrow('VALUE_INVALID');
});

test.each<[string, unknown, string]>([
  ['the name of a role', { glue: 'org-glue' }, 'PROP_TYPE_INVALID: Lake/Core: roles.glue has the wrong type.'],
  [
    'a misspelled key',
    { scheduller: {} },
    'UNKNOWN_KEY: Lake/Core: roles has the unknown key "scheduller". Did you mean "scheduler"?',
  ],
  ['a name for a dataset', { datasets: { 'gold/a': 'org' } }, 'PROP_TYPE_INVALID: Lake/Core: roles.datasets.gold/a'],
  [
    'a list of datasets',
    { datasets: [] },
    'PROP_TYPE_INVALID: Lake/Core: roles.datasets has the wrong type. Use an object.',
  ],
])('roles with %s are an error', (_, roles, message) => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  expect(() => EtlCore.fromPrefixes(stack, 'Core', { ...PREFIXES, roles: roles as LakeRoles })).toThrow(message);
});
