import { App, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import * as first from '../src';
import { resource, resources } from './assembly';
import { filesBelow, readText } from './documentation-pages';
import { bronze, ENV, gold } from './layouts';

/** A second copy of the package, as npm installs it for a workspace. Both use the same copy of aws-cdk-lib. */
function secondCopy(): typeof first {
  const peers = new Set(filesBelow('src', '.ts').flatMap(file =>
    [...readText(file).matchAll(/from '((?:aws-cdk-lib|constructs)[^']*)'/g)].map(([, module]) => module)));
  const loaded = [...peers].map(module => [module, jest.requireActual<object>(module)] as const);
  let copy: typeof first | undefined;
  jest.isolateModules(() => {
    for (const [module, exported] of loaded) {
      jest.doMock(module, () => exported);
    }
    copy = jest.requireActual<typeof first>('../src');
  });
  return copy!;
}

const second = secondCopy();

function dataset(copy: typeof first, stack: Stack, core: first.IEtlCore, name: string): first.BronzeDataset {
  return new copy.BronzeDataset(stack, name, {
    core,
    dataset: name,
    dataSizeCategory: copy.DataSizeCategory.SMALL,
    source: copy.Source.url('https://example.org/a.csv'),
  });
}

function stackWithCore(copy: typeof first): { stack: Stack; core: first.EtlCore } {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  return { stack, core: new copy.EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' }) };
}

test('the copies have different classes', () => {
  expect(second.EtlCore).not.toBe(first.EtlCore);
  expect(stackWithCore(first).core).not.toBeInstanceOf(second.EtlCore);
});

test('a core is recognized by the other copy, another construct is not', () => {
  const { stack, core } = stackWithCore(first);
  expect(second.EtlCore.isEtlCore(core)).toBe(true);
  expect(second.EtlCore.isEtlCore(stack)).toBe(false);
  const imported = first.EtlCore.fromPrefixes(stack, 'Other', { resourcePrefix: 'pp-dev' });
  expect(second.EtlCore.isEtlCore(imported)).toBe(false);
});

describe.each([
  ['the first', first, second],
  ['the second', second, first],
])('with the core of %s copy', (_, one, other) => {
  test('the job and the deployment depend on the same resources as with one copy', () => {
    const dependencies = (copy: typeof first) => {
      const { stack, core } = stackWithCore(one);
      dataset(copy, stack, core, 'zip');
      return ['AWS::Glue::Job', 'AWS::Glue::Crawler', 'Custom::CDKBucketDeployment']
        .map(type => resource(stack, type).DependsOn);
    };
    expect(dependencies(other)).toEqual(dependencies(one));
    expect(dependencies(other).flat()).toEqual(expect.arrayContaining([
      expect.stringMatching(/^CoreGlueRole/), expect.stringMatching(/^CoreBucket/), expect.stringMatching(/^CoreBronze/),
    ]));
  });

  test('a dataset uses the key of the lake by its ARN', () => {
    const keyOf = (copy: typeof first) => {
      const stack = new Stack(new App(), 'Lake', { env: ENV });
      const key = Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${ENV.region}:${ENV.account}:key/11111111-1111`);
      const core = new one.EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', encryptionKey: key });
      new copy.BronzeDataset(stack, 'zip', {
        core, dataset: 'zip', dataSizeCategory: copy.DataSizeCategory.SMALL, source: copy.Source.s3('s3://vendor/in/'),
      });
      return resources(stack, 'AWS::IAM::Role').filter(({ id }) => id.startsWith('zip'));
    };
    expect(keyOf(other)).toEqual(keyOf(one));
  });

  test('both copies deploy the scripts of their datasets in one stack', () => {
    const { stack, core } = stackWithCore(one);
    dataset(one, stack, core, 'one');
    dataset(other, stack, core, 'other');
    const deployments = resources(stack, 'Custom::CDKBucketDeployment');
    expect(deployments).toHaveLength(2);
    expect(resources(stack, 'AWS::Lambda::Function')).toHaveLength(2);
    expect(resources(stack, 'AWS::Glue::Job').map(({ DependsOn }) =>
      deployments.filter(({ id }) => DependsOn!.includes(id)).length)).toEqual([1, 1]);
  });

  test('a name that a dataset of the other copy has is an error', () => {
    const { stack, core } = stackWithCore(one);
    dataset(one, stack, core, 'zip');
    const elsewhere = new Stack(stack.node.root as App, 'Elsewhere', { env: ENV });
    expect(() => dataset(other, elsewhere, core, 'zip')).toThrow(/^NAME_TAKEN/);
  });

  test('inputs that form a cycle across copies are an error', () => {
    const { stack, core } = stackWithCore(one);
    gold({ stack, core }, { dataset: 'a', inputs: [one.GoldDataset.fromName(core, 'b')] }, 'A');
    expect(() => new other.GoldDataset(stack, 'B', {
      core,
      dataset: 'b',
      dataSizeCategory: other.DataSizeCategory.SMALL,
      inputs: [other.GoldDataset.fromName(core, 'a')],
      transform: other.Transform.sql('SELECT 1 AS a'),
    })).toThrow(/^INPUTS_CYCLE/);
  });

  test('an environment that differs from that of the core is an error', () => {
    const { stack, core } = stackWithCore(one);
    const elsewhere = new Stack(stack.node.root as App, 'Elsewhere', { env: { ...ENV, region: 'us-east-1' } });
    expect(() => dataset(other, elsewhere, core, 'zip')).toThrow(/^ENVIRONMENT_MISMATCH/);
  });

  const props = ['auth', 'fileFormat', 'schedule', 'connection'] as const;
  test.each(props)('%s of the other copy has the same effect', prop => {
    const documentOf = (copy: typeof first) => {
      const { stack, core } = stackWithCore(one);
      return bronze({ stack, core }, {
        [prop]: {
          auth: copy.Auth.bearer({ secret: 'vendor/api' }),
          fileFormat: copy.FileFormat.csv({ delimiter: '|' }),
          schedule: copy.Schedule.cron('0 6 * * ? *'),
          connection: copy.GlueConnection.fromName('vendor'),
        }[prop],
      }).document;
    };
    expect(documentOf(other)).toBe(documentOf(one));
  });
});

/** A construct that contains the core, like a construct that a platform team publishes. */
class Platform extends Construct implements first.IEtlCore {
  readonly inner: first.EtlCore;
  readonly resourcePrefix = 'pp-dw';
  readonly databasePrefix = 'pp_dw';
  readonly glueDefaults = {};
  readonly glueWorkerConfigs = {};
  readonly tableFormat = first.TableFormat.PARQUET;
  readonly lineage = false;
  readonly lakeFormation = false;
  readonly snapshotRetention = Duration.days(7);
  readonly metrics = false;
  readonly encrypted = false;

  constructor(scope: Construct) {
    super(scope, 'Core');
    this.inner = new first.EtlCore(this, 'Inner', { resourcePrefix: 'pp-dw' });
  }

  grantQuery(grantee: IGrantable, options?: first.QueryGrantOptions): Grant {
    return this.inner.grantQuery(grantee, options);
  }
}

test.each<[string, (stack: Stack) => first.IEtlCore]>([
  ['a construct that contains the core', stack => new Platform(stack)],
  ['a subclass', stack => new (class extends first.EtlCore {})(stack, 'Core', { resourcePrefix: 'pp-dw' })],
  ['a proxy', stack => new Proxy(new first.EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' }), {})],
])('the job depends on the core if the dataset gets %s', (_, createCore) => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  bronze({ stack, core: createCore(stack) });
  expect(resource(stack, 'AWS::Glue::Job').DependsOn).toEqual(expect.arrayContaining([
    expect.stringMatching(/^Core.*GlueRole/), expect.stringMatching(/^Core.*BronzeDatabase/),
  ]));
});

test('a dataset in another stage does not depend on the core', () => {
  const app = new App();
  const core = new first.EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  const stack = new Stack(new Stage(app, 'Dev'), 'Lake');
  dataset(second, stack, core, 'zip');
  expect(() => app.synth()).not.toThrow();
});
