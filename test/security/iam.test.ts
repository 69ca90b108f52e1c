import { App, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
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

function policiesOf(stack: Stack, roleName: string): Policy[] {
  const role = resources(stack, 'AWS::IAM::Role').find(({ Properties }) => Properties.RoleName === roleName)!;
  return role.Properties.Policies.map(({ PolicyDocument }: { PolicyDocument: Policy }) => PolicyDocument);
}

/**
 * What CDK gives a key, and what a role needs beside its own policies: without a word of its key KMS refuses
 * everything.
 */
const OF_A_KEY: Policy = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
  ],
};

/** A table of what a role may, and one of what it may not. */
function table(name: string, policies: Policy[], may: Row[], mayNot: Row[]): void {
  // A row without its third cell would get jest's `done` there, and be waited for.
  const whole = (rows: Row[]) => rows.map(([action, on, context = {}]) => [action, on, context] as const);
  const principal = `arn:aws:iam::123456789012:role/${name.replace(/\W+/g, '-')}`;
  describe(name, () => {
    test.each(whole(may))('may %s on %s %j', async (action, on, context) => {
      expect(
        await isAllowed(
          principal,
          { action, resource: on, context },
          policies,
          action.startsWith('kms:') ? OF_A_KEY : undefined,
        ),
      ).toBe(true);
    });
    test.each(whole(mayNot))('may not %s on %s %j', async (action, on, context) => {
      expect(
        await isAllowed(
          principal,
          { action, resource: on, context },
          policies,
          action.startsWith('kms:') ? OF_A_KEY : undefined,
        ),
      ).toBe(false);
    });
  });
}

const listing = (prefix: string): Row => ['s3:ListBucket', BUCKET, { 's3:prefix': prefix }];

/** What no role of a lake may. */
const NO_ROLE: Row[] = [
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

const MAY_GLUE: Row[] = [
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObjectTagging', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:AbortMultipartUpload', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObject', `${BUCKET}/staging/bronze/fda-nsde/run_id=1/part`],
  ['s3:DeleteObject', `${BUCKET}/staging/bronze/fda-nsde/run_id=1/part`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:DeleteObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:GetObjectVersion', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/gold/fda-nsde/part.parquet`],
  ['s3:GetObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/bronze/published.json`],
  ['s3:GetBucketLocation', BUCKET],
  listing('raw/fda-nsde/'),
  listing('bronze/'),
  listing('gold/x'),
  listing('staging/bronze/fda-nsde/'),
  listing('etl/fda-nsde/runs/bronze/'),
  ['glue:GetDatabase', `${GLUE}:database/pp_dw_bronze`],
  ['glue:CreateTable', `${GLUE}:table/pp_dw_bronze/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_gold/fda_nsde`],
  ['glue:GetTable', `${GLUE}:catalog`],
  ['logs:CreateLogStream', `${LOGS}:/aws-glue/pp-dw/error:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/error:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/output:log-stream:jr_1-driver`],
  ['logs:CreateLogStream', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-nsde-crawler`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-nsde-crawler`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-gold-fda-nsde-crawler`],
];

const MAY_NOT_GLUE: Row[] = [
  ...NO_ROLE,
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:DeleteObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:PutObjectTagging', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  listing('athena/'), listing(''), ['s3:ListBucket', BUCKET],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:another-crawler`],
];

const METRIC: Row = ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw' }];

table('The shared role', policiesOf(stackWith(), 'pp-dw-glue-role'), MAY_GLUE, [
  ...MAY_NOT_GLUE,
  METRIC,
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
]);

table(
  'The shared role of an encrypted lake with metrics',
  policiesOf(encryptedStack(), 'pp-dw-glue-role'),
  [
    ...MAY_GLUE,
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
    ...MAY_NOT_GLUE,
    ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'pp-dw-dev' }],
    ['cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'AWS/Glue' }],
    ['kms:Decrypt', OTHER_KEY, THROUGH_S3],
    ['kms:GenerateDataKey', OTHER_KEY, THROUGH_S3],
  ],
);

/** The role of a dataset of its own, in another app, where it can know the least of the key. */
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

/** What any dataset's own role may: what the shared role may, for its own dataset. */
const MAY_OWN = MAY_GLUE.filter(
  ([, on, context = {}]) => !/gold/.test(on + context['s3:prefix']) && context['s3:prefix'] !== 'bronze/',
);

/** What it may not, whatever it is for. */
const MAY_NOT_OWN: Row[] = [
  ...MAY_NOT_GLUE,
  ['s3:GetObject', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde-2/run_id=1/cder.zip`],
  ['s3:PutObject', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:PutObjectTagging', `${BUCKET}/raw/fda-cder/run_id=1/cder.zip`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-cder/part.parquet`],
  ['s3:GetObject', `${BUCKET}/bronze/fda-cder/part.parquet`],
  ['s3:PutObject', `${BUCKET}/gold/fda-nsde/part.parquet`],
  ['s3:PutObject', `${BUCKET}/staging/bronze/fda-cder/run_id=1/part`],
  ['s3:PutObject', `${BUCKET}/staging/gold/fda-nsde/run_id=1/part`],
  ['s3:GetObject', `${BUCKET}/etl/fda-cder/glue/bronze_job.py`],
  ['s3:PutObject', `${BUCKET}/etl/fda-cder/runs/bronze/published.json`],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/gold/published.json`],
  listing('raw/'), listing('bronze/'), listing('raw/fda-cder/'), listing('gold/fda-nsde/'), listing('staging/'),
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

table('The role of a dataset with a secret by its name', ownPolicies({ auth: Auth.bearer({ secret: 'vendor/api' }) }),
  [...MAY_OWN, ...READS_SECRET],
  [...MAY_NOT_OWN, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY, ['kms:Decrypt', OTHER_KEY, THROUGH_SECRETS]]);

table('The role of a dataset with a secret by the ARN', ownPolicies({ auth: Auth.bearer({ secret: SECRET }) }),
  [...MAY_OWN, ...READS_SECRET], [...MAY_NOT_OWN, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY]);

table(
  'The role of a dataset with a secret by an ARN without its random end',
  ownPolicies({ auth: Auth.bearer({ secret: `${SECRETS}:vendor/api` }) }),
  [...MAY_OWN, ...READS_SECRET],
  [...MAY_NOT_OWN, ...READS_DROPS, ...USES_CONNECTION, ...NO_LAKE_KEY],
);

table(
  'The role of a dataset with a secret that a key encrypts, in an encrypted lake with metrics',
  ownPolicies(
    { auth: Auth.bearer({ secret: 'vendor/api', encryptionKey: OTHER_KEY }) },
    { encrypted: true, metrics: true },
  ),
  [
    ...MAY_OWN,
    ...READS_SECRET,
    METRIC,
    ['kms:Decrypt', OTHER_KEY, THROUGH_SECRETS],
    ['kms:GenerateDataKey', LAKE_KEY, THROUGH_S3],
  ],
  [...MAY_NOT_OWN, ...READS_DROPS, ...USES_CONNECTION],
);

table(
  "The role of a dataset of a bucket's folder",
  ownPolicies({ source: Source.s3('s3://vendor/drops/') }),
  [...MAY_OWN, ...READS_DROPS],
  [
    ...MAY_NOT_OWN,
    ...READS_SECRET,
    ...USES_CONNECTION,
    ...NO_LAKE_KEY,
    ['s3:GetObject', `${VENDOR}/drops`],
    ['s3:ListBucket', VENDOR, { 's3:prefix': 'drops' }],
  ],
);

table('The role of a dataset of a bucket\'s files by date and glob', ownPolicies({ source: Source.urls(['s3://vendor/drops/{yyyy-MM-dd}/*.csv', 's3://vendor/a?.csv']) }),
  [...MAY_OWN, ...READS_DROPS, ['s3:GetObject', `${VENDOR}/ab.csv`], ['s3:ListBucket', VENDOR, { 's3:prefix': 'a' }]],
  [...MAY_NOT_OWN, ...READS_SECRET, ...USES_CONNECTION, ...NO_LAKE_KEY, ['s3:GetObject', `${VENDOR}/b.csv`]]);

table(
  'The role of a dataset of one file of a bucket',
  ownPolicies({ source: Source.s3('s3://vendor/one.csv') }),
  [
    ...MAY_OWN,
    ['s3:GetObject', `${VENDOR}/one.csv`],
    ['s3:ListBucket', VENDOR, { 's3:prefix': 'one.csv' }],
    ['s3:GetBucketLocation', VENDOR],
  ],
  [
    ...MAY_NOT_OWN,
    ...READS_SECRET,
    ...USES_CONNECTION,
    ...NO_LAKE_KEY,
    ['s3:GetObject', `${VENDOR}/one.csv.old`],
    ['s3:GetObject', `${VENDOR}/drops/a.csv`],
  ],
);

table('The role of a dataset with a connection', ownPolicies({ connection: GlueConnection.fromName('vendor-network') }),
  [...MAY_OWN, ...USES_CONNECTION], [...MAY_NOT_OWN, ...READS_SECRET, ...READS_DROPS, ...NO_LAKE_KEY]);

describe('A dataset\'s own role', () => {
  const keyOf = (layout: number, props: (stack: Stack) => Partial<EtlCoreProps>) => {
    const scope = new Stack();
    const lake = LAYOUTS[layout].lake(ENV, { ...PREFIXES, ...props(scope) });
    bronze(lake, { auth: Auth.bearer({ secret: 'vendor/api' }) });
    const role = resources(lake.stack, 'AWS::IAM::Role').find(
      ({ Properties }) => Properties.RoleName === 'pp-dw-bronze-fda-nsde-role',
    )!;
    const [{ PolicyDocument }] = role.Properties.Policies.filter(
      ({ PolicyName }: { PolicyName: string }) => PolicyName === 'key',
    );
    return PolicyDocument.Statement[0].Resource as unknown;
  };
  test.each<[string, number, (stack: Stack) => Partial<EtlCoreProps>, unknown]>([
    [
      'that its own stack makes, by its ARN',
      0,
      () => ({ encrypted: true }),
      { 'Fn::GetAtt': [expect.stringMatching(/^CoreKey/), 'Arn'] },
    ],
    ["that another stack makes, by the lake's objects", 1, () => ({ encrypted: true }), `${KMS}/*`],
    ["of another app, by the lake's objects", 2, () => ({ encrypted: true }), `${KMS}/*`],
    [
      'that is given by its ARN, by that',
      1,
      scope => ({ encryptionKey: Key.fromKeyArn(scope, 'Own', LAKE_KEY) }),
      LAKE_KEY,
    ],
  ])("may use the lake's key %s", (_, layout, props, resource_) => {
    expect(keyOf(layout, props)).toEqual(resource_);
  });

  test('is Glue\'s alone', () => {
    const lake = LAYOUTS[2].lake(ENV);
    bronze(lake, { auth: Auth.bearer({ secret: 'vendor/api' }) });
    expect(
      resources(lake.stack, 'AWS::IAM::Role').find(({ id }) => id.startsWith('Bronze'))!.Properties
        .AssumeRolePolicyDocument.Statement,
    ).toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' } }]);
  });
});

table('The schedules\' role', policiesOf(encryptedStack(), 'pp-dw-scheduler-role'), [
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-gold-fda-summary`],
], [
  ...NO_ROLE,
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-report`],
  ['glue:BatchStopJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['kms:Decrypt', LAKE_KEY, THROUGH_S3],
]);

/** In another app, where a role can know the least of the key. */
const deployment = LAYOUTS[2].lake(ENV, { ...PREFIXES, encrypted: true });
bronze(deployment);
const ASSETS = 'arn:aws:s3:::cdk-hnb659fds-assets-123456789012-eu-central-1';
const deploymentPolicies = resources(deployment.stack, 'AWS::IAM::Policy').map(({ Properties }) => {
  // The name of its own log group is only known at deployment.
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
], [
  ...NO_ROLE,
  ['s3:PutObject', `${ASSETS}/0123.zip`],
  ['s3:ListBucket', ASSETS],
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/runs/bronze/published.json`],
  ['s3:PutObject', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:GetObject', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:DeleteObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  listing('raw/'),
]);

describe('The policy of the key that a lake makes', () => {
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
    ['events.amazonaws.com', 'kms:GenerateDataKey', {}, true],
    ['events.amazonaws.com', 'kms:CreateGrant', {}, false],
    ['cloudwatch.amazonaws.com', 'kms:Decrypt', ofAccount('123456789012'), true],
    ['cloudwatch.amazonaws.com', 'kms:Decrypt', ofAccount('210987654321'), false],
    ['lambda.amazonaws.com', 'kms:Decrypt', {}, false],
    ['arn:aws:iam::210987654321:role/any', 'kms:Decrypt', {}, false],
  ])('%s may %s with %j: %s', async (principal, action, context, allowed) => {
    expect(await isAllowed(principal, { action, resource: LAKE_KEY, context }, [], policy)).toBe(allowed);
  });
});
