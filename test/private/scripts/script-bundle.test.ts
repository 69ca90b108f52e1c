import { readdirSync, readFileSync, statSync } from 'fs';
import * as path from 'path';
import { App, Aspects, Size, Stack, Tags } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, BucketDeploymentProps, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { strFromU8, unzipSync } from 'fflate';
import { EtlCore, Source as LakeSource } from '../../../src';
import { etlRuntimePackage } from '../../../src/private/scripts/job-package';
import { deployedFiles, resource, resources } from '../../assembly';
import { bronze, ENV, LAYOUTS, PREFIXES } from '../../layouts';

describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
  test('every dataset has its script, document and package in a separate folder', () => {
    const where = lake(ENV);
    const datasets = [bronze(where), bronze(where, { dataset: 'fda-cder', delimiter: '|' }, 'Cder')];
    const files = deployedFiles(where.stack);
    const { fileName, bytes } = etlRuntimePackage();
    expect([...files.keys()].sort()).toEqual(
      ['fda-cder', 'fda-nsde'].flatMap(dataset =>
        ['bronze.json', 'bronze_job.py', fileName].map(file => `${dataset}/glue/${file}`),
      ),
    );
    for (const { dataset, document } of datasets) {
      expect(JSON.parse(files.get(`${dataset}/glue/bronze.json`)!.toString())).toEqual(JSON.parse(document));
      expect(files.get(`${dataset}/glue/bronze_job.py`)).toEqual(
        readFileSync(path.join(__dirname, '../../../glue-templates/jobs/bronze_job.py')),
      );
      expect(new Uint8Array(files.get(`${dataset}/glue/${fileName}`)!)).toEqual(bytes);
    }
  });

  test('the job arguments refer to the deployed files', () => {
    const where = lake(ENV);
    bronze(where);
    const { DestinationBucketName, DestinationBucketKeyPrefix } = resource(
      where.stack,
      'Custom::CDKBucketDeployment',
    ).Properties;
    const deployed = [...deployedFiles(where.stack).keys()].map(file => `s3://${DestinationBucketName}/${DestinationBucketKeyPrefix}/${file}`);
    const { Command, DefaultArguments } = resource(where.stack, 'AWS::Glue::Job').Properties;
    expect(
      [Command.ScriptLocation, DefaultArguments['--dataset_config'], DefaultArguments['--extra-py-files']].sort(),
    ).toEqual(deployed.sort());
  });

  test('a stack has one deployment, which does not delete files or tag the bucket', () => {
    const where = lake(ENV);
    bronze(where);
    bronze(where, { dataset: 'fda-cder' }, 'Cder');
    expect(resource(where.stack, 'Custom::CDKBucketDeployment').Properties).toMatchObject({
      DestinationBucketName: 'pp-dw-123456789012', DestinationBucketKeyPrefix: 'etl', Prune: false,
    });
    for (const { template } of where.app.synth().stacks) {
      expect(JSON.stringify(template)).not.toContain('aws-cdk:cr-owned');
    }
  });

  test('the function of the deployment can only write scripts in the lake bucket', () => {
    const where = lake(ENV);
    bronze(where);
    const policy = resources(where.stack, 'AWS::IAM::Policy').find(({ id }) => id.startsWith('GlueScripts'))!;
    const ofLake = policy.Properties.PolicyDocument.Statement.filter(({ Resource }: { Resource: unknown }) =>
      JSON.stringify(Resource).includes('pp-dw'),
    );
    expect(ofLake).toEqual([
      {
        Action: 's3:ListBucket',
        Effect: 'Allow',
        Resource: 'arn:aws:s3:::pp-dw-123456789012',
        Condition: { StringLike: { 's3:prefix': 'etl/*' } },
      },
      { Action: 's3:PutObject', Effect: 'Allow', Resource: 'arn:aws:s3:::pp-dw-123456789012/etl/*/glue/*' },
    ]);
    expect(resource(where.stack, 'AWS::Lambda::Function').Properties).toMatchObject({
      MemorySize: 512,
      LoggingConfig: { LogGroup: expect.anything() },
    });
  });
});

test('the package contains the modules that the job imports', () => {
  const { bytes } = etlRuntimePackage();
  const modules = Object.keys(unzipSync(bytes));
  const script = readFileSync(path.join(__dirname, '../../../glue-templates/jobs/bronze_job.py'), 'utf8');
  for (const [, module] of script.matchAll(/^from (etl_runtime(?:\.\w+)+) import/gm)) {
    expect(modules).toContain(`${module.replace('.', '/')}.py`);
  }
  expect(strFromU8(unzipSync(bytes)['etl_runtime/__init__.py'])).toBeDefined();
});

test('two lakes in one stack have separate deployments', () => {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const [one, other] = ['pp-one', 'pp-two'].map(resourcePrefix =>
    EtlCore.fromPrefixes(stack, resourcePrefix, { resourcePrefix }),
  );
  bronze({ stack, core: one }, {}, 'One');
  bronze({ stack, core: other }, {}, 'Other');
  expect(resources(stack, 'Custom::CDKBucketDeployment').map(({ Properties }) => Properties.DestinationBucketName))
    .toEqual(['pp-one-123456789012', 'pp-two-123456789012']);
  expect(resources(stack, 'AWS::Lambda::Function')).toHaveLength(1);
  expect(JSON.stringify(resource(stack, 'AWS::IAM::Policy'))).toContain(
    'arn:aws:s3:::pp-two-123456789012/etl/*/glue/*',
  );
});

describe('another BucketDeployment in the same stack', () => {
  const MIB_512 = { memoryLimit: 512 };
  const SAME_AS_OURS = { memoryLimit: 512, ephemeralStorageSize: Size.mebibytes(513) };

  function withSite(props: Partial<BucketDeploymentProps>, encrypted: boolean, siteFirst: boolean) {
    const where = LAYOUTS[2].lake(ENV, { ...PREFIXES, encrypted });
    const site = () =>
      new BucketDeployment(where.stack, 'Site', {
        sources: [Source.data('index.html', 'hello')],
        destinationBucket: Bucket.fromBucketName(where.stack, 'SiteBucket', 'our-site'),
        ...props,
      });
    if (siteFirst) {
      site();
      bronze(where);
    } else {
      bronze(where);
      site();
    }
    return where.stack;
  }

  /** The role of the function of a deployment, and the statements of that role. */
  function handlerOf(stack: Stack, bucket: string) {
    const deployment = resources(stack, 'Custom::CDKBucketDeployment').find(
      ({ Properties }) => Properties.DestinationBucketName === bucket,
    )!;
    const functionId = deployment.Properties.ServiceToken['Fn::GetAtt'][0];
    const handler = resources(stack, 'AWS::Lambda::Function').find(({ id }) => id === functionId)!;
    const role = handler.Properties.Role['Fn::GetAtt'][0];
    const policies = resources(stack, 'AWS::IAM::Policy')
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role));
    return { functionId, role, policies: JSON.stringify(policies) };
  }

  test.each([
    ['the default memory', {}],
    ['512 MiB', MIB_512],
    ['512 MiB and the minimum storage', { ...MIB_512, ephemeralStorageSize: Size.mebibytes(512) }],
    ['the memory and the storage of our function', SAME_AS_OURS],
  ].flatMap(([name, props]) => [true, false].flatMap(encrypted => [true, false].map(siteFirst =>
    [name, encrypted, siteFirst, props] as [string, boolean, boolean, Partial<BucketDeploymentProps>]))),
  )('with %s has its own function and role (encrypted: %s, created first: %s)', (_, encrypted, siteFirst, props) => {
    const stack = withSite(props, encrypted, siteFirst);
    const ours = handlerOf(stack, 'pp-dw-123456789012');
    const theirs = handlerOf(stack, 'our-site');
    expect(ours.functionId).not.toBe(theirs.functionId);
    expect(ours.role).not.toBe(theirs.role);
    expect(theirs.policies).toContain('arn:aws:s3:::our-site/*');
    expect(theirs.policies).not.toContain('pp-dw');
    expect(ours.policies).toContain('arn:aws:s3:::pp-dw-123456789012/etl/*/glue/*');
    expect(ours.policies).not.toContain('our-site');
  });

  test('that an aspect creates has its own function and role', () => {
    const where = LAYOUTS[2].lake(ENV);
    bronze(where);
    Aspects.of(where.stack).add({
      visit: node => {
        if (node === where.stack && !node.node.tryFindChild('Site')) {
          new BucketDeployment(where.stack, 'Site', {
            sources: [Source.data('index.html', 'hello')],
            destinationBucket: Bucket.fromBucketName(where.stack, 'SiteBucket', 'our-site'),
            memoryLimit: 512,
            ephemeralStorageSize: Size.mebibytes(512),
          });
        }
      },
    });
    const theirs = handlerOf(where.stack, 'our-site');
    expect(theirs.functionId).not.toBe(handlerOf(where.stack, 'pp-dw-123456789012').functionId);
    expect(theirs.policies).not.toContain('pp-dw');
  });

  test('with a role of the user does not extend that role', () => {
    const where = LAYOUTS[2].lake(ENV);
    const role = new Role(where.stack, 'Mine', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    new BucketDeployment(where.stack, 'Site', {
      sources: [Source.data('index.html', 'hello')],
      destinationBucket: Bucket.fromBucketName(where.stack, 'SiteBucket', 'our-site'),
      role,
      ...SAME_AS_OURS,
    });
    bronze(where);
    expect(JSON.stringify(resources(where.stack, 'AWS::IAM::Policy').filter(({ id }) => id.startsWith('Mine'))))
      .not.toContain('pp-dw');
    expect(handlerOf(where.stack, 'pp-dw-123456789012').role).toMatch(/^GlueScripts/);
  });
});

test('the response of the deployment does not grow with the datasets', () => {
  const where = LAYOUTS[2].lake(ENV);
  const landing = new Bucket(where.stack, 'Landing');
  for (let index = 0; index < 60; index++) {
    bronze(where, { dataset: `d${index}`, source: LakeSource.s3(`s3://${landing.bucketName}/d${index}/`) }, `D${index}`);
  }
  const { SourceObjectKeys, OutputObjectKeys } = resource(where.stack, 'Custom::CDKBucketDeployment').Properties;
  expect(SourceObjectKeys).toHaveLength(61);
  expect(OutputObjectKeys).toBe(false);
});

test('the datasets of a stack share one file of the package in the cloud assembly', () => {
  const where = LAYOUTS[0].lake(ENV);
  ['a', 'b', 'c'].forEach(dataset => bronze(where, { dataset }, dataset));
  const { directory } = where.app.synth();
  const packages = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(file => path.basename(file) === etlRuntimePackage().fileName)
    .map(file => statSync(path.join(directory, file)).ino);
  expect(packages).toHaveLength(3);
  expect(new Set(packages).size).toBe(1);
});

test('a construct of the user named GlueScripts does not conflict', () => {
  const where = LAYOUTS[2].lake(ENV);
  new Construct(where.stack, 'GlueScripts');
  new Construct(where.stack, 'GlueScripts2');
  bronze(where);
  expect(resource(where.stack, 'Custom::CDKBucketDeployment').id).toMatch(/^GlueScripts3/);
});

test('tags of the app apply to the deployment', () => {
  const where = LAYOUTS[1].lake(ENV);
  bronze(where);
  Tags.of(where.app).add('team', 'data');
  expect(resource(where.stack, 'AWS::Lambda::Function').Properties.Tags).toEqual([
    { Key: 'medallion:lake', Value: 'pp-dw' },
    { Key: 'team', Value: 'data' },
  ]);
});

// CDK visits the tree again when an aspect adds constructs, and fails after 100 times.
test.each([true, false])('120 stacks have deployments if the aspect stabilization of CDK is %s', stabilization => {
  const app = new App({ context: { '@aws-cdk/core:aspectStabilization': stabilization } });
  const stacks = Array.from({ length: 120 }, (_, index) => new Stack(app, `Lake${index}`, { env: ENV }));
  for (const [index, stack] of stacks.entries()) {
    bronze(
      { stack, core: EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: 'pp-dw' }) },
      { dataset: `dataset-${index}` },
    );
  }
  for (const stack of stacks) {
    expect(
      Object.values(
        app.synth().getStackArtifact(stack.artifactId).template.Resources as { [id: string]: { Type: string } },
      ).filter(({ Type }) => Type === 'Custom::CDKBucketDeployment'),
    ).toHaveLength(1);
  }
});

test('a second synthesis does not add deployments', () => {
  const where = LAYOUTS[0].lake(ENV);
  bronze(where);
  const first = where.app.synth().getStackArtifact(where.stack.artifactId).template;
  expect(where.app.synth({ force: true }).getStackArtifact(where.stack.artifactId).template).toEqual(first);
});
