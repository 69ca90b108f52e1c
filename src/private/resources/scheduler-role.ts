import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

export interface SchedulerRoleProps {
  readonly roleName: string;
  readonly description: string;
  /** The name of the inline policy. */
  readonly policy: string;
  readonly stateMachineArn: string;
}

/** A role with which a schedule starts executions of one state machine. */
export function createSchedulerRole(
  scope: Construct, { roleName, description, policy, stateMachineArn }: SchedulerRoleProps,
): Role {
  return new Role(scope, 'SchedulerRole', {
    roleName,
    description,
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    inlinePolicies: {
      [policy]: new PolicyDocument({
        statements: [new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] })],
      }),
    },
  });
}
