import { resourcesOf, Stack } from './assembly';
import { resolve, Resource, toList, Value } from './intrinsics';
import { unknownValuesIn } from './unknown-value';

/**
 * The assumed policies of a role that the app does not define, such as the role of a lake in another app. They allow
 * everything except listing the bucket without a prefix, which no role of a lake allows. Without that permission, S3
 * responds with 403 instead of 404 for an object that does not exist.
 */
export const UNKNOWN_ROLE: Value[] = [{
  Statement: [
    { Effect: 'Allow', NotAction: 's3:ListBucket', Resource: '*' },
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: '*', Condition: { StringLike: { 's3:prefix': '*' } } },
  ],
}];

/**
 * The policy documents of the role of a job, with only the statements for S3 and Glue. Returns {@link UNKNOWN_ROLE} if
 * the app does not define the role, or if a part of its policies is only known at deployment.
 *
 * @param role the property `Role` of the job: the ARN of the role
 * @param stack the stack of the job
 * @param stacks the stacks of the app
 */
export function policiesOfRole(role: Value, stack: Stack, stacks: Stack[]): Value[] {
  const found = roleInStack(role, stack) ?? roleByName(role, stack, stacks);
  const policies = found && policiesIn(found.stack, found.id, found.role);
  return policies && unknownValuesIn(JSON.stringify(policies)).length === 0 ? policies : UNKNOWN_ROLE;
}

interface FoundRole {
  readonly stack: Stack;
  readonly id: string;
  readonly role: Resource;
}

/** The role that an attribute refers to. */
function roleInStack(value: Value, stack: Stack): FoundRole | undefined {
  const attribute = (value as Record<string, Value> | null)?.['Fn::GetAtt'];
  const [id] = Array.isArray(attribute) ? attribute.map(String) : String(attribute ?? '').split('.');
  const role = stack.template.Resources?.[id];
  return role?.Type === 'AWS::IAM::Role' ? { stack, id, role } : undefined;
}

/** The role that an ARN names. Two stages can have roles with the same name in different accounts. */
function roleByName(value: Value, stack: Stack, stacks: Stack[]): FoundRole | undefined {
  const name = String(resolve(value, stack)).split('/').pop();
  return stacks
    .filter(each => each.assembly === stack.assembly && each.account === stack.account)
    .flatMap(each => resourcesOf(each, 'AWS::IAM::Role').map(([id, role]) => ({ stack: each, id, role })))
    .find(each => resolve(each.role.Properties?.RoleName ?? null, each.stack) === name);
}

/** The policies of a role in its stack. Undefined if it has policies that the stack does not define. */
function policiesIn(stack: Stack, id: string, role: Resource): Value[] | undefined {
  const isRole = (value: Value | undefined) =>
    (value as Record<string, Value> | null)?.Ref === id
    || (value !== undefined && value !== null && value === role.Properties?.RoleName);
  const inline = (role.Properties?.Policies ?? []) as Record<string, Value>[];
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy']
    .flatMap(type => resourcesOf(stack, type))
    .filter(([, { Properties = {} }]) => isRole(Properties.RoleName) || toList(Properties.Roles).some(isRole));
  const managed = toList(role.Properties?.ManagedPolicyArns).map(arn => {
    const policy = stack.template.Resources?.[String((arn as Record<string, Value> | null)?.Ref)];
    return policy?.Type === 'AWS::IAM::ManagedPolicy' ? policy : undefined;
  });
  if (managed.includes(undefined)) {
    return undefined;
  }
  return [...inline, ...[...attached.map(([, policy]) => policy), ...managed].map(policy => policy?.Properties ?? {})]
    .map(({ PolicyDocument: document }) => toList((document as Record<string, Value>).Statement))
    .map(statements => ({ Statement: statements.map(each => resolve(each, stack)).filter(concernsEmulator) }));
}

/** Whether a statement can apply to S3 or Glue, for which the emulator enforces permissions. */
function concernsEmulator(statement: Value): boolean {
  const { Action: actions, NotAction: others } = statement as Record<string, Value>;
  return others !== undefined || toList(actions).some(action => /^(s3:|glue:|\*)/i.test(String(action)));
}
