import { Stack } from 'aws-cdk-lib';
import { findingResource } from './nag-suppressions';

/** Values with the length of pseudo parameters at deployment. */
const PSEUDO_PARAMETERS: [RegExp, string][] = [
  [/<AWS::Partition>/g, 'aws'],
  [/<AWS::AccountId>/g, '123456789012'],
  [/<AWS::Region>/g, 'ap-southeast-1'],
  [/<AWS::URLSuffix>/g, 'amazonaws.com'],
];

/** A sample value for the ARN of a resource in the stack, with a typical length. */
const ARN = 'arn:aws:kms:ap-southeast-1:123456789012:key/11111111-1111-1111-1111-111111111111';

/**
 * The number of characters of a policy or its statements, without whitespace, as IAM counts them. For a reference,
 * the typical length of its value is counted.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function policyLength(stack: Stack, policy: unknown): number {
  const isIntrinsic = (value: unknown) =>
    typeof value === 'object' && value !== null && /^(Ref|Fn::.*)$/.test(Object.keys(value).join());
  const text = JSON.stringify(
    stack.resolve(policy) as unknown,
    (_, value: unknown) => isIntrinsic(value) ? findingResource(value) : value,
  );
  return PSEUDO_PARAMETERS
    .reduce((replaced, [reference, value]) => replaced.replace(reference, value), text)
    .replace(/<[^<>]*\.Arn>/g, ARN)
    .length;
}
