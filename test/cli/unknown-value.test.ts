import * as path from 'path';
import { App, CfnDynamicReference, CfnDynamicReferenceService, CfnParameter, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source as DeploymentSource } from 'aws-cdk-lib/aws-s3-deployment';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { medallionIn } from './app-fixture';
import { temporaryFolder } from './assembly-fixture';
import { BronzeDataset, DataSizeCategory, EtlCore, GoldDataset, IEtlCore, Source, Transform } from '../../src';
import { readDatasets } from '../../src/cli/dataset';
import { documentOf, unknownValueOf } from '../../src/cli/dataset-document';

const FOLDER = temporaryFolder();
const ASSEMBLY = path.join(FOLDER, 'cdk.out');

function bronze(stack: Stack, core: IEtlCore, dataset: string, source: Source): BronzeDataset {
  return new BronzeDataset(stack, dataset, { core, dataset, dataSizeCategory: DataSizeCategory.SMALL, source });
}

/** An app in which each dataset but one needs another value that is only known at deployment. */
function synthesize(): void {
  const app = new App({ outdir: ASSEMBLY });
  const landing = new Bucket(new Stack(app, 'Landing'), 'Bucket');
  const stack = new Stack(app, 'Datasets');
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
  const good = bronze(stack, core, 'good', Source.url('https://example.org/a.csv'));
  bronze(stack, core, 'own-bucket', Source.s3(`s3://${new Bucket(stack, 'Vendor').bucketName}/in/`));
  bronze(stack, core, 'other-stack', Source.s3(`s3://${landing.bucketName}/in/`));
  bronze(stack, core, 'ssm', Source.url(StringParameter.valueForStringParameter(stack, '/lake/url')));
  bronze(stack, core, 'dynamic', Source.url(
    `https://${new CfnDynamicReference(CfnDynamicReferenceService.SSM, '/lake/host')}/a.csv`));
  bronze(stack, core, 'parameter', Source.urls(
    ['https://example.org/b.csv', `https://${new CfnParameter(stack, 'Host').valueAsString}/b.csv`]));
  const column = new CfnParameter(stack, 'Column');
  new GoldDataset(stack, 'Gold', {
    core,
    dataset: 'good',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [good],
    transform: Transform.sql(`SELECT ${column.valueAsString} FROM pp_dw_bronze.good`),
  });
  new BucketDeployment(stack, 'Site', {
    destinationBucket: new Bucket(stack, 'SiteBucket'),
    sources: [DeploymentSource.data('a.txt', landing.bucketArn), DeploymentSource.bucket(landing, 'site.zip')],
  });
  const other = new Stack(app, 'Other');
  const otherCore = new EtlCore(other, 'Core', { resourcePrefix: new CfnParameter(other, 'Prefix').valueAsString });
  bronze(other, otherCore, 'other', Source.url('https://example.org/a.csv'));
  app.synth();
}

beforeAll(synthesize);

function messages(values: Record<string, string> = {}): Record<string, string | undefined> {
  return Object.fromEntries(
    readDatasets(ASSEMBLY, values).map(each => [`${each.layer}/${each.dataset}`, unknownValueOf(each)]),
  );
}

test('a value that is only known at deployment affects only its dataset, and the message says how to supply it', () => {
  expect(messages()).toEqual({
    'bronze/good': undefined,
    'bronze/own-bucket': expect.stringMatching(
      /^source_url of bronze\/own-bucket depends on the name of (Vendor\w+) \(AWS::S3::Bucket\), .* add --value \1=VALUE\.$/),
    'bronze/other-stack': expect.stringMatching(
      /^source_url of bronze\/other-stack depends on the export (Landing:\S+) of another stack, .* add --value \1=VALUE\.$/),
    'bronze/ssm': 'source_url of bronze/ssm depends on the SSM parameter /lake/url, which is only known at deployment. '
      + 'For a local run, add --value /lake/url=VALUE.',
    'bronze/dynamic': expect.stringMatching(/^source_url of bronze\/dynamic depends on .* --value ssm:\/lake\/host=VALUE/),
    'bronze/parameter': 'source_url[1] of bronze/parameter depends on the parameter Host, which has no default value, '
      + 'which is only known at deployment. For a local run, add --value Host=VALUE.',
    'gold/good': expect.stringMatching(/^The query of gold\/good depends on the parameter Column, /),
    'bronze/other': expect.stringMatching(/^The name of the job of bronze\/other depends on the parameter Prefix, /),
  });
});

test('--value supplies the values', () => {
  const values = { '/lake/url': 'https://example.org/c.csv', 'Other:Prefix': 'my-lake' };
  expect(messages(values)).toMatchObject({ 'bronze/ssm': undefined, 'bronze/other': undefined });
  const [ssm, other] = readDatasets(ASSEMBLY, values).filter(({ dataset }) => ['ssm', 'other'].includes(dataset));
  expect(documentOf(ssm)?.source_url).toBe('https://example.org/c.csv');
  expect(other).toMatchObject({ job: 'my-lake-bronze-other', bucket: 'my-lake-123456789012' });
});

test('the commands list all datasets, and reject a run of a dataset with an unknown value', () => {
  const { code, stdout } = medallionIn(FOLDER, ['list']);
  expect(code).toBe(0);
  expect(stdout).toContain('<Prefix>-bronze-other');
  expect(stdout).toContain('pp-dw-bronze-ssm');
  expect(medallionIn(FOLDER, ['run', 'ssm'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('source_url of bronze/ssm depends on the SSM parameter /lake/url'),
  });
  expect(medallionIn(FOLDER, ['--value', 'x', 'run', 'ssm']).stderr).toContain('--value x is not valid.');
});
