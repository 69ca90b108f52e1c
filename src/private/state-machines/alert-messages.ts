import { DATASET, LAYER, lines, literal, runbook, text } from './message-text';
import { LakeNames } from '../../naming';

/**
 * The subject and the message of an alert, as JSONata expressions that read the EventBridge event from the variable
 * `$event`.
 */
export interface AlertMessage {
  readonly subject: string;
  readonly message: string;
}

const ENVIRONMENT = '$event.account & ", " & $event.region';

/** The maximum length of a string from the event, because an Amazon SNS message can have at most 256 KiB. */
const MAX_TEXT_LENGTH = 20_000;
/** The maximum length of the reason for a failed or skipped dataset. */
const MAX_REASON_LENGTH = 1_000;
/**
 * The maximum number of warnings in a message, and the maximum length of each. The event of a job has the same limits.
 */
const MAX_WARNINGS = 10;
const MAX_WARNING_LENGTH = 1_000;

/** Matches the message of a skipped retry, which contains the ID and the error code of the first attempt. */
const FIRST_ATTEMPT = '/first attempt \\(run ([0-9TZ]+-[0-9a-f]+)\\)/';
const CODE = '/(^|RunFailed: |run again: )([A-Z]+(_[A-Z]+)+): /';

/**
 * Matches out-of-memory messages of Glue and Spark, and the exit code of a process that the kernel has killed
 * (SIGKILL).
 */
const OUT_OF_MEMORY = '/out.?of.?memory|memory limits|exit code 137/i';

/** The number of bytes of a run record to read. A record begins with the IDs of the run and its error. */
const RECORD_BYTES = 50_000;

/**
 * The maximum number of run records to list, with up to 300 bytes per entry, and the number of hours before the event
 * at which the list starts.
 */
const MAX_RECORDS = 400;
const RECORD_HOURS = 48;

/**
 * The request that lists the names of the latest run records of a job, ordered by the start of the run. A job has one
 * run at a time, so the last record usually belongs to the failed run.
 */
export function listRecords(names: LakeNames, event: string): { readonly [argument: string]: unknown } {
  const folder = `$event := ${event}; ${ofJob(names)} $folder & "run_id="`;
  const first = `$toMillis($event.time) - ${RECORD_HOURS * 3_600_000}`;
  return {
    Bucket: names.bucket,
    Prefix: `{% (${folder}) %}`,
    StartAfter: `{% (${folder} & $fromMillis(${first}, "[Y0001][M01][D01]T[H01][m01][s01]")) %}`,
    MaxKeys: MAX_RECORDS,
  };
}

/** The key of the run record to read, selected from the list. Empty if the list is empty or incomplete. */
export function recordKey(names: LakeNames, event: string): string {
  return `(
    $event := ${event};
    ${ofJob(names)}
    $first := $match($reason, ${FIRST_ATTEMPT})[-1].groups[0];
    $listed := [$states.result.Contents.Key];
    $exists($first) ? $folder & "run_id=" & $first & ".json"
      : $states.result.IsTruncated = true or $count($listed) = 0 ? "" : $listed[-1]
  )`;
}

/** The request for the beginning of a run record. A complete record can exceed 256 KiB, the limit of a state. */
export function readRecord(names: LakeNames): { readonly [argument: string]: unknown } {
  return { Bucket: names.bucket, Key: '{% $recordKey %}', Range: `bytes=0-${RECORD_BYTES - 1}` };
}

/**
 * The data that an alert needs from a run record, or an empty object if it is the record of another job run. If a retry
 * was skipped, the record is that of the first attempt, which has the same ID up to `_attempt_`.
 */
export function recordOfRun(event: string): string {
  return `(
    $event := ${event};
    $body := $states.result.Body;
    $id := $event.detail.jobRunId;
    $found := $contains($body, '"job_run_id": "' & $id & '"')
      or $contains($string($event.detail.message), ${FIRST_ATTEMPT})
        and $contains($body, '"job_run_id": "' & $substringBefore($id, "_attempt_"));
    $found = true ? {
      "run_id": $match($body, /"run_id": "([^"]+)"/)[0].groups[0],
      "error_code": $match($body, /"error_code": "([^"]+)"/)[0].groups[0],
      "has_originals": $contains($body, '"sources": [')
    } : {}
  )`;
}

/**
 * The alert for a failed run. The data of its run record is in the variable `$record`.
 *
 * The format of the console links is not documented. CloudWatch encodes the parts of a link twice, with `$` instead of
 * `%`.
 */
export function jobAlert(names: LakeNames, consoleDomain: string): AlertMessage {
  const [job, run] = ['$event.detail.jobName', '$event.detail.jobRunId'];
  const subject = text`${'$event.detail.state'}${'($exists($code) ? " " & $code)'}: Glue job ${job}`;
  const start = text`aws glue start-job-run --region ${'$event.region'} --job-name ${job}`;
  const object = text`${literal(names.uri(''))}${'$folder'}run_id=${'$record.run_id'}.json`;
  const known = (line: string, condition = '$exists($record.run_id)'): string => `(${condition} ? ${line})`;
  return {
    subject: `(${ofRun(names)} ${subject})`,
    message: `(${ofRun(names)} ${lines(
      text`${subject} in ${ENVIRONMENT}`,
      text`Error: ${shortened('$event.detail.message')}`,
      '$state',
      text`Runbook: ${runbook('$section')}`,
      text`Log: ${consoleUrl(consoleDomain, 'cloudwatch')}logsV2:log-groups/log-group/${
        literal(encodedTwice(names.outputLogGroup))}$3FlogStreamNameFilter$3D${'$stream'}`,
      text`Log of Spark: streams ${'$stream'}* in the log group ${literal(names.errorLogGroup)}`,
      text`Run: ${consoleUrl(consoleDomain, 'gluestudio')}/job/${job}/run/${run}`,
      `($exists($record.run_id) ? ${
        text`Run record: ${s3Url(consoleDomain, 'object', names)}${
          '$encodeUrlComponent($folder & "run_id=" & $record.run_id & ".json")'}`
      } : ${
        text`Run records: ${s3Url(consoleDomain, 'buckets', names)}${'$encodeUrlComponent($folder)'}`
      })`,
      known(text`aws s3 cp --region ${'$event.region'} ${object} -`),
      text`To run again in AWS:`,
      start,
      known(text`To run again with the files that this run has stored, without a request to the source:`, '$stored'),
      known(text`${start} --arguments '{"--run_options": "{\\"from_run\\": \\"${'$record.run_id'}\\"}"}'`, '$stored'),
      text`To inspect the run or to run on your machine, in the folder of the CDK app after cdk synth:`,
      known(text`npx medallion runs ${'$record.run_id'} --deployed`),
      text`npx medallion logs ${'$dataset'}${'($exists($record.run_id) ? " --run " & $record.run_id)'} --deployed`,
      text`npx medallion run ${'$dataset'}`,
    )})`,
  };
}

/**
 * Assigns the error message of a job run as `$reason`, the dataset as `$dataset` (`layer/name`), and the S3 prefix of
 * its run records as `$folder`.
 */
function ofJob(names: LakeNames): string {
  const [start, middle, end] = names.runs(LAYER, DATASET).slice(names.uri('').length).split(/DATASET|LAYER/);
  return `
    $reason := $string($event.detail.message);
    $job := $substringAfter($event.detail.jobName, ${literal(`${names.resourcePrefix}-`)});
    $dataset := $substringBefore($job, "-") & "/" & $substringAfter($job, "-");
    $folder := ${literal(start)} & $substringAfter($job, "-") & ${literal(middle)} & $substringBefore($job, "-")
      & ${literal(end)};`;
}

/**
 * Assigns the variables of `ofJob`, and the error code, the state of the tables, the runbook section and the log
 * stream.
 */
function ofRun(names: LakeNames): string {
  return `
    ${ofJob(names)}
    $codes := [$record.error_code, $match($reason, ${CODE}).groups[1]];
    $code := $append($codes[$ != "RETRY_SKIPPED"], $codes)[0];
    $ended := $event.detail.state in ["TIMEOUT", "STOPPED"];
    $section := $ended ? "run-timed-out-or-stopped" : $exists($code) ? $lowercase($code)
      : $contains($reason, ${OUT_OF_MEMORY}) = true ? "out-of-memory" : "unexpected_error";
    $state := $event.detail.state = "FAILED" and $exists($code) and $code != "COMMIT_OUTCOME_UNKNOWN"
      ? "The tables still have their last published data."
      : "The tables have their last published data. If the run ended while it published, the next run completes or "
        & "reverts the publication.";
    $stored := $record.has_originals = true;
    $stream := $substringBefore($event.detail.jobRunId, "_attempt_");`;
}

function encodedTwice(value: string): string {
  return value.replace(/\//g, '$252F');
}

/** The beginning of a link to an object or a folder in the S3 console. The encoded key is appended to it. */
function s3Url(consoleDomain: string, page: 'object' | 'buckets', names: LakeNames): string {
  const path = literal(`.console.${consoleDomain}/s3/${page}/${names.bucket}?region=`);
  return text`https://${'$event.region'}${path}${'$event.region'}&prefix=`;
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
      literal('If Lake Formation refused access, set lakeFormation: true on EtlCore, or grant CREATE_TABLE, ALTER and '
        + 'DESCRIBE to the role of the crawler: see docs/access/lake-formation.md.'),
      text`Logs: stream ${crawler} in the log group /aws-glue/crawlers, ${
        '$event.detail.cloudWatchLogLink'} (AWS console)`,
      text`Runbook: ${runbook('"crawler-failed"')}`,
      text`To start the crawler again, run:`,
      text`aws glue start-crawler --region ${'$event.region'} --name ${crawler}`,
    ),
  };
}

/**
 * The alert for a pipeline that failed because of its datasets. The `cause` in the event is their results as JSON.
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
        text`Runbook: ${runbook('"pipeline-failed"')}`,
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
        text`Runbook: ${runbook('"pipeline-failed"')}`,
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
        text`Runbook: ${runbook('"freshness-check-failed"')}`,
      )}
    )`,
  };
}

/**
 * The alert for a successful run with warnings. The event contains the first warnings, and the number of all warnings.
 */
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
        text`Runbook: ${runbook('"run-with-warnings"')}`,
        text`To show the run, run:`,
        text`npx medallion runs ${'$event.detail.run_id'} --deployed`,
      )}
    )`,
  };
}

/** The alert for an event for which no other alert can be written. It contains the event itself. */
export function eventAlert(names: LakeNames): AlertMessage {
  return {
    subject: literal(`FAILED: lake ${names.resourcePrefix}`),
    message: shortened('$event'),
  };
}

const START_PIPELINE = text`aws stepfunctions start-execution --region ${'$event.region'} --state-machine-arn ${
  '$event.detail.stateMachineArn'}`;

/** The subject of a pipeline alert. The event contains the pipeline name only at the end of the state machine ARN. */
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

/** The beginning of a value as text: JSON, unless the value is a string. Undefined if there is no value. */
function shortened(value: string): string {
  return `$substring($string(${value}), 0, ${MAX_TEXT_LENGTH})`;
}
