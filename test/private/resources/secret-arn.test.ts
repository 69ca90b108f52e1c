import { App, Aws, CfnParameter, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Auth } from '../../../src';
import { resources } from '../../assembly';
import { bronze, ENV, LAYOUTS } from '../../layouts';

type CreateSecret = (stack: Stack) => string;

const parameter = (value?: string): CreateSecret => stack =>
  new CfnParameter(stack, 'Secret', { default: value }).valueAsString;

/** The resources in the policy of a dataset with this secret. */
function secretResources(create: CreateSecret): string[] {
  const where = LAYOUTS[2].lake(ENV);
  bronze(where, { auth: Auth.bearer({ secret: create(where.stack) }) });
  const { Policies } = resources(where.stack, 'AWS::IAM::Role').find(({ id }) => id.startsWith('Bronze'))!.Properties;
  const { PolicyDocument } = Policies.find(({ PolicyName }: { PolicyName: string }) => PolicyName === 'secret');
  return [PolicyDocument.Statement[0].Resource].flat().map((each: unknown) =>
    typeof each === 'string' ? each : JSON.stringify(each));
}

const NAMED = `arn:aws:secretsmanager:${ENV.region}:${ENV.account}:secret:`;

/** The ARNs of a secret in a policy, with and without the random suffix. */
const arn = (value: string): string[] => [value, `${value}-??????`];

test.each<[string, CreateSecret, string[]]>([
  ['the ARN of a secret of the stack', stack => new Secret(stack, 'Own').secretArn, arn('${OwnXXXXXXXX}')],
  ['the ARN of a secret found by its name', stack => Secret.fromSecretNameV2(stack, 'Own', 'vendor/api').secretArn,
    arn(`${NAMED}vendor/api`)],
  ['the name of a secret found by its name', stack => Secret.fromSecretNameV2(stack, 'Own', 'vendor/api').secretName,
    [`${NAMED}vendor/api-??????`]],
  ['a parameter without a default', parameter(), arn('${Secret}')],
  ['a parameter with an ARN as its default', parameter(`${NAMED}vendor/api`), arn('${Secret}')],
  ['a name that contains a parameter', stack => `vendor/${parameter()(stack)}/api`,
    [`${NAMED}vendor/\${Secret}/api-??????`]],
  ['a join that starts with a name', stack => Fn.join('/', ['vendor', parameter()(stack)]),
    [`${NAMED}vendor/\${Secret}-??????`]],
  ['an ARN that contains a parameter with a name', stack =>
    `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:${parameter('vendor/api')(stack)}`,
  arn(`${NAMED}\${Secret}`)],
  ['a lazy name', () => Lazy.string({ produce: () => 'vendor/api' }), [`${NAMED}vendor/api-??????`]],
  ['a lazy ARN', () => Lazy.string({ produce: () => `${NAMED}vendor/api` }), arn(`${NAMED}vendor/api`)],
])('the policy allows %s', (_, create, expected) => {
  expect(secretResources(create).map(each => each.replace(/^(\$\{Own)[0-9A-F]{8}/, '$1XXXXXXXX'))).toEqual(expected);
});

test.each<[string, CreateSecret, RegExp]>([
  ['the ARN of a secret of another stack',
    stack => new Secret(new Stack(stack.node.root as App, 'Other', { env: ENV }), 'Secret').secretArn,
    /^\{"Fn::ImportValue":"Other:ExportsOutputRefSecret/],
  ['an SSM parameter', stack => StringParameter.valueForStringParameter(stack, '/lake/secret'),
    /^\$\{SsmParameterValue/],
  ['an import', () => Fn.importValue('secret-arn'), /^\{"Fn::ImportValue":"secret-arn"\}$/],
  ['a choice of ARNs', () => Fn.conditionIf('IsProduction', `${NAMED}a`, `${NAMED}b`).toString(), /^\{"Fn::If":/],
])('the policy allows %s as an ARN', (_, create, first) => {
  const [withSuffix, withoutSuffix] = secretResources(create);
  expect(withSuffix).toMatch(first);
  expect(withoutSuffix).toContain('-??????');
  expect(withoutSuffix).not.toContain(NAMED);
});

test.each<[string, CreateSecret]>([
  ['the name of a secret of the stack', stack => new Secret(stack, 'Secret').secretName],
  ['the declared name of a secret of the stack', stack =>
    new Secret(stack, 'Secret', { secretName: 'vendor/api' }).secretName],
  ['the name of a secret of another stack', stack =>
    new Secret(new Stack(stack.node.root as App, 'Other', { env: ENV }), 'Secret').secretName],
  ['a parameter with a name as its default', parameter('vendor/api')],
  ['the name as a part of an ARN', stack => Fn.select(6, Fn.split(':', parameter()(stack)))],
  ['a choice of names', () => Fn.conditionIf('IsProduction', 'vendor/api', 'vendor/test').toString()],
])('%s is an error', (_, create) => {
  expect(() => secretResources(create)).toThrow(
    'SECRET_ARN_INVALID: Lake/Bronze: auth.secret is a name that is only known at deployment. Use the ARN of the '
      + 'secret, for example secret.secretArn',
  );
});

test('a role that you pass can use a name that is only known at deployment', () => {
  const where = LAYOUTS[2].lake(ENV);
  const role = Role.fromRoleName(where.stack, 'Own', 'own-role');
  const secret = new Secret(where.stack, 'Secret').secretName;
  expect(() => bronze(where, { role, auth: Auth.bearer({ secret }) })).not.toThrow();
});
