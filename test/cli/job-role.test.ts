import { Stack } from 'aws-cdk-lib';
import { Effect, IRole, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Auth } from '../../src';
import { readDatasets } from '../../src/cli/dataset';
import { UNKNOWN_ROLE } from '../../src/cli/job-role';
import { bronze, ENV, gold, Lake, LAYOUTS } from '../layouts';

interface Statement {
  readonly Action?: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: object;
}

/** The statements for S3 and Glue of the role of a dataset, read from the synthesized app. */
function statementsOf(lake: Lake, dataset: string): Statement[] {
  const found = readDatasets(lake.app.synth().directory).find(each => each.dataset === dataset)!;
  return found.policies().flatMap(policy => (policy as unknown as { Statement: Statement[] }).Statement);
}

const listing = (statements: Statement[]) => statements
  .filter(({ Action: action }) => action === 's3:ListBucket')
  .map(({ Condition: condition }) => condition);

describe.each(LAYOUTS.slice(0, 2))('In an app with $name', ({ lake: lakeOf }) => {
  const environments = [['in an environment', ENV], ['environment-agnostic', undefined]] as const;
  test.each(environments)('%s, the shared role is found', (_, env) => {
    const lake = lakeOf(env);
    bronze(lake);
    gold(lake);
    for (const dataset of ['fda-nsde', 'fda-summary']) {
      expect(listing(statementsOf(lake, dataset))).toEqual([
        { StringLike: { 's3:prefix': ['raw/*', 'bronze/*', 'silver/*', 'gold/*', 'staging/*', 'etl/*'] } },
      ]);
    }
  });

  test('the role of a dataset is found, with its statements for S3 and Glue only', () => {
    const lake = lakeOf(ENV);
    bronze(lake, { auth: Auth.bearer({ secret: 'vendor/api' }) });
    const statements = statementsOf(lake, 'fda-nsde');
    expect(statements.flatMap(({ Action: actions }) => actions).every(action => /^(s3|glue):/.test(action!))).toBe(true);
    expect(statements.flatMap(({ Resource: found }) => found)).toContain(
      'arn:aws:s3:::pp-dw-123456789012/bronze/fda-nsde/*',
    );
  });
});

const own = (statement: PolicyStatement) => (stack: Stack) => {
  const role = new Role(stack, 'Own', { assumedBy: new ServicePrincipal('glue.amazonaws.com') });
  role.addToPolicy(statement);
  return role;
};
const statement = new PolicyStatement({ actions: ['s3:Get*'], resources: ['arn:aws:s3:::x/*'] });
const denial = new PolicyStatement({ effect: Effect.DENY, notActions: ['s3:GetObject'], resources: ['*'] });

test.each<[string, (stack: Stack) => IRole, unknown]>([
  ['with a policy', own(statement), [{ Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::x/*' }]],
  ['with a denial', own(denial), [{ Effect: 'Deny', NotAction: 's3:GetObject', Resource: '*' }]],
  ['with a Glue statement', own(new PolicyStatement({ actions: ['glue:GetTable'], resources: ['*'] })), [
    { Effect: 'Allow', Action: 'glue:GetTable', Resource: '*' },
  ]],
  ['without statements for S3 and Glue', own(new PolicyStatement({ actions: ['sns:Publish'], resources: ['*'] })), []],
  ['with a managed policy of the app', stack => {
    const managed = new ManagedPolicy(stack, 'Managed', { statements: [statement] });
    return new Role(stack, 'Own', {
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
      managedPolicies: [managed],
    });
  }, [{ Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::x/*' }]],
  ['with a managed policy of AWS', stack => new Role(stack, 'Own', {
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AmazonS3FullAccess')],
  }), 'unknown'],
  ['of another app', stack => Role.fromRoleName(stack, 'Own', 'theirs'), 'unknown'],
  ['with a bucket that is only known at deployment', own(new PolicyStatement({
    actions: ['s3:*'],
    resources: ['{{resolve:ssm:/bucket}}'],
  })), 'unknown'],
])('the policies of a role %s', (_, role, expected) => {
  const lake = LAYOUTS[1].lake(ENV);
  bronze(lake, { role: role(lake.stack) });
  const unknown = UNKNOWN_ROLE.flatMap(policy => (policy as unknown as { Statement: Statement[] }).Statement);
  expect(statementsOf(lake, 'fda-nsde')).toEqual(expected === 'unknown' ? unknown : expected);
});

test('the shared role of a lake in another app is unknown', () => {
  const lake = LAYOUTS[2].lake(ENV);
  bronze(lake);
  expect(listing(statementsOf(lake, 'fda-nsde'))).toEqual([{ StringLike: { 's3:prefix': '*' } }]);
});
