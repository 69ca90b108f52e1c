/** The page with one section per error code and alert. */
const RUNBOOK = 'https://github.com/cdk-glue-medallion/cdk-glue-medallion/blob/main/docs/operations/runbook.md';

/** The URL of a section of the runbook. The name of the section of an error code is the code in lower case. */
export function runbookUrl(section: string): string {
  return `${RUNBOOK}#${section}`;
}
