import {
  AlertMessage, crawlerAlert, eventAlert, freshnessErrorAlert, jobAlert, listRecords, pipelineErrorAlert,
  pipelineResultsAlert, readRecord, recordKey, recordOfRun, warningAlert,
} from './alert-messages';
import { RETRIES } from './states-language';
import { LakeNames } from '../../naming';

export interface AlertMachineProps {
  readonly names: LakeNames;
  readonly partition: string;
  /** The domain of the AWS console in the partition. */
  readonly consoleDomain: string;
  /** The ARN of the state machine that handles datasets for pipelines. */
  readonly datasetMachineArn: string;
  readonly topicArn: string;
}

/** The execution input. It is also available in a state that follows an error, where the state input is the error. */
const EVENT = '$states.context.Execution.Input';

/** The limit of Amazon SNS for subjects. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MAX_SUBJECT_LENGTH = 100;

/** The maximum length of `layer-dataset` in the name of an execution. Longer text is shortened. */
const MAX_EXECUTION_DATASET_LENGTH = 45;

/**
 * The maximum number of executions to list. The entry of an execution has up to 600 bytes. A result of more than 256
 * KiB causes an error that a state cannot catch.
 */
const MAX_EXECUTIONS = 400;

/**
 * The maximum time by which an execution can appear to end before the event about its job, because the clocks of AWS
 * services can differ.
 */
const CLOCK_TOLERANCE_MILLIS = 60_000;

/**
 * The number of retries is small, because S3 returns the same error for a denied request as for a temporary problem,
 * and long retries would delay the alert.
 */
const RECORD_RETRIES = RETRIES.map(each => ({ ...each, MaxAttempts: 2 }));

/**
 * The state machine that sends the alerts of a lake. The input of an execution is an EventBridge event.
 *
 * A Glue event does not say who started the job or the crawler. Therefore, the event is ignored if an execution of the
 * state machine for datasets handles the dataset: the pipeline sends one alert for all its datasets. This state machine
 * lists the running executions first, and then the failed ones: an execution can notice the failure and end before the
 * event arrives. Warnings are sent in any case, because a pipeline only sends alerts about failures.
 *
 * The alert of a job links to the run record, whose beginning contains the ID of the job run and the error code. If the
 * job run has no record, the alert links to the folder of the records.
 *
 * If listing executions, reading a record or sending a message fails, an alert with less information is sent: a
 * superfluous alert is better than a missing one. The expressions that can fail are in Task states, because a Choice or
 * a Pass state cannot catch errors.
 */
export function alertMachine({
  names, partition, consoleDomain, datasetMachineArn, topicArn,
}: AlertMachineProps): object {
  const listExecutions = (status: string, filter: string, next: string) => ({
    Type: 'Task',
    Resource: `arn:${partition}:states:::aws-sdk:sfn:listExecutions`,
    Arguments: { StateMachineArn: datasetMachineArn, StatusFilter: status, MaxResults: MAX_EXECUTIONS },
    Assign: { inPipeline: `{% (${ofDataset(names)} $exists($executions${filter})) %}` },
    Retry: RETRIES,
    Catch: [{ ErrorEquals: ['States.ALL'], Assign: { inPipeline: false }, Next: 'Which alert?' }],
    Next: next,
  });
  const publish = ({ subject, message }: AlertMessage, onError?: string) => ({
    Type: 'Task',
    Resource: `arn:${partition}:states:::sns:publish`,
    Arguments: {
      TopicArn: topicArn,
      Subject: `{% ($event := ${EVENT}; $substring(${subject}, 0, ${MAX_SUBJECT_LENGTH})) %}`,
      Message: `{% ($event := ${EVENT}; ${message}) %}`,
    },
    Retry: [
      { ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 0 },
      { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 5, MaxAttempts: 3, BackoffRate: 2 },
    ],
    ...onError !== undefined && { Catch: [{ ErrorEquals: ['States.ALL'], Next: onError }] },
    End: true,
  });
  return {
    Comment: `Sends the alerts of the lake ${names.resourcePrefix}`,
    QueryLanguage: 'JSONata',
    StartAt: 'Which event?',
    States: {
      'Which event?': {
        Type: 'Choice',
        Choices: [
          {
            Condition: `{% ${EVENT}.source = "aws.states" and $substringAfter(
              ${EVENT}.detail.stateMachineArn, ":stateMachine:"
            ) = ${JSON.stringify(names.freshnessStateMachine)} %}`,
            Next: 'Send error of freshness check',
          },
          {
            Condition: `{% ${EVENT}.source = "aws.states" and ${EVENT}.detail.error = "PipelineFailed" %}`,
            Next: 'Send results of pipeline',
          },
          { Condition: `{% ${EVENT}.source = "aws.states" %}`, Next: 'Send error of pipeline' },
          { Condition: `{% ${EVENT}.source = ${JSON.stringify(names.eventSource)} %}`, Next: 'Send warnings' },
        ],
        Default: 'List running datasets',
      },
      'List running datasets': listExecutions('RUNNING', '', 'Is it running?'),
      'Is it running?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $inPipeline %}', Next: 'Pipeline sends alert' }],
        Default: 'List failed datasets',
      },
      'List failed datasets': listExecutions(
        'FAILED',
        `[$toMillis(StopDate) >= $toMillis(${EVENT}.time) - ${CLOCK_TOLERANCE_MILLIS}]`,
        'Which alert?',
      ),
      'Which alert?': {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $inPipeline %}', Next: 'Pipeline sends alert' },
          { Condition: `{% $exists(${EVENT}.detail.crawlerName) %}`, Next: 'Send alert of crawler' },
        ],
        Default: 'List run records',
      },
      'List run records': {
        Type: 'Task',
        Resource: `arn:${partition}:states:::aws-sdk:s3:listObjectsV2`,
        Arguments: listRecords(names, EVENT),
        Assign: { recordKey: `{% ${recordKey(names, EVENT)} %}`, record: {} },
        Retry: RECORD_RETRIES,
        Catch: [{ ErrorEquals: ['States.ALL'], Assign: { record: {} }, Next: 'Send alert of job' }],
        Next: 'Is there a run record?',
      },
      'Is there a run record?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $recordKey = "" %}', Next: 'Send alert of job' }],
        Default: 'Read run record',
      },
      'Read run record': {
        Type: 'Task',
        Resource: `arn:${partition}:states:::aws-sdk:s3:getObject`,
        Arguments: readRecord(names),
        Assign: { record: `{% ${recordOfRun(EVENT)} %}` },
        Output: {},
        Retry: RECORD_RETRIES,
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Send alert of job' }],
        Next: 'Send alert of job',
      },
      'Pipeline sends alert': { Type: 'Succeed' },
      'Send alert of job': publish(jobAlert(names, consoleDomain), 'Send event'),
      'Send alert of crawler': publish(crawlerAlert(), 'Send event'),
      'Send results of pipeline': publish(pipelineResultsAlert(names, consoleDomain), 'Send error of pipeline'),
      'Send error of pipeline': publish(pipelineErrorAlert(names, consoleDomain), 'Send event'),
      'Send warnings': publish(warningAlert(names, consoleDomain), 'Send event'),
      'Send error of freshness check': publish(freshnessErrorAlert(names, consoleDomain), 'Send event'),
      'Send event': publish(eventAlert(names)),
    },
  };
}

/**
 * Assigns `$executions`: the executions that handle the dataset of a job or crawler. Their names start with the
 * shortened layer and name of the dataset, followed by the start time of the pipeline as `yyyyMMddTHHmmssSSS`.
 */
function ofDataset(names: LakeNames): string {
  const prefix = JSON.stringify(`${names.resourcePrefix}-`);
  return `
    $detail := ${EVENT}.detail;
    $job := $exists($detail.crawlerName) ? $replace($detail.crawlerName, /-crawler$/, "") : $detail.jobName;
    $dataset := $substring($job, $length(${prefix}), ${MAX_EXECUTION_DATASET_LENGTH});
    $executions := $states.result.Executions[
      $substring(Name, 0, $length($dataset)) = $dataset
      and $contains($substring(Name, $length($dataset)), /^-\\d{8}T\\d{9}-[0-9a-f]{4}a-/)
    ];`;
}
