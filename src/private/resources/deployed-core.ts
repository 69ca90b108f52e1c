import { Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { EtlCore } from '../../etl-core';
import { IEtlCore } from '../../i-etl-core';

/**
 * The core that this app deploys: the construct itself, or the core within a user's construct that implements
 * `IEtlCore`. Undefined if another app deploys it.
 */
export function deployedCore(core: IEtlCore): EtlCore | undefined {
  if (EtlCore.isEtlCore(core)) {
    return core;
  }
  const within = core.node.findAll().filter(EtlCore.isEtlCore);
  return within.find(({ resourcePrefix }) => resourcePrefix === core.resourcePrefix);
}

/**
 * The core, if it is in the same stage as a construct, so that the construct can depend on the core. CDK supports
 * dependencies between stacks only within a stage.
 */
export function coreInSameStage(core: IEtlCore, scope: IConstruct): EtlCore | undefined {
  const deployed = deployedCore(core);
  return deployed && Stage.of(deployed) === Stage.of(scope) ? deployed : undefined;
}
