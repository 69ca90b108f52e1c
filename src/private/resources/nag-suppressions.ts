import { CfnResource, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * Tells cdk-nag why a finding stays: its version 3 reads the construct's metadata, version 2 that of the resource in
 * the template.
 *
 * It is said of the resource itself, so that nothing else is silenced, and needs no cdk-nag, neither here nor in the
 * user's app.
 *
 * @param findings what exactly, for a rule that can find several things in one resource
 */
export function acknowledge(resource: CfnResource, rule: string, reason: string, findings: string[] = []): void {
  const id = `AwsSolutions-${rule}`;
  const suppression = { id, reason, ...findings.length > 0 && { applies_to: findings } };
  const before: object[] = resource.getMetadata('cdk_nag')?.rules_to_suppress ?? [];
  if (before.some(each => JSON.stringify(each) === JSON.stringify(suppression))) {
    return;
  }
  const found = findings.length === 0 ? [id] : findings.map(finding => `${id}[${finding}]`);
  resource.node.addMetadata('aws:cdk:acknowledged-rules', Object.fromEntries(found.map(each => [each, reason])));
  resource.addMetadata('cdk_nag', { rules_to_suppress: [...before, suppression] });
}

/** Tells cdk-nag why statements of a role or a policy have wildcards in their resources: each of them, by its name. */
export function acknowledgeWildcards(resource: CfnResource, reason: string, ...statements: PolicyStatement[]): void {
  const stack = Stack.of(resource);
  const patterns = statements
    .flatMap(({ resources }) => resources.map(arn => flat(stack.resolve(arn))))
    .filter(arn => arn.includes('*'));
  // Without a pattern it would silence all that is ever found.
  if (patterns.length > 0) {
    acknowledge(resource, 'IAM5', reason, [...new Set(patterns)].map(pattern => `Resource::${pattern}`));
  }
}

/** A resolved value as cdk-nag writes it in a finding: `arn:<AWS::Partition>:s3:::…`. */
export function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value).replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const node = value as { [key: string]: unknown };
  const [separator, parts] = Array.isArray(node['Fn::Join']) ? node['Fn::Join'] : [];
  if (Array.isArray(parts)) {
    return parts.map(flat).join(separator);
  }
  if (Array.isArray(node['Fn::GetAtt'])) {
    return `<${node['Fn::GetAtt'].map(flat).join('.')}>`;
  }
  if (node.Ref !== undefined) {
    return `<${flat(node.Ref)}>`;
  }
  const inner = node['Fn::Sub'] ?? node['Fn::ImportValue'];
  return inner === undefined ? JSON.stringify(node) : flat(inner);
}
