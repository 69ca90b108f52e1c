import { Annotations, Stack, Token } from 'aws-cdk-lib';
import {
  CfnManagedPolicy, CfnPolicy, Grant, IGrantable, IPrincipal, IUser, ManagedPolicy, Policy, PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { limitInlinePolicies, userPolicy } from './grant-quotas';
import { acknowledgeWildcards } from './nag-suppressions';
import { Statements } from './shared-policies';
import { IEtlCore } from '../../i-etl-core';
import { synthError } from '../errors/synth-error';

/**
 * Adds statements to the policy of a grantee. Fails if the grantee cannot have a policy, or is not in the account of
 * the lake. Resource policies, such as the policy of the bucket, are not changed, so a grant to another account would
 * have no effect.
 */
export function grantStatements(core: IEtlCore, grantee: IGrantable, statements: Statements[]): Grant {
  const { grantPrincipal: principal } = checkedGrantee(core, grantee);
  const grant = statements
    .flatMap(({ list, wildcards }) => list.map(statement => {
      const recipient = isUser(principal) ? policyOfUser(principal, statement, wildcards) : grantee;
      const { actions, resources, conditions } = statement;
      return Grant.addToPrincipal({
        grantee: recipient,
        actions,
        resourceArns: resources,
        conditions: conditions as { [operator: string]: { [key: string]: unknown } },
      });
    }))
    .reduce((all, each) => all.combine(each));
  if (!grant.success) {
    throw synthError(
      core,
      'VALUE_INVALID',
      `the grantee is ${described(principal)}, which cannot have an IAM policy.`,
      'Grant access to a role, user or group in the account of the lake, for example Role.fromRoleName(…).',
    );
  }
  warnAboutImmutableRole(core, principal);
  limitInlinePolicies(principal);
  acknowledge(principal, statements);
  return grant;
}

/** The stack of the policy that a grant changes. */
export function stackOfGrantee(core: IEtlCore, { grantPrincipal: principal }: IGrantable): Stack {
  return Stack.of(Construct.isConstruct(principal) ? principal : core);
}

function checkedGrantee(core: IEtlCore, grantee: IGrantable): IGrantable {
  if (typeof grantee !== 'object' || grantee === null || !('grantPrincipal' in grantee)) {
    throw synthError(
      core,
      'PROP_TYPE_INVALID',
      'grantee has the wrong type.',
      'Use a role, a user, a group, or a construct with a role, such as a Lambda function.',
    );
  }
  const { account } = Stack.of(core);
  const { principalAccount } = grantee.grantPrincipal;
  if (
    principalAccount !== undefined && principalAccount !== account
    && ![principalAccount, account].some(each => Token.isUnresolved(each))
  ) {
    throw synthError(
      core,
      'ENVIRONMENT_MISMATCH',
      `the grantee ${described(grantee.grantPrincipal)} is in the account ${principalAccount}, but the lake is in `
        + `${account}.`,
      `Grant access to a role in the account ${account} that principals of ${principalAccount} can assume.`,
    );
  }
  return grantee;
}

/** The construct path of a principal, or its class if it is not a construct. */
function described(principal: IPrincipal): string {
  return Construct.isConstruct(principal)
    ? `"${(principal as IConstruct).node.path}"`
    : `of the type ${principal.constructor.name}`;
}

function isUser(principal: IPrincipal): principal is IUser {
  return 'userArn' in principal;
}

/**
 * The managed policy that grants a statement to an IAM user. It contains only grants, so all cdk-nag findings for the
 * policy are suppressed.
 */
function policyOfUser(user: IUser, statement: PolicyStatement, wildcards?: string): ManagedPolicy {
  const policy = userPolicy(user, statement);
  acknowledgeWildcards(
    policy.node.defaultChild as CfnManagedPolicy | undefined,
    wildcards ?? 'The action does not support resource-level permissions.',
    statement,
  );
  return policy;
}

/** An immutable role, such as `Role.fromRoleName(…, { mutable: false })`, accepts statements and ignores them. */
function warnAboutImmutableRole(core: IEtlCore, principal: IPrincipal): void {
  if ('addGrantsToResources' in principal && Construct.isConstruct(principal)) {
    Annotations.of(core).addWarningV2(
      `cdk-glue-medallion:grant-to-immutable-role-${(principal as IConstruct).node.addr}`,
      `the role ${described(principal)} is imported with mutable: false, so this app does not change its policies, and `
        + 'the grant has no effect. Remove mutable: false, or add the permissions yourself.',
    );
  }
}

/**
 * Suppresses the cdk-nag findings for the patterns of this grant.
 *
 * `Resource::*` is not suppressed: the policy also has statements that the app adds itself, whose findings must stay
 * visible.
 */
function acknowledge(principal: IPrincipal, statements: Statements[]): void {
  if (!Construct.isConstruct(principal)) {
    return;
  }
  const policies = (principal as IConstruct).node.children
    .filter((child): child is Policy => child instanceof Policy)
    .map(policy => policy.node.defaultChild as CfnPolicy);
  for (const { list, wildcards } of statements) {
    for (const policy of wildcards === undefined ? [] : policies) {
      acknowledgeWildcards(policy, wildcards!, ...list.filter(({ resources }) => !resources.includes('*')));
    }
  }
}
