import { CfnParameter, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { synthError } from '../errors/synth-error';

/**
 * The resources of a policy statement for one secret. Secrets Manager appends a hyphen and six characters to the name
 * of a secret; an ARN can include or omit them.
 *
 * Fails on a value that is only known at deployment and is recognizably the name of a secret. The statement needs an
 * ARN, and an unknown value can be a name or an ARN. All other values that are only known at deployment must be ARNs.
 *
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
 *
 * @param secret the name or the ARN
 */
export function secretArns(scope: Construct, secret: string): string[] {
  const stack = Stack.of(scope);
  const named = `arn:${stack.partition}:secretsmanager:${stack.region}:${stack.account}:secret`;
  const kind = isOnlyToken(secret) ? kindOf(stack, Tokenization.reverseString(secret).firstToken) : kindOfText(secret);
  if (kind === 'unmarked name') {
    throw synthError(
      scope,
      'SECRET_ARN_INVALID',
      'auth.secret is a name that is only known at deployment.',
      'Use the ARN of the secret, for example secret.secretArn, or write the ARN and insert the name: '
        + '`arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:${name}`.',
    );
  }
  return kind === 'arn' ? [secret, `${secret}-??????`] : [`${named}:${secret}-??????`];
}

type Kind = 'arn' | 'name' | 'unmarked name';

function isOnlyToken(text: string): boolean {
  const { length, firstToken } = Tokenization.reverseString(text);
  return length === 1 && firstToken !== undefined;
}

function kindOfText(text: string): Kind {
  return text.startsWith('arn:') ? 'arn' : 'name';
}

/** The kind of a token. A token that shows no sign of being a name counts as an ARN. */
function kindOf(stack: Stack, token: unknown): Kind {
  if (Reference.isReference(token)) {
    return kindOfParameter(token.target as Partial<CfnParameter>);
  }
  const resolved: unknown = stack.resolve(token);
  return typeof resolved === 'string' ? kindOfText(resolved) : kindOfIntrinsic(resolved as Intrinsic);
}

/** If a CloudFormation parameter has an SSM parameter type, its default is the name of the SSM parameter. */
function kindOfParameter({ type, default: value }: Partial<CfnParameter>): Kind {
  const isValue = type === 'String' && typeof value === 'string' && !Token.isUnresolved(value);
  return isValue && !value.startsWith('arn:') ? 'unmarked name' : 'arn';
}

interface Intrinsic {
  readonly 'Fn::Join'?: [separator: string, parts: unknown];
  readonly 'Fn::Sub'?: string | [string, unknown];
  readonly 'Fn::If'?: [condition: string, whenTrue: unknown, whenFalse: unknown];
  readonly 'Fn::Select'?: [index: number | string, list: { readonly 'Fn::Split'?: [separator: string, text: unknown] }];
}

function kindOfIntrinsic(intrinsic: Intrinsic): Kind {
  const { 'Fn::Join': join, 'Fn::Sub': sub, 'Fn::If': choice } = intrinsic;
  if (choice) {
    const kinds = choice.slice(1).map(each =>
      typeof each === 'string' ? kindOfText(each) : kindOfIntrinsic(each as Intrinsic));
    return kinds.every(kind => kind === 'arn') ? 'arn' : 'unmarked name';
  }
  const start = Array.isArray(join?.[1]) ? join[1][0] as unknown : Array.isArray(sub) ? sub[0] : sub;
  if (typeof start === 'string' && !start.startsWith('${')) {
    return kindOfText(start);
  }
  return isPartOfArn(intrinsic) || isPartOfArn(start) ? 'unmarked name' : 'arn';
}

/**
 * Whether a value is part of an ARN, such as Secret.secretName. Secret.secretName splits the ARN at its colons, and the
 * name with the suffix at its hyphens.
 */
function isPartOfArn(value: unknown): boolean {
  const separator = (value as Intrinsic | undefined)?.['Fn::Select']?.[1]['Fn::Split']?.[0];
  return separator === ':' || separator === '-';
}
