// security/iam.test.ts tests which API calls the role allows.
import { App, Stack } from 'aws-cdk-lib';
import { EtlCore, EtlCoreProps } from '../src';
import * as assembly from './assembly';
import { ENV } from './layouts';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

function roleOf(props: Partial<EtlCoreProps> = {}): assembly.Resource {
  const stack = new Stack(new App(), 'Core', { env: ENV });
  new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw', ...props });
  return assembly
    .resources(stack, 'AWS::IAM::Role')
    .find(({ Properties }) => Properties.RoleName === 'pp-dw-glue-role')!;
}

function statementsOf({ Properties }: assembly.Resource): Statement[] {
  const policies: { PolicyDocument: { Statement: Statement[] } }[] = Properties.Policies;
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const role = roleOf();
const statements = statementsOf(role);

test('the role has no wildcard actions, no resource "*", and no managed policies', () => {
  expect(statements.flatMap(({ Action }) => Action).filter(action => action.includes('*'))).toEqual([]);
  expect(statements.flatMap(({ Resource }) => Resource)).not.toContain('*');
  expect(role.Properties.ManagedPolicyArns).toBeUndefined();
});

test('the role can send only events about warnings of the lake', () => {
  expect(statements.filter(({ Action }) => Action.includes('events:PutEvents'))).toEqual([
    {
      Action: 'events:PutEvents',
      Effect: 'Allow',
      Resource: 'arn:aws:events:eu-central-1:123456789012:event-bus/default',
      Condition: {
        'ForAllValues:StringEquals': { 'events:source': ['medallion.pp-dw'], 'events:detail-type': ['Run Warnings'] },
        'Null': { 'events:source': 'false', 'events:detail-type': 'false' },
      },
    },
  ]);
});

test('metrics add only the permission to publish metrics in the namespace of the lake', () => {
  const known = statements.map(statement => JSON.stringify(statement));
  const added = statementsOf(roleOf({ metrics: true })).filter(statement => !known.includes(JSON.stringify(statement)));
  expect(added).toEqual([
    {
      Action: 'cloudwatch:PutMetricData',
      Effect: 'Allow',
      Resource: '*',
      Condition: { StringEquals: { 'cloudwatch:namespace': 'pp-dw' } },
    },
  ]);
});

test('only AWS Glue can assume the role', () => {
  expect(role.Properties.AssumeRolePolicyDocument.Statement)
    .toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' } }]);
});
