import { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeStateMachine } from './nag-suppressions';
import { claimName } from './unique-names';
import { checkLength } from '../../naming';

export interface StateMachineProps {
  readonly name: string;
  /** The definition as JSON. */
  readonly definitionString: string;
  readonly role: IRole;
}

/** A standard state machine. */
export function createStateMachine(
  scope: Construct, id: string, { name, definitionString, role }: StateMachineProps,
): CfnStateMachine {
  checkLength(scope, 'state machine', name);
  claimName(scope, 'state machine', name);
  const stateMachine = new CfnStateMachine(scope, id, {
    stateMachineName: name,
    stateMachineType: 'STANDARD',
    definitionString,
    roleArn: role.roleArn,
  });
  // The first execution needs the policies of the role.
  stateMachine.node.addDependency(role);
  acknowledgeStateMachine(stateMachine);
  return stateMachine;
}
