import { Annotations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { alertTarget } from './alert-target';
import { deployedCore } from './deployed-core';
import { lastAttempt } from './lake-alerts';
import { IEtlCore } from '../../i-etl-core';
import { DatasetNames, LakeNames } from '../../naming';
import { MAX_RETRIES } from '../../sizing';

/**
 * Creates a rule for a job whose number of retries differs from the default of its lake, because the rule of the lake
 * does not match the last attempt of such a job.
 */
export function createRetryAlert(
  scope: Construct, core: IEtlCore, lake: LakeNames, names: DatasetNames, maxRetries: number,
): void {
  const ofLake = core.glueDefaults.maxRetries ?? MAX_RETRIES;
  if (maxRetries === ofLake) {
    return;
  }
  const deployed = deployedCore(core);
  if (deployed === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-glue-medallion:retries-without-alert',
      `the job ${names.job} has ${maxRetries} retries, but another app deploys the alerts of its lake, and they are `
        + `sent after ${ofLake}. Declare the dataset in the app that creates the core, or remove maxRetries.`,
    );
  } else if (deployed.alertStateMachine !== undefined) {
    new Rule(scope, 'RetryAlertRule', {
      description: `Failed runs of ${names.job} that Glue does not retry`,
      eventPattern: {
        source: ['aws.glue'],
        detailType: ['Glue Job State Change'],
        detail: { jobName: [names.job], ...lastAttempt(maxRetries) },
      },
      targets: [alertTarget(scope, core, lake)],
    });
  }
}
