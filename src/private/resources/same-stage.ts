import { Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { EtlCore } from '../../etl-core';
import { IEtlCore } from '../../i-etl-core';

/**
 * Whether a core is deployed together with a construct, so that one can wait for the other. CDK orders stacks within
 * one stage only.
 */
export function isInSameStage(core: IEtlCore, scope: IConstruct): core is EtlCore {
  return core instanceof EtlCore && Stage.of(core) === Stage.of(scope);
}
