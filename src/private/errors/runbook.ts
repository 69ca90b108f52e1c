/** The URL of the runbook, which has one section per error code and per alert. */
const RUNBOOK = 'https://github.com/cdk-glue-medallion/cdk-glue-medallion/blob/main/docs/operations/runbook.md';

/** The URL of a section of the runbook. For an error code, `section` is the code in lower case. */
export function runbookUrl(section: string): string {
  return `${RUNBOOK}#${section}`;
}
