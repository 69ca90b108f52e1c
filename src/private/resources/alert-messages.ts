import { Stack, Token } from 'aws-cdk-lib';
import { EventField, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';

/*
 * An input template of EventBridge has at most 8,192 characters. Each line must be in double quotes, which are part of
 * the message, and values are inserted without escaping. Therefore, lines contain no quotes and angle brackets. Quotes
 * and line breaks in a value are harmless in plain text.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */

/** Placeholders for the layer and the dataset, which the event contains only as parts of the job name. */
const LAYER = 'LAYER' as Layer;
const DATASET = 'DATASET';

/** The alert for a failed run. */
export function jobAlertMessage(scope: Construct, names: LakeNames): RuleTargetInput {
  const { account, region } = EventField;
  const detail = (field: string) => EventField.fromPath(`$.detail.${field}`);
  return RuleTargetInput.fromMultilineText(
    [
      `${detail('state')}: Glue job ${detail('jobName')} in ${account}, ${region}`,
      `Error: ${detail('message')}`,
      'The tables still have their last published data.',
      `Run: https://${region}.console.${consoleDomain(scope)}/gluestudio/home?region=${region}#/job/${detail('jobName')}/run/${detail('jobRunId')} (AWS console)`,
      `Run record: the latest file in ${names.runs(LAYER, DATASET)} for a job named ${names.job(LAYER, DATASET)}`,
      `Logs: streams that start with ${detail('jobRunId')} in the log groups ${names.outputLogGroup} and `
        + `${names.errorLogGroup}`,
      'To start the job again, run:',
      `aws glue start-job-run --region ${region} --job-name ${detail('jobName')}`,
    ].join('\n'),
  );
}

/** The alert for a failed crawler. */
export function crawlerAlertMessage(): RuleTargetInput {
  const { account, region } = EventField;
  const detail = (field: string) => EventField.fromPath(`$.detail.${field}`);
  return RuleTargetInput.fromMultilineText(
    [
      `FAILED: Glue crawler ${detail('crawlerName')} in ${account}, ${region}`,
      `Error: ${detail('errorMessage')}`,
      'The data files are published. New tables and columns may be missing from the Data Catalog.',
      'If Lake Formation refused access, grant CREATE_TABLE, ALTER and DESCRIBE to the role of the crawler: see Lake '
        + 'Formation in docs/security.md.',
      `Logs: stream ${detail('crawlerName')} in the log group /aws-glue/crawlers, `
        + `${detail('cloudWatchLogLink')} (AWS console)`,
      'To start the crawler again, run:',
      `aws glue start-crawler --region ${region} --name ${detail('crawlerName')}`,
    ].join('\n'),
  );
}

/** Each AWS partition has its own console domain. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function consoleDomain(scope: Construct): string {
  const { region } = Stack.of(scope);
  if (!Token.isUnresolved(region) && region.startsWith('cn-')) {
    return 'amazonaws.cn';
  }
  return !Token.isUnresolved(region) && region.startsWith('us-gov-') ? 'amazonaws-us-gov.com' : 'aws.amazon.com';
}
