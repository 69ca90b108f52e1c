import { Stack } from 'aws-cdk-lib';
import { IPrincipal, IUser, ManagedPolicy, Policy, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { freeId } from './free-id';
import { policyLength } from './policy-length';
import { synthError } from '../errors/synth-error';

/**
 * The quotas of IAM, in characters without whitespace. The quota of managed policies per user can be increased.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const MAX_INLINE_OF_ROLE = 10_240;
const MAX_INLINE_OF_GROUP = 5_120;
const MAX_MANAGED = 6_144;
const MAX_MANAGED_POLICIES = 10;

const checked = new WeakSet<IConstruct>();

/**
 * Fails at synth if the inline policies of a grantee exceed the quota. The CDK splits only the policies of roles that
 * the app creates. Other policies of an imported role or group are not known, so the deployment can still fail.
 */
export function limitInlinePolicies(principal: IPrincipal): void {
  if (!Construct.isConstruct(principal) || Role.isRole(principal) || checked.has(principal)) {
    return;
  }
  checked.add(principal);
  const max = 'groupName' in principal ? MAX_INLINE_OF_GROUP : MAX_INLINE_OF_ROLE;
  principal.node.addValidation({
    validate: () => {
      const length = principal.node.children
        .filter((child): child is Policy => child instanceof Policy)
        .map(policy => policyLength(Stack.of(policy), policy.document))
        .reduce((sum, each) => sum + each, 0);
      if (length > max) {
        throw synthError(
          principal,
          'ROLE_POLICY_TOO_LARGE',
          `the inline policies of the grantee have ${length} characters; the maximum is ${max}.`,
          'Grant access to layers instead of datasets. Alternatively, grant access to a role that this app creates, '
            + 'because the CDK splits the policy of such a role, or add the permissions to your own managed policy.',
        );
      }
      return [];
    },
  });
}

/** A managed policy of an IAM user, with the statements that it contains. */
interface UserPolicy {
  readonly policy: ManagedPolicy;
  readonly statements: PolicyStatement[];
}

const policiesOfUsers = new WeakMap<IUser, UserPolicy[]>();

/**
 * The managed policy that grants a statement to an IAM user: a policy that already contains it, or the last policy
 * until it is full, because a user can have only ten policies.
 *
 * The policies are managed because the inline policies of a user are limited to 2,048 characters in total.
 */
export function userPolicy(user: IUser, statement: PolicyStatement): ManagedPolicy {
  const policies = policiesOfUsers.get(user) ?? [];
  policiesOfUsers.set(user, policies);
  const same = policies.find(({ statements }) => statements.some(each => isSame(user, each, statement)));
  if (same) {
    return same.policy;
  }
  const last = policies[policies.length - 1];
  if (last && managedLength(user, [...last.statements, statement]) <= MAX_MANAGED) {
    last.statements.push(statement);
    return last.policy;
  }
  checkUserPolicies(user, policies.length + 1, managedLength(user, [statement]));
  const policy = new ManagedPolicy(user, freeId(user, 'LakePolicy'), {
    description: 'Access to the tables of lakes',
    users: [user],
    document: new PolicyDocument({ minimize: true }),
  });
  policies.push({ policy, statements: [statement] });
  return policy;
}

function isSame(user: IUser, ...statements: PolicyStatement[]): boolean {
  const texts = statements.map(each => JSON.stringify(Stack.of(user).resolve(each.toStatementJson())));
  return new Set(texts).size === 1;
}

/** Measures copies of the statements, because a policy document freezes the statements that it renders. */
function managedLength(user: IUser, statements: PolicyStatement[]): number {
  return policyLength(
    Stack.of(user), new PolicyDocument({ minimize: true, statements: statements.map(each => each.copy()) }),
  );
}

/** Fails if a statement does not fit into a managed policy, or if a user would have too many managed policies. */
function checkUserPolicies(user: IUser, count: number, length: number): void {
  if (length <= MAX_MANAGED && count <= MAX_MANAGED_POLICIES) {
    return;
  }
  throw synthError(
    user,
    'ROLE_POLICY_TOO_LARGE',
    length > MAX_MANAGED
      ? `a statement of the grant has ${length} characters; the maximum is ${MAX_MANAGED}.`
      : `the grants of the user need more than ${MAX_MANAGED_POLICIES} managed policies of ${MAX_MANAGED} characters.`,
    'Grant access to layers instead of datasets, or grant access to a role that this app creates.',
  );
}
