import { Stack } from 'aws-cdk-lib';
import { CfnManagedPolicy, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { freeId } from './free-id';
import { acknowledgeWildcards } from './nag-suppressions';
import { substituted } from './substituted-text';
import { IEtlCore } from '../../i-etl-core';
import { Layer } from '../../layer';

/** Statements of a policy, and the reason for wildcards in their resources. */
export interface Statements {
  readonly list: PolicyStatement[];
  readonly wildcards?: string;
}

const policies = new WeakMap<Stack, Map<string, ManagedPolicy>>();

/**
 * The managed policy with the permissions that all datasets of a layer have in common. Each stack has its own policy,
 * so that the stack does not need an export from another stack.
 *
 * In inline policies of each role, these permissions would make up half of the template of a stack with many roles.
 */
export function layerPolicy(scope: Construct, core: IEtlCore, layer: Layer, create: () => Statements[]): ManagedPolicy {
  return sharedPolicy(scope, `${core.node.addr}/${layer}`, {
    id: `Glue${layer[0].toUpperCase()}${layer.slice(1)}Policy`,
    description: `Common permissions of ${layer} datasets of the lake ${core.resourcePrefix}`,
    create,
  });
}

/** The managed policy with the permissions that all jobs in a VPC have in common. */
export function networkPolicy(scope: Construct, create: () => Statements[]): ManagedPolicy {
  return sharedPolicy(scope, 'network', {
    id: 'GlueNetworkPolicy',
    description: 'Network interfaces of Glue jobs in a VPC',
    create,
  });
}

interface SharedPolicyProps {
  readonly id: string;
  readonly description: string;
  create(): Statements[];
}

function sharedPolicy(scope: IConstruct, key: string, { id, description, create }: SharedPolicyProps): ManagedPolicy {
  const stack = Stack.of(scope);
  const ofStack = policies.get(stack) ?? new Map<string, ManagedPolicy>();
  policies.set(stack, ofStack);
  const existing = ofStack.get(key);
  if (existing) {
    return existing;
  }
  const statements = create();
  const policy = new ManagedPolicy(stack, freeId(stack, id), {
    description: substituted(description),
    statements: statements.flatMap(({ list }) => list),
  });
  acknowledgeStatements(policy.node.defaultChild as CfnManagedPolicy | undefined, statements);
  ofStack.set(key, policy);
  return policy;
}

/**
 * Suppresses the cdk-nag findings of a role or a policy. `resource` is undefined if `Role.customizeRoles` replaces it.
 */
export function acknowledgeStatements(
  resource: Parameters<typeof acknowledgeWildcards>[0], statements: Statements[],
): void {
  const hasAllResources = (statement: PolicyStatement) => statement.resources.includes('*');
  for (const { list, wildcards } of statements) {
    if (wildcards !== undefined) {
      acknowledgeWildcards(resource, wildcards, ...list.filter(statement => !hasAllResources(statement)));
    }
  }
  acknowledgeWildcards(
    resource,
    'cloudwatch:PutMetricData, which a condition limits to the namespace of the lake, and the ec2:Describe actions do '
      + 'not support resource-level permissions.',
    ...statements.flatMap(({ list }) => list.filter(hasAllResources)),
  );
}
