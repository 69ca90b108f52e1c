import { readFileSync } from 'fs';
import * as path from 'path';
import { App, Stack, Tags } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { strFromU8, unzipSync } from 'fflate';
import { EtlCore } from '../../../src';
import { etlRuntimePackage } from '../../../src/private/scripts/job-package';
import { deployedFiles, resource, resources } from '../../assembly';
import { bronze, ENV, LAYOUTS } from '../../layouts';

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

test('another BucketDeployment in the same stack keeps its permissions, even if both share a function', () => {
  const where = LAYOUTS[2].lake(ENV);
  bronze(where);
  new BucketDeployment(where.stack, 'Site', {
    sources: [Source.data('index.html', 'hello')],
    destinationBucket: Bucket.fromBucketName(where.stack, 'SiteBucket', 'our-site'),
    memoryLimit: 512,
  });
  const [shared, ...others] = resources(where.stack, 'AWS::Lambda::Function').filter(({ id }) =>
    id.startsWith('CustomCDKBucketDeployment'),
  );
  expect(others).toEqual([]);
  const { Role } = shared.Properties;
  const policies = resources(where.stack, 'AWS::IAM::Policy')
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(Role['Fn::GetAtt'][0]));
  expect(JSON.stringify(policies)).toContain('arn:aws:s3:::our-site/*');
  expect(JSON.stringify(policies)).toContain('arn:aws:s3:::pp-dw-123456789012');
});

test('tags of the app apply to the deployment', () => {
  const where = LAYOUTS[1].lake(ENV);
  bronze(where);
  Tags.of(where.app).add('team', 'data');
  expect(resource(where.stack, 'AWS::Lambda::Function').Properties.Tags).toEqual([{ Key: 'team', Value: 'data' }]);
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
