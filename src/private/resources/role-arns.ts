import { Token } from 'aws-cdk-lib';
import { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { deployedCore } from './deployed-core';
import { IEtlCore } from '../../i-etl-core';
import { LakeRoles } from '../../lake-roles';
import { LakeNames } from '../../naming';

/** The existing roles of a lake. */
export function rolesOf(core: IEtlCore): LakeRoles {
  return core.roles ?? deployedCore(core)?.roles ?? {};
}

/** The ARN of the shared role of jobs and crawlers. */
export function glueRoleArn(scope: Construct, lake: LakeNames, core: IEtlCore): string {
  return rolesOf(core).glue?.roleArn ?? arnByName(scope, lake, lake.glueRole, deployedCore(core)?.role);
}

/** The ARN of the role that schedules use. */
export function schedulerRoleArn(scope: Construct, lake: LakeNames, core: IEtlCore): string {
  return rolesOf(core).scheduler?.roleArn
    ?? arnByName(scope, lake, lake.schedulerRole, deployedCore(core)?.schedulerRole);
}

/** The ARN of the role that EventBridge rules use to start the state machine that sends alerts. */
export function eventsRoleArn(scope: Construct, lake: LakeNames, core: IEtlCore): string {
  return rolesOf(core).alerts?.roleArn
    ?? arnByName(scope, lake, lake.eventsRole, deployedCore(core)?.eventsRole);
}

/**
 * The ARN of a role of the core. It is derived from the name of the role, because a reference to the role would need a
 * cross-stack export. If `Role.customizeRoles` replaces the role, the name of the replacement is known at synthesis.
 */
function arnByName(scope: Construct, lake: LakeNames, name: string, role?: IRole): string {
  return lake.roleArn(scope, role && !Token.isUnresolved(role.roleName) ? role.roleName : name);
}
