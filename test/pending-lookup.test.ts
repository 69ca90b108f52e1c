import { App, Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { resources } from './assembly';
import { ENV } from './layouts';
import {
  Auth,
  BronzeDataset,
  BronzeDatasetProps,
  DataSizeCategory,
  EtlCore,
  EtlCoreProps,
  EtlDashboard,
  GlueConnection,
  GoldDataset,
  Schedule,
  Source,
  Transform,
} from '../src';

/** An app in its first synthesis: the CDK CLI has not looked up any parameter. */
function firstSynthesis(): { stack: Stack; lookup: (parameter: string) => string } {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  return { stack, lookup: parameter => StringParameter.valueFromLookup(stack, parameter) };
}

function synthesize(stack: Stack): object[] | undefined {
  return (stack.node.root as App).synth().manifest.missing;
}

type Lookup = (parameter: string) => string;

const CORES: [prop: string, props: (lookup: Lookup) => Partial<EtlCoreProps>][] = [
  ['resourcePrefix', lookup => ({ resourcePrefix: lookup('/Lake/prefix') })],
  ['databasePrefix', lookup => ({ databasePrefix: lookup('/lake/database') })],
  ['a part of resourcePrefix', lookup => ({ resourcePrefix: `pp-${lookup('env')}` })],
  ['existingBucketName', lookup => ({ existingBucketName: lookup('/lake/bucket') })],
  ['an email address of alerts', lookup => ({ alerts: { emails: [lookup('/lake/email')] } })],
  ['a default argument', lookup => ({ glueDefaults: { defaultArguments: { '--x': lookup('/lake/x') } } })],
];

test.each(CORES)('%s can be a value of valueFromLookup', (_prop, props) => {
  const { stack, lookup } = firstSynthesis();
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', ...props(lookup) });
  const zip = new BronzeDataset(stack, 'Zip', {
    core,
    dataset: 'zip',
    dataSizeCategory: DataSizeCategory.SMALL,
    source: Source.url('https://example.org/zip.csv'),
  });
  new GoldDataset(stack, 'Gold', {
    core,
    dataset: 'by-state',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [zip],
    transform: Transform.sql('SELECT 1 AS a'),
  });
  const imported = EtlCore.fromPrefixes(stack, 'Imported', { resourcePrefix: 'pp-dw', ...props(lookup) });
  expect(imported.resourcePrefix).toBe(core.resourcePrefix);
  expect(synthesize(stack)).toHaveLength(1);
});

const DATASETS: [prop: string, props: (lookup: Lookup) => Partial<BronzeDatasetProps>][] = [
  ['dataset', lookup => ({ dataset: lookup('/lake/name') })],
  ['description', lookup => ({ description: lookup('/lake/description') })],
  ['the URL of a source', lookup => ({ source: Source.url(lookup('/lake/url')) })],
  ['one of several URLs', lookup => ({ source: Source.urls(['https://example.org/a.csv', lookup('/lake/url')]) })],
  ['the URL of an S3 source', lookup => ({ source: Source.s3(lookup('/lake/url')) })],
  ['the bucket of an S3 source', lookup => ({ source: Source.s3(`s3://${lookup('/lake/bucket')}/in/`) })],
  ['the URL of an endpoint', lookup => ({ source: Source.api({ zips: { url: lookup('/lake/url') } }) })],
  ['a secret', lookup => ({ auth: Auth.bearer({ secret: lookup('/lake/secret') }) })],
  ['a schedule', lookup => ({ schedule: Schedule.cron(lookup('/lake/cron'), { timezone: lookup('/lake/zone') }) })],
  ['a connection', lookup => ({ connection: GlueConnection.fromName(lookup('/lake/connection')) })],
  ['a business key', lookup => ({ businessKey: [lookup('/lake/key')] })],
  ['a column type', lookup => ({ columnSchema: { zip: { X: { type: lookup('/lake/type') } } } })],
];

test.each(DATASETS)('%s can be a value of valueFromLookup', (_prop, props) => {
  const { stack, lookup } = firstSynthesis();
  const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', metrics: true });
  const dataset = new BronzeDataset(stack, 'Zip', {
    core,
    dataset: 'zip',
    dataSizeCategory: DataSizeCategory.SMALL,
    source: Source.url('https://example.org/zip.csv'),
    ...props(lookup),
  });
  new EtlDashboard(stack, 'Dashboard', { core, datasets: [dataset], dashboardName: lookup('/lake/dashboard') });
  expect(synthesize(stack)!.length).toBeGreaterThan(0);
});

test('the names of resources are valid in the first synthesis, which the CDK checks', () => {
  const { stack, lookup } = firstSynthesis();
  new EtlCore(stack, 'Core', { resourcePrefix: lookup('/Lake/prefix') });
  const names = resources(stack).flatMap(({ Properties }) => [Properties?.BucketName, Properties?.RoleName].flat());
  expect(names.filter(name => name !== undefined)).toEqual([
    'pending-lake-prefix-123456789012', 'pending-lake-prefix-glue-role', 'pending-lake-prefix-scheduler-role',
    'pending-lake-prefix-dataset-role',
  ]);
});

test('the same parameter is the same dataset and the same lake', () => {
  const { stack, lookup } = firstSynthesis();
  const core = new EtlCore(stack, 'Core', { resourcePrefix: lookup('/lake/prefix') });
  const input = BronzeDataset.fromName(core, lookup('/lake/name'));
  new GoldDataset(stack, 'Gold', {
    core: EtlCore.fromPrefixes(stack, 'Imported', { resourcePrefix: lookup('/lake/prefix') }),
    dataset: 'by-state',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [input],
    transform: Transform.sql('SELECT 1 AS a'),
  });
  expect(input.dataset).toBe('pending-lake-name');
  expect(synthesize(stack)).toHaveLength(2);
});
