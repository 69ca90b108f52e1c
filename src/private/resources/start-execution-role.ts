import { PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accountService } from './account-service';

export interface StartExecutionRoleProps {
  /** The service that assumes the role: `scheduler` for schedules, `events` for EventBridge rules. */
  readonly service: 'scheduler' | 'events';
  readonly roleName: string;
  readonly description: string;
  /** The name of the inline policy. */
  readonly policy: string;
  readonly stateMachineArn: string;
}

/** A role with which a schedule or a rule starts executions of one state machine. */
export function createStartExecutionRole(
  scope: Construct, id: string, { service, roleName, description, policy, stateMachineArn }: StartExecutionRoleProps,
): Role {
  return new Role(scope, id, {
    roleName,
    description,
    assumedBy: accountService(scope, service),
    inlinePolicies: {
      [policy]: new PolicyDocument({
        statements: [new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] })],
      }),
    },
  });
}
