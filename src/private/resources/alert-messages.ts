import { Stack, Token } from 'aws-cdk-lib';
import { EventField, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Layer } from '../../layer';
import { LakeNames } from '../../naming';

/*
 * EventBridge takes 8,192 characters, puts values in as they are and wants each line in double quotes, which come with
 * the message. So the lines have no quotes and no angle brackets of their own; quotes and line breaks of a value do no
 * harm in plain text.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */

/** What stands for a layer and a dataset: a rule knows of them only as parts of the job's name. */
const LAYER = 'LAYER' as Layer;
const DATASET = 'DATASET';

/** What a person reads of a run that failed. */
export function jobAlertMessage(scope: Construct, names: LakeNames): RuleTargetInput {
  const { account, region } = EventField;
  const detail = (field: string) => EventField.fromPath(`$.detail.${field}`);
  return RuleTargetInput.fromMultilineText(
    [
      `${detail('state')}: Glue job ${detail('jobName')} in ${account}, ${region}`,
      `Error: ${detail('message')}`,
      'The tables are as they were last published.',
      `Run: https://${region}.console.${consoleDomain(scope)}/gluestudio/home?region=${region}#/job/${detail('jobName')}/run/${detail('jobRunId')} in the console`,
      `Record: the last file in ${names.runs(LAYER, DATASET)} where the job is ${names.job(LAYER, DATASET)}`,
      `Logs: the streams that begin with ${detail('jobRunId')} in the log groups ${names.outputLogGroup} and `
        + `${names.errorLogGroup}`,
      'Run it again with:',
      `aws glue start-job-run --region ${region} --job-name ${detail('jobName')}`,
    ].join('\n'),
  );
}

/** What a person reads of a crawler that failed. */
export function crawlerAlertMessage(): RuleTargetInput {
  const { account, region } = EventField;
  const detail = (field: string) => EventField.fromPath(`$.detail.${field}`);
  return RuleTargetInput.fromMultilineText(
    [
      `FAILED: Glue crawler ${detail('crawlerName')} in ${account}, ${region}`,
      `Error: ${detail('errorMessage')}`,
      'The files of the tables are as they were published. New tables and columns may be missing in the catalog.',
      `Logs: the stream ${detail('crawlerName')} in the log group /aws-glue/crawlers, `
        + `${detail('cloudWatchLogLink')} in the console`,
      'Run it again with:',
      `aws glue start-crawler --region ${region} --name ${detail('crawlerName')}`,
    ].join('\n'),
  );
}

/** The console has a domain in each partition. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function consoleDomain(scope: Construct): string {
  const { region } = Stack.of(scope);
  if (!Token.isUnresolved(region) && region.startsWith('cn-')) {
    return 'amazonaws.cn';
  }
  return !Token.isUnresolved(region) && region.startsWith('us-gov-') ? 'amazonaws-us-gov.com' : 'aws.amazon.com';
}
