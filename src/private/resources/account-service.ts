import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/**
 * A service that acts for this account, such as `states`.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function accountService(scope: Construct, service: string): ServicePrincipal {
  return new ServicePrincipal(`${service}.amazonaws.com`, {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
}
