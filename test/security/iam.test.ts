import { App, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Auth, BronzeDatasetProps, EtlCore, EtlCorePrefixes, EtlCoreProps, GlueConnection, Source } from '../../src';
import { resource, resources } from '../assembly';
import { bronze, ENV, LAYOUTS, PREFIXES } from '../layouts';
import { Call, isAllowed, Policy } from './policy-evaluator';

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const OTHER_LAKE = 'arn:aws:s3:::pp-dw-dev-123456789012';
const GLUE = 'arn:aws:glue:eu-central-1:123456789012';
const LOGS = 'arn:aws:logs:eu-central-1:123456789012:log-group';
const KMS = 'arn:aws:kms:eu-central-1:123456789012:key';
const LAKE_KEY = `${KMS}/11111111-1111-1111-1111-111111111111`;
const OTHER_KEY = `${KMS}/22222222-2222-2222-2222-222222222222`;
const THROUGH_S3 = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com', 'kms:EncryptionContext:aws:s3:arn': BUCKET };

type Row = [action: string, resource: string, context?: Call['context']];

function stackWith(props: Partial<EtlCoreProps> = {}): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Core', { ...PREFIXES, ...props });
  return stack;
}

function encryptedStack(): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Core', { ...PREFIXES, metrics: true, encryptionKey: Key.fromKeyArn(stack, 'Own', LAKE_KEY) });
  return stack;
}

/** The inline policies and the managed policies of a role. */
function policiesOf(stack: Stack, roleName: string): Policy[] {
  const { Properties } = resources(stack, 'AWS::IAM::Role').find(role => role.Properties.RoleName === roleName)!;
  const attached = (Properties.ManagedPolicyArns as string[] | undefined ?? []).map(arn =>
    resources(stack, 'AWS::IAM::ManagedPolicy').find(({ id }) => arn === `\${${id}}`)!.Properties);
  return [...Properties.Policies, ...attached].map(({ PolicyDocument }: { PolicyDocument: Policy }) => PolicyDocument);
}

/** The default key policy of CDK. KMS denies all requests of a role unless the key policy allows IAM policies. */
const DEFAULT_KEY_POLICY: Policy = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
  ],
};

/** Tests the calls that a role is allowed, and the calls that it is denied. */
function table(name: string, policies: Policy[], allowed: Row[], denied: Row[]): void {
  // Jest passes its `done` callback in place of a missing third cell and waits for it.
  const withContext = (rows: Row[]) => rows.map(([action, on, context = {}]) => [action, on, context] as const);
  const principal = `arn:aws:iam::123456789012:role/${name.replace(/\W+/g, '-')}`;
  describe(name, () => {
    test.each(withContext(allowed))('is allowed %s on %s %j', async (action, on, context) => {
      expect(
        await isAllowed(
          principal,
          { action, resource: on, context },
          policies,
          action.startsWith('kms:') ? DEFAULT_KEY_POLICY : undefined,
        ),
      ).toBe(true);
    });
    test.each(withContext(denied))('is denied %s on %s %j', async (action, on, context) => {
      expect(
        await isAllowed(
          principal,
          { action, resource: on, context },
          policies,
          action.startsWith('kms:') ? DEFAULT_KEY_POLICY : undefined,
        ),
      ).toBe(false);
    });
  });
}

const listing = (prefix: string): Row => ['s3:ListBucket', BUCKET, { 's3:prefix': prefix }];

/** Calls that every role of a lake is denied. */
const DENIED_FOR_ALL: Row[] = [
  ['iam:PassRole', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['iam:CreateRole', 'arn:aws:iam::123456789012:role/any'],
  ['iam:PutRolePolicy', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['iam:AttachRolePolicy', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['iam:CreateAccessKey', 'arn:aws:iam::123456789012:user/any'],
  ['sts:AssumeRole', 'arn:aws:iam::123456789012:role/any'],
  ['secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:any-AbCdEf'],
  ['ssm:GetParameter', 'arn:aws:ssm:eu-central-1:123456789012:parameter/any'],
  ['sns:Publish', 'arn:aws:sns:eu-central-1:123456789012:pp-dw-alerts'],
  ['s3:GetObject', 'arn:aws:s3:::another-bucket/raw/file'],
  ['s3:GetObject', `${OTHER_LAKE}/raw/file`],
  ['s3:PutObject', `${OTHER_LAKE}/etl/x/glue/bronze_job.py`],
  ['s3:GetObject', `${BUCKET}-other/raw/file`],
  ['s3:ListBucket', OTHER_LAKE, { 's3:prefix': 'raw/x' }],
  ['s3:DeleteBucket', BUCKET],
  ['s3:PutBucketPolicy', BUCKET],
  ['s3:PutLifecycleConfiguration', BUCKET],
  ['s3:PutEncryptionConfiguration', BUCKET],
  ['s3:DeleteObjectVersion', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:GetObject', `${BUCKET}/athena/result.csv`],
  ['s3:PutObject', `${BUCKET}/athena/result.csv`],
  ['s3:PutObject', `${BUCKET}/other/file`],
  ['glue:UpdateJob', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['glue:StartJobRun', `${GLUE}:job/another-job`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-dev-bronze-fda-nsde`],
  ['glue:StartCrawler', `${GLUE}:crawler/pp-dw-bronze-fda-nsde-crawler`],
  ['glue:DeleteTable', `${GLUE}:table/pp_dw_bronze/fda_nsde`],
  ['glue:CreateDatabase', `${GLUE}:database/pp_dw_bronze`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_dev_bronze/fda_nsde`],
  ['logs:PutLogEvents', `${LOGS}:/aws/lambda/other:log-stream:1`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw-dev/error:log-stream:1`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/errors:log-stream:1`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-dev-bronze-fda-nsde-crawler`],
  ['logs:DeleteLogGroup', `${LOGS}:/aws-glue/pp-dw/error`],
  ['kms:Decrypt', LAKE_KEY],
  ['kms:Decrypt', LAKE_KEY, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': OTHER_LAKE }],
  ['kms:Decrypt', LAKE_KEY, { ...THROUGH_S3, 'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com' }],
  ['kms:CreateGrant', LAKE_KEY],
  ['kms:PutKeyPolicy', LAKE_KEY],
  ['kms:ScheduleKeyDeletion', LAKE_KEY],
];

const WARNING_OF_LAKE = { 'events:source': 'medallion.pp-dw', 'events:detail-type': 'Run Warnings' };
const EVENT_BUS = 'arn:aws:events:eu-central-1:123456789012:event-bus';
const WARNING: Row = ['events:PutEvents', `${EVENT_BUS}/default`, WARNING_OF_LAKE];

const GLUE_ALLOWED: Row[] = [
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObjectTagging', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:AbortMultipartUpload', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObject', `${BUCKET}/staging/bronze/fda-nsde/run_id=1/part`],
  ['s3:DeleteObject', `${BUCKET}/staging/bronze/fda-nsde/run_id=1/part`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:DeleteObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:GetObjectVersion', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/silver/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/gold/fda-nsde/part.parquet`],
  ['s3:GetObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/bronze/published.json`],
  ['s3:GetBucketLocation', BUCKET],
  listing('raw/fda-nsde/'),
  listing('bronze/'),
  listing('silver/x'),
  listing('gold/x'),
  listing('staging/bronze/fda-nsde/'),
  listing('etl/fda-nsde/runs/bronze/'),
  ['glue:GetDatabase', `${GLUE}:database/pp_dw_bronze`],
  ['glue:CreateTable', `${GLUE}:table/pp_dw_bronze/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_silver/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_gold/fda_nsde`],
  ['glue:GetTable', `${GLUE}:catalog`],
  ['logs:CreateLogStream', `${LOGS}:/aws-glue/pp-dw/error:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/error:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/output:log-stream:jr_1-driver`],
  ['logs:CreateLogStream', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-nsde-crawler`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-nsde-crawler`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-silver-fda-nsde-crawler`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-gold-fda-nsde-crawler`],
  WARNING,
];

const GLUE_DENIED: Row[] = [
  ...DENIED_FOR_ALL,
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:DeleteObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:PutObjectTagging', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['events:PutEvents', `${EVENT_BUS}/default`],
  ['events:PutEvents', `${EVENT_BUS}/default`, { ...WARNING_OF_LAKE, 'events:source': 'medallion.pp-dw-dev' }],
  ['events:PutEvents', `${EVENT_BUS}/default`, { ...WARNING_OF_LAKE, 'events:source': 'aws.glue' }],
  ['events:PutEvents', `${EVENT_BUS}/default`, { ...WARNING_OF_LAKE, 'events:detail-type': 'Other' }],
  ['events:PutEvents', `${EVENT_BUS}/default`, { 'events:source': 'medallion.pp-dw' }],
  ['events:PutEvents', `${EVENT_BUS}/default`, { 'events:detail-type': 'Run Warnings' }],
  ['events:PutEvents', `${EVENT_BUS}/other`, WARNING_OF_LAKE],
  ['events:PutRule', 'arn:aws:events:eu-central-1:123456789012:rule/any'],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  listing('athena/'), listing(''), ['s3:ListBucket', BUCKET],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:another-crawler`],
];

const METRIC: Row = ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw' }];

table('The shared role', policiesOf(stackWith(), 'pp-dw-glue-role'), GLUE_ALLOWED, [
  ...GLUE_DENIED,
  METRIC,
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
]);

table(
  'The shared role of an encrypted lake with metrics',
  policiesOf(encryptedStack(), 'pp-dw-glue-role'),
  [
    ...GLUE_ALLOWED,
    METRIC,
    ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
    ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
    [
      'kms:Decrypt',
      LAKE_KEY,
      { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip` },
    ],
  ],
  [
    ...GLUE_DENIED,
    ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw-dev' }],
    ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'AWS/Glue' }],
    ['kms:Decrypt', OTHER_KEY, THROUGH_S3],
    ['kms:GenerateDataKey', OTHER_KEY, THROUGH_S3],
  ],
);

/** The policies of a dataset's own role, in another app, where the ARN of the key is not known. */
function ownPolicies(props: Partial<BronzeDatasetProps>, prefixes: Partial<EtlCorePrefixes> = {}): Policy[] {
  const lake = LAYOUTS[2].lake(ENV, { ...PREFIXES, ...prefixes });
  bronze(lake, props);
  return policiesOf(lake.stack, 'pp-dw-bronze-fda-nsde-role');
}

const SECRETS = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret';
const SECRET = `${SECRETS}:vendor/api-AbCdEf`;
const VENDOR = 'arn:aws:s3:::vendor';
const EC2 = 'arn:aws:ec2:eu-central-1:123456789012';
const THROUGH_SECRETS = { 'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com' };
const tagging = (key: string): Call['context'] => ({ 'aws:TagKeys': key });

/** Calls that the role of a dataset is allowed: those of the shared role, limited to the dataset. */
const DATASET_ALLOWED = GLUE_ALLOWED.filter(
  ([, on, context = {}]) => !/silver|gold/.test(on + context['s3:prefix']) && context['s3:prefix'] !== 'bronze/',
);

/** Calls that the role of every dataset is denied. */
const DATASET_DENIED: Row[] = [
  ...GLUE_DENIED,
  ['s3:GetObject', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde-2/run_id=1/cder.zip`],
  ['s3:PutObject', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:PutObjectTagging', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-cder/part.parquet`],
  ['s3:GetObject', `${BUCKET}/bronze/fda-cder/part.parquet`],
  ['s3:PutObject', `${BUCKET}/silver/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/gold/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/staging/bronze/fda-cder/run_id=1/part`],
  ['s3:PutObject', `${BUCKET}/staging/silver/fda-nsde/run_id=1/part`],
  ['s3:PutObject', `${BUCKET}/staging/gold/fda-nsde/run_id=1/part`],
  ['s3:GetObject', `${BUCKET}/etl/fda-cder/glue/bronze_job.py`],
  ['s3:PutObject', `${BUCKET}/etl/fda-cder/runs/bronze/published.json`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/silver/published.json`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/gold/published.json`],
  listing('raw/'), listing('bronze/'), listing('raw/fda-cder/'), listing('silver/fda-nsde/'),
  listing('gold/fda-nsde/'), listing('staging/'),
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_silver/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_gold/fda_nsde`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-cder-crawler`],
  ['secretsmanager:GetSecretValue', `${SECRETS}:vendor/other-AbCdEf`],
  ['secretsmanager:GetSecretValue', `${SECRETS}:vendor/api-2-AbCdEf`],
  ['secretsmanager:GetSecretValue', `${SECRETS}:other/vendor/api-AbCdEf`],
  ['secretsmanager:PutSecretValue', SECRET],
  ['secretsmanager:DescribeSecret', SECRET],
  ['s3:PutObject', `${VENDOR}/drops/a.csv`],
  ['s3:DeleteObject', `${VENDOR}/drops/a.csv`],
  ['s3:GetObject', `${VENDOR}/other/a.csv`],
  ['s3:GetObject', `${VENDOR}-2/drops/a.csv`],
  ['s3:ListBucket', VENDOR, { 's3:prefix': 'other/' }],
  ['s3:ListBucket', VENDOR, { 's3:prefix': '' }],
  ['s3:ListBucket', VENDOR],
  ['glue:GetConnection', `${GLUE}:connection/other`],
  ['glue:UpdateConnection', `${GLUE}:connection/vendor-network`],
  ['ec2:RunInstances', `${EC2}:instance/*`],
  ['ec2:CreateTags', `${EC2}:network-interface/eni-1`, tagging('Owner')],
  ['ec2:CreateTags', `${EC2}:volume/vol-1`, tagging('aws-glue-service-resource')],
  ['ec2:DeleteNetworkInterface', 'arn:aws:ec2:us-east-1:123456789012:network-interface/eni-1'],
  ['kms:Decrypt', OTHER_KEY],
  ['kms:Decrypt', OTHER_KEY, { ...THROUGH_SECRETS, 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' }],
  ['kms:GenerateDataKey', OTHER_KEY, THROUGH_SECRETS],
];

const READS_SECRET: Row[] = [['secretsmanager:GetSecretValue', SECRET]];
const READS_DROPS: Row[] = [
  ['s3:GetObject', `${VENDOR}/drops/2026-01-31/a.csv`],
  ['s3:ListBucket', VENDOR, { 's3:prefix': 'drops/' }],
  ['s3:ListBucket', VENDOR, { 's3:prefix': 'drops/2026-01-31/' }],
  ['s3:GetBucketLocation', VENDOR],
];
const USES_CONNECTION: Row[] = [
  ['glue:GetConnection', `${GLUE}:connection/vendor-network`],
  ['ec2:DescribeSubnets', '*'],
  ['ec2:DescribeVpcEndpoints', '*'],
  ['ec2:DescribeRouteTables', '*'],
  ['ec2:DescribeSecurityGroups', '*'],
  ['ec2:CreateNetworkInterface', `${EC2}:subnet/subnet-1`],
  ['ec2:CreateNetworkInterface', `${EC2}:security-group/sg-1`],
  ['ec2:DeleteNetworkInterface', `${EC2}:network-interface/eni-1`],
  ['ec2:CreateTags', `${EC2}:network-interface/eni-1`, tagging('aws-glue-service-resource')],
  ['ec2:DeleteTags', `${EC2}:network-interface/eni-1`, tagging('aws-glue-service-resource')],
];
const NO_LAKE_KEY: Row[] = [METRIC, ['kms:Decrypt', LAKE_KEY, THROUGH_S3]];

table('The role of a dataset with a secret name', ownPolicies({ auth: Auth.bearer({ secret: 'vendor/api' }) }),
  [...DATASET_ALLOWED, ...READS_SECRET],
  [...DATASET_DENIED, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY, ['kms:Decrypt', OTHER_KEY, THROUGH_SECRETS]]);

table('The role of a dataset with a complete secret ARN', ownPolicies({ auth: Auth.bearer({ secret: SECRET }) }),
  [...DATASET_ALLOWED, ...READS_SECRET], [...DATASET_DENIED, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY]);

table(
  'The role of a dataset with a secret ARN without the random suffix',
  ownPolicies({ auth: Auth.bearer({ secret: `${SECRETS}:vendor/api` }) }),
  [...DATASET_ALLOWED, ...READS_SECRET],
  [...DATASET_DENIED, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY],
);

table(
  'The role of a dataset with an encrypted secret, in an encrypted lake with metrics',
  ownPolicies(
    { auth: Auth.bearer({ secret: 'vendor/api', encryptionKey: OTHER_KEY }) },
    { encrypted: true, metrics: true },
  ),
  [
    ...DATASET_ALLOWED,
    ...READS_SECRET,
    METRIC,
    ['kms:Decrypt', OTHER_KEY, THROUGH_SECRETS],
    ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
  ],
  [...DATASET_DENIED, ...READS_DROPS, ...USES_CONNECTION],
);

table(
  'The role of a dataset with an S3 folder as its source',
  ownPolicies({ source: Source.s3('s3://vendor/drops/') }),
  [...DATASET_ALLOWED, ...READS_DROPS],
  [
    ...DATASET_DENIED,
    ...READS_SECRET,
    ...USES_CONNECTION,
    ...NO_LAKE_KEY,
    ['s3:GetObject', `${VENDOR}/drops`],
    ['s3:ListBucket', VENDOR, { 's3:prefix': 'drops' }],
  ],
);

table(
  'The role of a dataset with S3 URLs that contain a date and wildcards',
  ownPolicies({ source: Source.urls(['s3://vendor/drops/{yyyy-MM-dd}/*.csv', 's3://vendor/a?.csv']) }),
  [
    ...DATASET_ALLOWED,
    ...READS_DROPS,
    ['s3:GetObject', `${VENDOR}/ab.csv`],
    ['s3:ListBucket', VENDOR, { 's3:prefix': 'a' }],
  ],
  [...DATASET_DENIED, ...READS_SECRET, ...USES_CONNECTION, ...NO_LAKE_KEY, ['s3:GetObject', `${VENDOR}/b.csv`]],
);

table(
  'The role of a dataset with one S3 object as its source',
  ownPolicies({ source: Source.s3('s3://vendor/one.csv') }),
  [
    ...DATASET_ALLOWED,
    ['s3:GetObject', `${VENDOR}/one.csv`],
    ['s3:ListBucket', VENDOR, { 's3:prefix': 'one.csv' }],
    ['s3:GetBucketLocation', VENDOR],
  ],
  [
    ...DATASET_DENIED,
    ...READS_SECRET,
    ...USES_CONNECTION,
    ...NO_LAKE_KEY,
    ['s3:GetObject', `${VENDOR}/one.csv.old`],
    ['s3:GetObject', `${VENDOR}/drops/a.csv`],
  ],
);

table('The role of a dataset with a connection', ownPolicies({ connection: GlueConnection.fromName('vendor-network') }),
  [...DATASET_ALLOWED, ...USES_CONNECTION], [...DATASET_DENIED, ...READS_SECRET, ...READS_DROPS, ...NO_LAKE_KEY]);

describe('The role of a dataset', () => {
  const keyOf = (layout: number, props: (stack: Stack) => Partial<EtlCoreProps>) => {
    const scope = new Stack();
    const lake = LAYOUTS[layout].lake(ENV, { ...PREFIXES, ...props(scope) });
    bronze(lake, { auth: Auth.bearer({ secret: 'vendor/api' }) });
    const statements = policiesOf(lake.stack, 'pp-dw-bronze-fda-nsde-role').flatMap(policy =>
      (policy as { Statement: { Action: string[] | string; Resource: unknown }[] }).Statement);
    return statements.find(({ Action }) => Action.includes('kms:GenerateDataKey'))!.Resource;
  };
  test.each<[string, number, (stack: Stack) => Partial<EtlCoreProps>, unknown]>([
    [
      'by its ARN, if the same stack creates the key',
      0,
      () => ({ encrypted: true }),
      { 'Fn::GetAtt': [expect.stringMatching(/^CoreKey/), 'Arn'] },
    ],
    [
      'by the bucket in the encryption context, if another stack creates the key',
      1,
      () => ({ encrypted: true }),
      `${KMS}/*`,
    ],
    [
      'by the bucket in the encryption context, if another app creates the key',
      2,
      () => ({ encrypted: true }),
      `${KMS}/*`,
    ],
    [
      'by its ARN, if you pass an encryption key',
      1,
      scope => ({ encryptionKey: Key.fromKeyArn(scope, 'Own', LAKE_KEY) }),
      LAKE_KEY,
    ],
  ])('is granted access to the key of the lake %s', (_, layout, props, resource_) => {
    expect(keyOf(layout, props)).toEqual(resource_);
  });

  test('can be assumed only by Glue', () => {
    const lake = LAYOUTS[2].lake(ENV);
    bronze(lake, { auth: Auth.bearer({ secret: 'vendor/api' }) });
    expect(
      resources(lake.stack, 'AWS::IAM::Role').find(({ id }) => id.startsWith('Bronze'))!.Properties
        .AssumeRolePolicyDocument.Statement,
    ).toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' } }]);
  });
});

const TABLES_OF_LAYERS = ['bronze', 'silver', 'gold'].map(layer => `${layer}/fda-nsde/part.parquet`);

table('The role that Lake Formation and AWS Glue can assume',
  policiesOf((() => {
    const stack = new Stack(new App(), 'Core', { env: ENV });
    new EtlCore(stack, 'Core', {
      ...PREFIXES, lakeFormation: true, encryptionKey: Key.fromKeyArn(stack, 'Own', LAKE_KEY),
    });
    return stack;
  })(), 'pp-dw-lake-formation-role'),
  [
    ...TABLES_OF_LAYERS.flatMap((key): Row[] =>
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'].map((action): Row => [action, `${BUCKET}/${key}`])),
    listing('bronze/'), listing('gold/fda-nsde/'),
    ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
  ],
  [
    ...DENIED_FOR_ALL,
    ...['raw/fda-nsde/nsde.zip', 'etl/fda-nsde/glue/bronze_job.py', 'athena/result.csv', 'staging/bronze/fda-nsde/part']
      .map((key): Row => ['s3:GetObject', `${BUCKET}/${key}`]),
    listing('raw/'), listing('athena/'), listing(''),
    ['glue:GetTable', `${GLUE}:table/pp_dw_gold/fda_nsde`],
  ]);

table('The scheduler role', policiesOf(encryptedStack(), 'pp-dw-scheduler-role'), [
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-silver-fda-summary`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-gold-fda-summary`],
], [
  ...DENIED_FOR_ALL,
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-report`],
  ['glue:BatchStopJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
]);

const STATES = 'arn:aws:states:eu-central-1:123456789012';
const ON_CALL = 'arn:aws:sns:eu-central-1:123456789012:on-call';

function alertStack(props: Partial<EtlCoreProps> = {}): Stack {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  const topic = Topic.fromTopicAttributes(stack, 'Topic', { topicArn: ON_CALL, keyArn: LAKE_KEY });
  new EtlCore(stack, 'Core', { ...PREFIXES, alerts: { topic }, ...props });
  return stack;
}

table('The role of the state machine that sends alerts', policiesOf(alertStack(), 'pp-dw-alerts-role'), [
  ['states:ListExecutions', `${STATES}:stateMachine:pp-dw-dataset`],
  listing('etl/fda-nsde/runs/bronze/run_id='),
  ['s3:GetObject', `${BUCKET}/etl/fda-nsde/runs/bronze/run_id=1.json`],
  ['sns:Publish', ON_CALL],
  ['kms:Decrypt', LAKE_KEY],
  ['kms:GenerateDataKey', LAKE_KEY],
], [
  ...DENIED_FOR_ALL.filter(([action]) => action !== 'kms:Decrypt'),
  ['states:ListExecutions', `${STATES}:stateMachine:pp-dw-dev-dataset`],
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-dataset`],
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-alerts`],
  ['states:DescribeExecution', `${STATES}:execution:pp-dw-dataset:run`],
  listing('raw/fda-nsde/'),
  listing('etl/fda-nsde/glue/'),
  ['s3:GetObject', `${BUCKET}/etl/fda-nsde/glue/bronze.json`],
  ['s3:GetObject', `${BUCKET}/bronze/fda-nsde/data.parquet`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/bronze/run_id=1.json`],
  ['sns:Publish', `${ON_CALL}-2`],
  ['sns:Subscribe', ON_CALL],
  ['kms:Decrypt', OTHER_KEY],
]);

table(
  'The role of the state machine that sends alerts in an encrypted lake',
  policiesOf(alertStack({ encryptionKey: Key.fromKeyArn(new Stack(), 'Key', OTHER_KEY) }), 'pp-dw-alerts-role'),
  [['kms:Decrypt', OTHER_KEY, THROUGH_S3]],
  [['kms:Decrypt', OTHER_KEY], ['kms:GenerateDataKey', OTHER_KEY, THROUGH_S3]],
);

table('The role of the rules that start this state machine', policiesOf(alertStack(), 'pp-dw-events-role'), [
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-alerts`],
], [
  ...DENIED_FOR_ALL,
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-dataset`],
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-dev-alerts`],
  ['states:StopExecution', `${STATES}:execution:pp-dw-alerts:run`],
  ['sns:Publish', ON_CALL],
]);

const budgetStack = stackWith({ maxDpuHoursPerMonth: 200, alerts: {} });

table('The role of the state machine that counts DPU-hours', policiesOf(budgetStack, 'pp-dw-usage-role'), [
  ['glue:GetJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['glue:GetJobRun', `${GLUE}:job/pp-dw-silver-fda-summary`],
  ['glue:GetJobRun', `${GLUE}:job/pp-dw-gold-fda-summary`],
  ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw' }],
  ['cloudwatch:GetMetricStatistics', '*'],
], [
  ...DENIED_FOR_ALL,
  ['glue:GetJobRun', `${GLUE}:job/pp-dw-report`],
  ['glue:GetJobRun', `${GLUE}:job/pp-dw-dev-bronze-fda-nsde`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw-dev' }],
  ['cloudwatch:PutMetricData', '*'],
  ['cloudwatch:GetMetricData', '*'],
  ['cloudwatch:DeleteAlarms', 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:pp-dw-usage'],
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
]);

table('The role of the rule that starts this state machine', policiesOf(budgetStack, 'pp-dw-usage-events-role'), [
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-usage`],
], [
  ...DENIED_FOR_ALL,
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-dataset`],
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-alerts`],
  ['states:StartExecution', `${STATES}:stateMachine:pp-dw-dev-usage`],
]);

test.each([
  ['pp-dw-alerts-role', 'states.amazonaws.com', alertStack()],
  ['pp-dw-events-role', 'events.amazonaws.com', alertStack()],
  ['pp-dw-usage-role', 'states.amazonaws.com', budgetStack],
  ['pp-dw-usage-events-role', 'events.amazonaws.com', budgetStack],
])('%s can be assumed only by %s for this account', (name, Service, stack) => {
  const role = resources(stack, 'AWS::IAM::Role').find(({ Properties }) => Properties.RoleName === name)!;
  expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([{
    Action: 'sts:AssumeRole',
    Effect: 'Allow',
    Principal: { Service },
    Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
  }]);
});

/** The deployment of scripts in another app than the core, where the ARN of the key is not known. */
const deployment = LAYOUTS[2].lake(ENV, { ...PREFIXES, encrypted: true });
bronze(deployment);
const ASSETS = 'arn:aws:s3:::cdk-hnb659fds-assets-123456789012-eu-central-1';
const deploymentPolicies = resources(deployment.stack, 'AWS::IAM::Policy').map(({ Properties }) => {
  // The log group name of the function is known only at deployment.
  const text = JSON.stringify(Properties.PolicyDocument).replace(
    /\{"Fn::GetAtt":\["GlueScriptsLogs\w+","Arn"\]\}/,
    `"${LOGS}:GlueScriptsLogs:*"`,
  );
  return JSON.parse(text) as Policy;
});

table('The role that deploys scripts', deploymentPolicies, [
  ['s3:GetObject', `${ASSETS}/0123.zip`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  listing('etl/'),
  ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
  // The organization of the account can own the key of the bootstrap bucket.
  ...[OTHER_KEY, OTHER_KEY.replace('123456789012', '210987654321')].flatMap((key): Row[] => [
    ['kms:Decrypt', key, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': ASSETS }],
    ['kms:Decrypt', key, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': `${ASSETS}/0123.zip` }],
  ]),
], [
  ...DENIED_FOR_ALL,
  ['kms:Decrypt', OTHER_KEY],
  ['kms:Decrypt', OTHER_KEY, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::another-bucket' }],
  ['kms:GenerateDataKey', OTHER_KEY, { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': ASSETS }],
  ['s3:PutObject', `${ASSETS}/0123.zip`],
  ['s3:ListBucket', ASSETS],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/bronze/published.json`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:DeleteObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  listing('raw/'),
]);

describe('The policy of the key that a lake creates', () => {
  const policy: Policy = resource(stackWith({ encrypted: true, alerts: {} }), 'AWS::KMS::Key').Properties.KeyPolicy;
  const group = (name: string) => ({ 'kms:EncryptionContext:aws:logs:arn': `${LOGS}:${name}` });
  const ofAccount = (account: string) => ({ 'aws:SourceAccount': account });
  test.each<[string, string, { [key: string]: string }, boolean]>([
    ['logs.eu-central-1.amazonaws.com', 'kms:Decrypt', group('/aws-glue/pp-dw/output'), true],
    ['logs.eu-central-1.amazonaws.com', 'kms:GenerateDataKey', group('/aws-glue/pp-dw/error'), true],
    ['logs.eu-central-1.amazonaws.com', 'kms:Decrypt', group('/aws-glue/pp-dw-dev/error'), false],
    ['logs.eu-central-1.amazonaws.com', 'kms:Decrypt', {}, false],
    ['logs.eu-central-1.amazonaws.com', 'kms:ScheduleKeyDeletion', {}, false],
    ['logs.us-east-1.amazonaws.com', 'kms:Decrypt', group('/aws-glue/pp-dw/output'), false],
    ['events.amazonaws.com', 'kms:GenerateDataKey', {}, false],
    ['cloudwatch.amazonaws.com', 'kms:CreateGrant', ofAccount('123456789012'), false],
    ['cloudwatch.amazonaws.com', 'kms:Decrypt', ofAccount('123456789012'), true],
    ['cloudwatch.amazonaws.com', 'kms:Decrypt', ofAccount('210987654321'), false],
    ['lambda.amazonaws.com', 'kms:Decrypt', {}, false],
    ['arn:aws:iam::210987654321:role/any', 'kms:Decrypt', {}, false],
  ])('%s is allowed %s with %j: %s', async (principal, action, context, allowed) => {
    expect(await isAllowed(principal, { action, resource: LAKE_KEY, context }, [], policy)).toBe(allowed);
  });
});
