import { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { eventsRoleArn } from './role-arns';
import { IEtlCore } from '../../i-etl-core';
import { LakeNames } from '../../naming';

/**
 * The state machine that sends the alerts of a lake, as the target of an EventBridge rule outside the core. The ARN is
 * derived from the name of the state machine, because a reference would need a cross-stack export.
 */
export function alertTarget(scope: Construct, core: IEtlCore, lake: LakeNames): IRuleTarget {
  const arn = lake.stateMachineArn(scope, lake.alertStateMachine);
  const role = Role.fromRoleArn(scope, 'AlertEventsRole', eventsRoleArn(scope, lake, core));
  return { bind: () => ({ arn, role }) };
}
