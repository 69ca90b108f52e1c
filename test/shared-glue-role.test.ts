import { App, Stack } from 'aws-cdk-lib';
import { EtlCore, EtlCoreProps } from '../src';
import * as assembly from './assembly';
import { ENV } from './layouts';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: { StringLike?: { 's3:prefix': string[] }; StringEquals?: { 'cloudwatch:namespace': string } };
}

function roleOf(props: Partial<EtlCoreProps> = {}): assembly.Resource {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', ...props });
  return assembly.resources(stack, 'AWS::IAM::Role').find(({ Properties }) => Properties.RoleName === 'pp-dw-glue-role')!;
}

function statementsOf({ Properties }: assembly.Resource): Statement[] {
  const policies: { PolicyDocument: { Statement: Statement[] } }[] = Properties.Policies;
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const role = roleOf();
const statements = statementsOf(role);

/** What IAM would say, as far as the role's statements go: wildcards, and the condition on listings. */
function allows(action: string, resource: string, prefix?: string): boolean {
  const matches = (pattern: string, value: string) =>
    new RegExp(`^${pattern.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(value);
  return statements.some(({ Action, Resource, Condition }) =>
    [Action].flat().some(pattern => matches(pattern, action))
    && [Resource].flat().some(pattern => matches(pattern, resource))
    && (!Condition || (prefix !== undefined && Condition.StringLike!['s3:prefix'].some(pattern => matches(pattern, prefix)))));
}

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const GLUE = 'arn:aws:glue:eu-central-1:123456789012';
const LOGS = 'arn:aws:logs:eu-central-1:123456789012:log-group';

test.each([
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
  ['glue:GetDatabase', `${GLUE}:database/pp_dw_bronze`],
  ['glue:CreateTable', `${GLUE}:table/pp_dw_bronze/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_gold/fda_nsde`],
  ['glue:GetTable', `${GLUE}:catalog`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/error:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/output:log-stream:jr_1-driver`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/crawlers:log-stream:pp-dw-bronze-fda-nsde-crawler`],
])('it may %s on %s', (action, resource) => {
  expect(allows(action, resource)).toBe(true);
});

test.each([
  ['s3:PutObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:DeleteObject', `${BUCKET}/etl/fda-nsde/glue/bronze_job.py`],
  ['s3:PutObject', `${BUCKET}/athena/result.csv`],
  ['s3:GetObject', `${BUCKET}/athena/result.csv`],
  ['s3:PutObject', `${BUCKET}/other/file`],
  ['s3:GetObject', 'arn:aws:s3:::pp-dw-123456789012-other/raw/file'],
  ['s3:GetObject', 'arn:aws:s3:::another-bucket/raw/file'],
  ['s3:DeleteObjectVersion', `${BUCKET}/raw/fda-nsde/run_id=1/nsde.zip`],
  ['s3:PutObjectTagging', `${BUCKET}/bronze/fda-nsde/part.parquet`],
  ['s3:DeleteBucket', BUCKET],
  ['s3:PutBucketPolicy', BUCKET],
  ['s3:PutLifecycleConfiguration', BUCKET],
  ['glue:DeleteTable', `${GLUE}:table/pp_dw_bronze/fda_nsde`],
  ['glue:UpdateTable', `${GLUE}:table/other/fda_nsde`],
  ['glue:CreateDatabase', `${GLUE}:database/pp_dw_bronze`],
  ['glue:StartCrawler', `${GLUE}:crawler/pp-dw-bronze-fda-nsde-crawler`],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-bronze-fda-nsde`],
  ['logs:PutLogEvents', `${LOGS}:/aws/lambda/other:log-stream:1`],
  ['logs:PutLogEvents', `${LOGS}:/aws-glue/pp-dw/errors:log-stream:1`],
  ['secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:any'],
  ['iam:PassRole', 'arn:aws:iam::123456789012:role/pp-dw-glue-role'],
  ['cloudwatch:PutMetricData', '*'],
  ['sns:Publish', 'arn:aws:sns:eu-central-1:123456789012:pp-dw-alerts'],
])('it may not %s on %s', (action, resource) => {
  expect(allows(action, resource)).toBe(false);
});

test.each([
  ['raw/fda-nsde/', true],
  ['bronze/', true],
  ['gold/x', true],
  ['staging/bronze/fda-nsde/', true],
  ['etl/fda-nsde/runs/bronze/', true],
  ['athena/', false],
  ['', false],
])('listing the prefix "%s" is allowed: %s', (prefix, allowed) => {
  expect(allows('s3:ListBucket', BUCKET, prefix)).toBe(allowed);
});

test('no action is a wildcard, no resource is everything, and there is no managed policy', () => {
  expect(statements.flatMap(({ Action }) => Action).filter(action => action.includes('*'))).toEqual([]);
  expect(statements.flatMap(({ Resource }) => Resource)).not.toContain('*');
  expect(role.Properties.ManagedPolicyArns).toBeUndefined();
});

test('with metrics it may put them in the namespace of its lake, and nothing else is added', () => {
  const known = statements.map(statement => JSON.stringify(statement));
  const added = statementsOf(roleOf({ metrics: true })).filter(statement => !known.includes(JSON.stringify(statement)));
  expect(added).toEqual([{
    Action: 'cloudwatch:PutMetricData', Effect: 'Allow', Resource: '*', Condition: { StringEquals: { 'cloudwatch:namespace': 'pp-dw' } },
  }]);
});

test('Glue alone may be it', () => {
  expect(role.Properties.AssumeRolePolicyDocument.Statement)
    .toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' } }]);
});
