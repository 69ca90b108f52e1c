import { App, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { EtlCore, Layer } from '../src';
import { Resource, resources } from './assembly';
import { ENV, PREFIXES } from './layouts';
import { Call, isAllowed, Policy } from './security/policy-evaluator';

const BUCKET = 'arn:aws:s3:::pp-dw-123456789012';
const GLUE = 'arn:aws:glue:eu-central-1:123456789012';
const ATHENA = 'arn:aws:athena:eu-central-1:123456789012';
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111';
const ROLE = 'arn:aws:iam::123456789012:role/pp-dw-partner-analysts';
const ANALYST = 'arn:aws:iam::210987654321:role/analysts';

/** The lake of docs/access/cross-account.md. */
function lake(lakeFormation: boolean): Stack {
  const stack = new Stack(new App(), 'Lake', { env: ENV });
  const encryptionKey = Key.fromKeyArn(stack, 'Own', KEY);
  const core = new EtlCore(stack, 'Core', { ...PREFIXES, encryptionKey, lakeFormation });
  const analysts = new Role(stack, 'PartnerAnalysts', {
    roleName: 'pp-dw-partner-analysts',
    assumedBy: new AccountPrincipal('210987654321').withConditions({
      ArnEquals: { 'aws:PrincipalArn': ANALYST },
    }),
    externalIds: ['finance'],
  });
  core.grantQuery(analysts, { layers: [Layer.GOLD] });
  return stack;
}

function roleOf(stack: Stack): Resource {
  return resources(stack, 'AWS::IAM::Role').find(each => each.Properties.RoleName === 'pp-dw-partner-analysts')!;
}

function policiesOf(stack: Stack): Policy[] {
  const { id } = roleOf(stack);
  return resources(stack, 'AWS::IAM::Policy')
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(id))
    .map(({ Properties }) => Properties.PolicyDocument as Policy);
}

type Row = [action: string, resource: string, context: Call['context']];

const listing = (prefix: string): Row => ['s3:ListBucket', BUCKET, { 's3:prefix': prefix }];

const READS_OBJECTS: Row[] = [
  ['s3:GetObject', `${BUCKET}/gold/summary/part.parquet`, {}],
  listing('gold/summary/'),
];

const ALLOWED: Row[] = [
  ['glue:GetTable', `${GLUE}:table/pp_dw_gold/summary`, {}],
  ['athena:StartQueryExecution', `${ATHENA}:workgroup/pp-dw`, {}],
  ['athena:GetQueryResults', `${ATHENA}:workgroup/pp-dw`, {}],
  ['s3:PutObject', `${BUCKET}/athena/result.csv`, {}],
];

const DENIED: Row[] = [
  ['s3:GetObject', `${BUCKET}/bronze/zipcodes/part.parquet`, {}],
  ['s3:GetObject', `${BUCKET}/silver/zipcodes/part.parquet`, {}],
  ['s3:GetObject', `${BUCKET}/raw/zipcodes/zipcodes.zip`, {}],
  ['s3:GetObject', `${BUCKET}/etl/zipcodes/glue/bronze_job.py`, {}],
  ['s3:PutObject', `${BUCKET}/gold/summary/part.parquet`, {}],
  ['s3:DeleteObject', `${BUCKET}/gold/summary/part.parquet`, {}],
  listing('bronze/zipcodes/'),
  listing('raw/'),
  ['glue:GetTable', `${GLUE}:table/pp_dw_bronze/zipcodes`, {}],
  ['glue:UpdateTable', `${GLUE}:table/pp_dw_gold/summary`, {}],
  ['glue:StartJobRun', `${GLUE}:job/pp-dw-gold-summary`, {}],
  ['athena:StartQueryExecution', `${ATHENA}:workgroup/primary`, {}],
  ['sts:AssumeRole', 'arn:aws:iam::123456789012:role/pp-dw-glue-role', {}],
];

describe.each([false, true])('the role of analysts in another account (lakeFormation: %s)', lakeFormation => {
  const policies = policiesOf(lake(lakeFormation));
  const allowed = [...ALLOWED, ...lakeFormation ? [] : READS_OBJECTS];
  const denied = [...DENIED, ...lakeFormation ? READS_OBJECTS : []];

  test.each(allowed)('is allowed %s on %s %j', async (action, on, context) => {
    expect(await isAllowed(ROLE, { action, resource: on, context }, policies)).toBe(true);
  });

  test.each(denied)('is denied %s on %s %j', async (action, on, context) => {
    expect(await isAllowed(ROLE, { action, resource: on, context }, policies)).toBe(false);
  });

  test('can only be assumed by one role of the other account, with the external ID', () => {
    expect(roleOf(lake(lakeFormation)).Properties.AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [{
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::210987654321:root' },
        Action: 'sts:AssumeRole',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': ANALYST },
          StringEquals: { 'sts:ExternalId': 'finance' },
        },
      }],
    });
  });
});
