import { CfnResource, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * Suppresses a cdk-nag finding. Version 3 of cdk-nag reads the metadata of the construct; version 2 reads the metadata
 * of the resource in the template.
 *
 * The suppression applies only to this resource. Neither this library nor the app that uses it needs cdk-nag.
 *
 * @param findings the exact findings, for a rule that can have several findings per resource
 */
export function acknowledge(resource: CfnResource, rule: string, reason: string, findings: string[] = []): void {
  const id = `AwsSolutions-${rule}`;
  const suppression = { id, reason, ...findings.length > 0 && { applies_to: findings } };
  const existing: object[] = resource.getMetadata('cdk_nag')?.rules_to_suppress ?? [];
  if (existing.some(each => JSON.stringify(each) === JSON.stringify(suppression))) {
    return;
  }
  const ids = findings.length === 0 ? [id] : findings.map(finding => `${id}[${finding}]`);
  resource.node.addMetadata('aws:cdk:acknowledged-rules', Object.fromEntries(ids.map(each => [each, reason])));
  resource.addMetadata('cdk_nag', { rules_to_suppress: [...existing, suppression] });
}

/**
 * Suppresses the cdk-nag findings for wildcards in the resources of policy statements, each by its ARN pattern.
 *
 * @param resource the role or policy; undefined if `Role.customizeRoles` replaces the role with an existing one
 */
export function acknowledgeWildcards(
  resource: CfnResource | undefined, reason: string, ...statements: PolicyStatement[]
): void {
  if (!resource) {
    return;
  }
  const stack = Stack.of(resource);
  const patterns = statements
    .flatMap(({ resources }) => resources.map(arn => findingResource(stack.resolve(arn))))
    .filter(arn => arn.includes('*'));
  // Without findings, the suppression would apply to all wildcards of the resource.
  if (patterns.length > 0) {
    acknowledge(resource, 'IAM5', reason, [...new Set(patterns)].map(pattern => `Resource::${pattern}`));
  }
}

/** Suppresses the cdk-nag findings for a state machine without logs and traces. */
export function acknowledgeStateMachine(stateMachine: CfnStateMachine): void {
  const reason = 'Step Functions keeps the history of standard executions for 90 days. ';
  acknowledge(stateMachine, 'SF1', `${reason}Logs would store the same history again, at additional cost.`);
  acknowledge(stateMachine, 'SF2', `${reason}Traces would store the same history again, at additional cost.`);
}

/** Suppresses the cdk-nag finding for a role that publishes to an encrypted topic. */
export function acknowledgeTopicKey(role: CfnResource): void {
  acknowledge(
    role,
    'IAM5',
    'Amazon SNS requires kms:GenerateDataKey*. The statement is limited to the key of the topic.',
    ['Action::kms:GenerateDataKey*'],
  );
}

/** A resolved value in the notation of cdk-nag findings: `arn:<AWS::Partition>:s3:::…`. */
export function findingResource(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value).replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const node = value as { [key: string]: unknown };
  const [separator, parts] = Array.isArray(node['Fn::Join']) ? node['Fn::Join'] : [];
  if (Array.isArray(parts)) {
    return parts.map(findingResource).join(separator);
  }
  if (Array.isArray(node['Fn::GetAtt'])) {
    return `<${node['Fn::GetAtt'].map(findingResource).join('.')}>`;
  }
  if (node.Ref !== undefined) {
    return `<${findingResource(node.Ref)}>`;
  }
  const inner = node['Fn::Sub'] ?? node['Fn::ImportValue'];
  return inner === undefined ? JSON.stringify(node) : findingResource(inner);
}
