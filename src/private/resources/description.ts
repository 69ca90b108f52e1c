import { Token } from 'aws-cdk-lib';

/**
 * The limit of CloudFormation for the description of a template.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-description-structure.html
 */
export const MAX_STACK_DESCRIPTION_BYTES = 1024;

/**
 * The limit of AWS Glue for the description of a job.
 *
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
 */
export const MAX_GLUE_DESCRIPTION_BYTES = 2048;

/**
 * The limit of EventBridge Scheduler for the description of a schedule.
 *
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
 */
export const MAX_SCHEDULE_DESCRIPTION_BYTES = 512;

const ELLIPSIS = '…';

/**
 * Converts a description to one that a service accepts: control characters become spaces, and a long description is
 * shortened, so that synthesis does not fail. The limit is in bytes, so a description with non-ASCII characters
 * reaches it with fewer characters.
 */
export function limitDescription(description: string | undefined, maxBytes: number): string | undefined {
  if (description === undefined || Token.isUnresolved(description)) {
    return description;
  }
  // eslint-disable-next-line no-control-regex
  const text = Buffer.from(description).toString().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ');
  if (Buffer.byteLength(text) <= maxBytes) {
    return text;
  }
  let bytes = Buffer.byteLength(ELLIPSIS);
  let shortened = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) {
      break;
    }
    shortened += character;
  }
  return `${shortened.trimEnd()}${ELLIPSIS}`;
}
