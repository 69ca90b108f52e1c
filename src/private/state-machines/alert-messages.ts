import { DATASET, LAYER, lines, literal, text } from './message-text';
import { LakeNames } from '../../naming';

/** The texts of an alert, as JSONata expressions. They read the EventBridge event from the variable `$event`. */
export interface AlertMessage {
  readonly subject: string;
  readonly message: string;
}

const ENVIRONMENT = '$event.account & ", " & $event.region';

/** The maximum length of a text from the event: a message of Amazon SNS has at most 256 KiB. */
const MAX_TEXT_LENGTH = 20_000;
/** The maximum length of the reason for a failed or skipped dataset. */
const MAX_REASON_LENGTH = 1_000;
/** The maximum number of warnings in a message, and the length of each. The event of a job does not have more. */
const MAX_WARNINGS = 10;
const MAX_WARNING_LENGTH = 1_000;

/** The alert for a failed run. */
export function jobAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const [job, run] = ['$event.detail.jobName', '$event.detail.jobRunId'];
  const subject = text`${'$event.detail.state'}: Glue job ${job}`;
  return {
    subject,
    message: lines(
      text`${subject} in ${ENVIRONMENT}`,
      text`Error: ${shortened('$event.detail.message')}`,
      text`The tables still have their last published data.`,
      text`Run: ${consoleUrl(consoleDomain, 'gluestudio')}/job/${job}/run/${run} (AWS console)`,
      literal(`Run record: the latest file in ${names.runs(LAYER, DATASET)} for a job named `
        + `${names.job(LAYER, DATASET)}`),
      text`Logs: streams that start with ${run} in the log groups ${literal(names.outputLogGroup)} and ${
        literal(names.errorLogGroup)}`,
      text`To start the job again, run:`,
      text`aws glue start-job-run --region ${'$event.region'} --job-name ${job}`,
    ),
  };
}

/** The alert for a failed crawler. */
export function crawlerAlert(): AlertMessage {
  const crawler = '$event.detail.crawlerName';
  const subject = text`FAILED: Glue crawler ${crawler}`;
  return {
    subject,
    message: lines(
      text`${subject} in ${ENVIRONMENT}`,
      text`Error: ${shortened('$event.detail.errorMessage')}`,
      text`The data files are published. New tables and columns may be missing from the Data Catalog.`,
      literal('If Lake Formation refused access, grant CREATE_TABLE, ALTER and DESCRIBE to the role of the crawler: '
        + 'see Lake Formation in docs/security.md.'),
      text`Logs: stream ${crawler} in the log group /aws-glue/crawlers, ${
        '$event.detail.cloudWatchLogLink'} (AWS console)`,
      text`To start the crawler again, run:`,
      text`aws glue start-crawler --region ${'$event.region'} --name ${crawler}`,
    ),
  };
}

/**
 * The alert for a pipeline that failed because of its datasets. The cause is the JSON of their results.
 *
 * The expression fails if the cause has no dataset that could be run again.
 */
export function pipelineResultsAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const subject = pipelineSubject(names);
  const reason = `$substring($replace($string(reason), /\\s+/, " "), 0, ${MAX_REASON_LENGTH})`;
  return {
    subject,
    message: `(
      $datasets := $parse($event.detail.cause).datasets;
      $failed := $datasets[status = "failed"];
      $skipped := $datasets[status = "skipped"];
      $others := $datasets[$not(status in ["failed", "skipped"])];
      $assert($exists($datasets[status in ["failed", "skipped", "not_run"]]), "no dataset could be run again");
      ${lines(
        text`${subject} in ${ENVIRONMENT}`,
        `$failed.(${text`Failed: ${'dataset'}`} & ($exists(reason) ? ": " & ${reason}))`,
        `($exists($skipped) ?
          "Skipped: " & $join($skipped.(dataset & ($exists(reason) ? " (" & ${reason} & ")")), ", "))`,
        `($exists($others) ? "Others: " & $join($distinct($others.status).(
          $status := $;
          $count($others[status = $status]) & " " & $replace($status, "_", " ")), ", "))`,
        text`Tables of skipped datasets, and of datasets whose job failed, still have their last published data.`,
        text`Execution: ${executionUrl(consoleDomain)} (AWS console)`,
        text`To run only the datasets that failed or were skipped, run:`,
        text`${START_PIPELINE} --input "$(aws stepfunctions describe-execution --region ${
          '$event.region'} --execution-arn ${'$event.detail.executionArn'} --query cause --output text)"`,
      )}
    )`,
  };
}

/** The alert for a pipeline that ended for another reason: it timed out, was stopped, or was already running. */
export function pipelineErrorAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const subject = pipelineSubject(names);
  return {
    subject,
    message: `(
      $reasons := [$event.detail.error, $event.detail.cause][$type($) = "string"];
      ${lines(
        text`${subject} in ${ENVIRONMENT}`,
        `($exists($reasons) ? "Error: " & ${shortened('$join($reasons, ": ")')})`,
        text`Execution: ${executionUrl(consoleDomain)} (AWS console)`,
        text`To start the pipeline again, run:`,
        START_PIPELINE,
      )}
    )`,
  };
}

/** The alert for a freshness check that failed, timed out or was stopped. */
export function freshnessErrorAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const subject = text`${'$event.detail.status'}: freshness check of lake ${literal(names.resourcePrefix)}`;
  return {
    subject,
    message: `(
      $reasons := [$event.detail.error, $event.detail.cause][$type($) = "string"];
      ${lines(
        text`${subject} in ${ENVIRONMENT}`,
        `($exists($reasons) ? "Error: " & ${shortened('$join($reasons, ": ")')})`,
        text`Until a check succeeds, no alert is sent about stale datasets. The next check starts within an hour.`,
        text`Execution: ${executionUrl(consoleDomain)} (AWS console)`,
      )}
    )`,
  };
}

/** The alert for a successful run with warnings. The event contains the first warnings, and the number of all. */
export function warningAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const count = '$event.detail.warning_count';
  const dataset = '$event.detail.layer & "/" & $event.detail.dataset';
  const subject = text`${count} warning${`(${count} = 1 ? "" : "s")`}: dataset ${dataset} of lake ${
    literal(names.resourcePrefix)}`;
  const warning = `$substring($replace($string($), /\\s+/, " "), 0, ${MAX_WARNING_LENGTH})`;
  return {
    subject,
    message: `(
      $warnings := $event.detail.warnings[[0..${MAX_WARNINGS - 1}]];
      ${lines(
        text`${subject} in ${ENVIRONMENT}`,
        `$warnings.(${text`Warning: ${warning}`})`,
        `(${count} > $count($warnings) ? ${text`${`${count} - $count($warnings)`} more in the run record`})`,
        text`The run has succeeded. The tables have its data.`,
        text`Run ${'$event.detail.run_id'}: ${consoleUrl(consoleDomain, 'gluestudio')}/job/${
          '$event.detail.job'}/run/${'$event.detail.job_run_id'} (AWS console)`,
        text`To show the run, run:`,
        text`npx medallion runs ${'$event.detail.run_id'} --deployed`,
      )}
    )`,
  };
}

/** The alert for an event that no other alert can be written for: the event itself. */
export function eventAlert(names: LakeNames): AlertMessage {
  return {
    subject: literal(`FAILED: lake ${names.resourcePrefix}`),
    message: shortened('$event'),
  };
}

const START_PIPELINE = text`aws stepfunctions start-execution --region ${'$event.region'} --state-machine-arn ${
  '$event.detail.stateMachineArn'}`;

/** The event contains the name of a pipeline only at the end of the ARN of its state machine. */
function pipelineSubject(names: LakeNames): string {
  const prefix = literal(`:stateMachine:${names.resourcePrefix}-`);
  const pipeline = `$substringAfter($event.detail.stateMachineArn, ${prefix})`;
  return text`${'$event.detail.status'}: pipeline ${pipeline} of lake ${literal(names.resourcePrefix)}`;
}

function executionUrl(consoleDomain: string): string {
  return text`${consoleUrl(consoleDomain, 'states')}/v2/executions/details/${'$event.detail.executionArn'}`;
}

function consoleUrl(consoleDomain: string, service: string): string {
  const page = literal(`.console.${consoleDomain}/${service}/home?region=`);
  return text`https://${'$event.region'}${page}${'$event.region'}#`;
}

/** The text of a value, which is JSON unless the value is a string. Undefined without a value. */
function shortened(value: string): string {
  return `$substring($string(${value}), 0, ${MAX_TEXT_LENGTH})`;
}
