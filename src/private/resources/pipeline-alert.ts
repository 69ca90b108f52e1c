import { Annotations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { alertTarget } from './alert-target';
import { deployedCore } from './deployed-core';
import { IEtlCore } from '../../i-etl-core';
import { LakeNames } from '../../naming';

export interface PipelineAlertProps {
  /** The name of the pipeline. */
  readonly pipeline: string;
  readonly stateMachineArn: string;
}

/** Creates the alerts about failed executions of a pipeline. Returns whether alerts are sent. */
export function createPipelineAlert(
  scope: Construct, core: IEtlCore, lake: LakeNames, { pipeline, stateMachineArn }: PipelineAlertProps,
): boolean {
  const deployed = deployedCore(core);
  if (deployed === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-glue-medallion:pipeline-without-alert',
      `no alert is sent if the pipeline ${pipeline} fails, because the alerts of its lake are deployed by another app. `
        + 'Declare the pipeline in the app that creates the core.',
    );
  } else if (deployed.alertStateMachine !== undefined) {
    new Rule(scope, 'AlertRule', {
      description: `Failed executions of the pipeline ${pipeline} of the lake ${lake.resourcePrefix}`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [stateMachineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      targets: [alertTarget(scope, core, lake)],
    });
    return true;
  }
  return false;
}
