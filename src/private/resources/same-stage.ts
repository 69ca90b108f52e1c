import { Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { EtlCore } from '../../etl-core';
import { IEtlCore } from '../../i-etl-core';

/**
 * Whether a core is in the same stage as a construct, so that one can depend on the other. CDK supports dependencies
 * between stacks only within a stage.
 */
export function isInSameStage(core: IEtlCore, scope: IConstruct): core is EtlCore {
  return core instanceof EtlCore && Stage.of(core) === Stage.of(scope);
}
