import {
  Definition, inlineMap, jsonata, MILLISECONDS, ONE_DAY_SECONDS, RETRIES, State, taskState,
} from './states-language';
import { Layer } from '../../layer';

/**
 * The time between two requests for the state of a job. A run takes minutes, and each request costs three state
 * transitions.
 */
const JOB_POLL_SECONDS = 60;
const CRAWLER_POLL_SECONDS = 30;
/**
 * The time to wait for another run of the job. It is long because each round repeats the requests for all inputs, and
 * an execution history has at most 25,000 events.
 */
const OTHER_RUN_POLL_SECONDS = 300;

/** The maximum number of concurrent requests for inputs. */
const MAX_REQUESTS = 10;

/**
 * The maximum number of requests for the next attempt of a failed run. If none of them finds the attempt, Glue has not
 * retried the run.
 */
const MAX_MISSED_ATTEMPTS = 4;

/**
 * The maximum number of bytes to read from an object. The result of a task is at most 256 KiB of JSON, in which quotes
 * and line breaks of the object are escaped.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const MAX_BYTES = 150_000;

/**
 * The number of bytes at the beginning of published.json that contain the run ID, which is the third key. The rest is
 * not read, because a longer range could end in the middle of a character.
 */
const RUN_ID_BYTES = 400;

/**
 * The record of a run can appear to be up to a minute older than the run, because the clock of its machine may differ
 * from the clock of Glue.
 */
const CLOCK_DIFFERENCE_MS = 60_000;
const MAX_RECORDS = 20;

/** The maximum length of a reason. A pipeline, whose result lists all datasets, shortens it further. */
const MAX_REASON_LENGTH = 2_000;

/** https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html */
const ENDED = ['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED'];

/** Whether the response contains the complete object. */
const IS_COMPLETE = `$number($substringAfter($states.result.ContentRange, '/')) <= ${MAX_BYTES}`;

/**
 * The state machine that handles one dataset: it runs the job if the dataset is due, waits for the last attempt of the
 * run, reads the run record, and runs the crawler if the schema of a table has changed since the last crawl. A dataset
 * with Iceberg tables has no crawler.
 *
 * Input: `dataset` as `layer/dataset`, and `job`, the name of its job. All other names come from the arguments of the
 * job. Output: `dataset`, `status`, `rows`, `seconds`, `run_id` and `reason`. A failed execution has the same object as
 * its cause.
 *
 * @param partition the AWS partition, for the ARNs of the tasks
 */
export function datasetMachine(partition: string): Definition {
  const task = (service: string, fields: State): State =>
    taskState(partition, `aws-sdk:${service}`, { Catch: [FAILED], ...fields });
  return {
    QueryLanguage: 'JSONata',
    Comment: 'Runs the job of one dataset, and its crawler if a schema has changed',
    TimeoutSeconds: ONE_DAY_SECONDS,
    StartAt: 'Read job',
    States: {
      'Read job': task('glue:getJob', {
        Arguments: { JobName: jsonata('$states.input.job') },
        Assign: {
          dataset: jsonata('$states.input.dataset'),
          job: jsonata('$states.input.job'),
          names: jsonata('$parse($lookup($states.result.Job.DefaultArguments, "--names"))'),
          retries: jsonata('$exists($states.result.Job.MaxRetries) ? $states.result.Job.MaxRetries : 0'),
          published: {},
          newer: [],
          record: {},
          records: [],
          reason: '',
          record_error: '',
          crawls: 0,
        },
        Catch: [{
          ErrorEquals: ['Glue.EntityNotFoundException'],
          Assign: {
            dataset: jsonata('$states.input.dataset'),
            record: {},
            reason: jsonata('"the job " & $states.input.job & " does not exist: deploy the stack of the dataset"'),
          },
          Next: 'Failed',
        }, {
          ...FAILED,
          Assign: { ...FAILED.Assign, dataset: jsonata('$states.input.dataset'), record: {} },
        }],
        Next: 'Derived?',
      }),

      'Derived?': {
        Type: 'Choice',
        Choices: [{
          Condition: jsonata(`$names.layer != '${Layer.BRONZE}' and $count($names.inputs) > 0`),
          Next: 'Read publication',
        }],
        Default: 'Start job',
      },
      'Read publication': task('s3:getObject', {
        Arguments: publication('$names.runs', MAX_BYTES),
        Assign: {
          // The tables, which can be large, are at the end of the file. In a string, the quotes would be escaped.
          published: jsonata(
            `(
              $beginning := $substringBefore($states.result.Body, '"tables":') & '"tables": {}}';
              $p := $parse(${IS_COMPLETE} ? $states.result.Body : $beginning);
              {
                'run_id': $p.run_id,
                'definition': $p.definition,
                'schema_changed_at': $p.schema_changed_at,
                'rows': $sum($p.tables.*.rows),
                'inputs': [$p.inputs.{ 'dataset': dataset, 'run_id': run_id }]
              }
            )`,
          ),
        },
        // Without a publication, or with one that cannot be read, the job runs.
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Start job' }],
        Next: 'Read inputs',
      }),
      'Read inputs': inlineMap('$names.inputs', MAX_REQUESTS, 'Read input', {
        'Read input': task('s3:getObject', {
          Arguments: publication('$states.input.runs', RUN_ID_BYTES),
          Output: {
            dataset: jsonata('$states.input.dataset'),
            run_id: jsonata('$match($states.result.Body, /"run_id": "([^"]+)"/)[0].groups[0]'),
          },
          Catch: [{
            ErrorEquals: ['States.ALL'],
            Output: { dataset: jsonata('$states.input.dataset'), run_id: '' },
            Next: 'Not published',
          }],
          End: true,
        }),
        'Not published': { Type: 'Pass', End: true },
      }, {
        Assign: {
          newer: jsonata(`(
            $used := $merge($published.inputs.{ dataset: run_id });
            [$states.result[$not(run_id = $lookup($used, dataset))].dataset]
          )`),
        },
        Catch: [FAILED],
        Next: 'Due?',
      }),
      'Due?': {
        Type: 'Choice',
        Choices: [{
          Condition: jsonata('$count($newer) = 0 and $published.definition = $names.definition'),
          Next: 'Up to date',
        }],
        Default: 'Start job',
      },
      'Up to date': {
        Type: 'Pass',
        Assign: {
          record: jsonata(`{
            'status': 'unchanged',
            'run_id': $published.run_id,
            'rows': $published.rows,
            'schema_changed_at': $published.schema_changed_at
          }`),
          reason: 'no input has published since the last run',
        },
        Next: 'Schema changed?',
      },

      'Start job': task('glue:startJobRun', {
        Arguments: { JobName: jsonata('$job') },
        Assign: { id: jsonata('$states.result.JobRunId'), attempt: 0, missed: 0, run: {} },
        Retry: [
          // Other jobs of the account use the capacity.
          {
            ErrorEquals: ['Glue.ResourceNumberLimitExceededException'],
            IntervalSeconds: 60,
            BackoffRate: 1,
            MaxAttempts: 120,
          },
          ...RETRIES,
        ],
        Catch: [
          { ErrorEquals: ['Glue.ConcurrentRunsExceededException'], Next: 'Wait for other run' },
          FAILED,
        ],
        Next: 'Wait for job',
      }),
      // After a run that somebody else has started, a derived dataset may be up to date.
      'Wait for other run': { Type: 'Wait', Seconds: OTHER_RUN_POLL_SECONDS, Next: 'Derived?' },
      'Wait for job': { Type: 'Wait', Seconds: JOB_POLL_SECONDS, Next: 'Read run' },
      'Read run': task('glue:getJobRun', {
        Arguments: { JobName: jsonata('$job'), RunId: jsonata(ATTEMPT_ID) },
        Assign: {
          missed: 0,
          run: jsonata(`(
            ${MILLISECONDS}
            $r := $states.result.JobRun;
            {
              'id': ${ATTEMPT_ID},
              'state': $r.JobRunState,
              'started': $milliseconds($r.StartedOn),
              'error': $r.ErrorMessage
            }
          )`),
        },
        Catch: [{
          ErrorEquals: ['Glue.EntityNotFoundException'],
          Assign: { missed: jsonata('$missed + 1') },
          Next: 'Job ended?',
        }, FAILED],
        Next: 'Job ended?',
      }),
      'Job ended?': {
        Type: 'Choice',
        Choices: [
          // Glue creates the next attempt some time after the failure. Without a next attempt, the failure is final.
          { Condition: jsonata(`$missed >= ${MAX_MISSED_ATTEMPTS}`), Next: 'List records' },
          { Condition: jsonata('$missed > 0'), Next: 'Wait for job' },
          {
            Condition: jsonata("$run.state = 'FAILED' and $attempt < $retries"),
            Assign: { attempt: jsonata('$attempt + 1') },
            Next: 'Wait for job',
          },
          { Condition: jsonata(`$run.state in ${JSON.stringify(ENDED)}`), Next: 'List records' },
        ],
        Default: 'Wait for job',
      },

      'List records': task('s3:listObjectsV2', {
        Arguments: {
          Bucket: jsonata('$names.bucket'),
          Prefix: jsonata(`${key('$names.runs')} & 'run_id='`),
          StartAfter: jsonata(
            `${key('$names.runs')} & 'run_id=' & $fromMillis(($exists($run.started) ? $run.started : $millis()) - `
              + `${CLOCK_DIFFERENCE_MS}, '[Y0001][M01][D01]T[H01][m01][s01]')`,
          ),
          MaxKeys: MAX_RECORDS,
        },
        Assign: { records: jsonata('[$states.result.Contents.Key]') },
        Catch: [NO_RECORD],
        Next: 'Record left?',
      }),
      'Record left?': {
        Type: 'Choice',
        Choices: [{ Condition: jsonata('$count($records) > 0'), Next: 'Read record' }],
        Default: 'Job succeeded?',
      },
      'Read record': task('s3:getObject', {
        Arguments: { Bucket: jsonata('$names.bucket'), Key: jsonata('$records[0]'), Range: range(MAX_BYTES) },
        Assign: {
          records: jsonata(`${IS_OF_RUN} ? [] : [$records[[1..${MAX_RECORDS}]]]`),
          // If a record is too large, only its beginning is known.
          record: jsonata(`$not(${IS_OF_RUN}) ? {} : ${IS_COMPLETE} ? ($r := $parse($states.result.Body); {
              'status': $r.status,
              'run_id': $r.run_id,
              'seconds': $r.seconds,
              'rows': $exists($r.tables) ? $sum($r.tables.rows) : null,
              'error': $r.error,
              'schema_changed_at': $r.schema_changed_at
            }) : {
              'status': $match($states.result.Body, /"status": "([^"]+)"/)[0].groups[0],
              'run_id': $match($states.result.Body, /"run_id": "([^"]+)"/)[0].groups[0],
              'schema_changed_at': $match($states.result.Body, /"schema_changed_at": "([^"]+)"/)[0].groups[0]
            }`),
        },
        Catch: [NO_RECORD],
        Next: 'Record left?',
      }),
      'Job succeeded?': {
        Type: 'Choice',
        Choices: [{
          Condition: jsonata("$run.state = 'SUCCEEDED'"),
          Assign: {
            reason: jsonata(
              "$record.status = 'unchanged' ? 'the source is unchanged'"
                + " : $exists($record.status) ? ''"
                + " : $record_error = '' ? 'the job wrote no run record'"
                + " : 'the run record cannot be read: ' & $record_error",
            ),
          },
          Next: 'Schema changed?',
        }],
        Default: 'Job failed',
      },
      'Job failed': {
        Type: 'Pass',
        Assign: {
          reason: jsonata(
            "$exists($run.state) = false ? 'the run ' & $id & ' does not exist'"
              + " : $run.state != 'FAILED' ? 'the run ended with ' & $run.state & ($run.error ? ': ' & $run.error : '')"
              + " : $record.error ? $record.error : $run.error ? $run.error : 'the run failed without a message'",
          ),
        },
        Next: 'Failed',
      },

      'Schema changed?': {
        Type: 'Choice',
        Choices: [{
          Condition: jsonata("$exists($names.crawler) and $type($record.schema_changed_at) = 'string'"),
          Next: 'Read crawler',
        }],
        Default: 'Done',
      },
      'Read crawler': task('glue:getCrawler', {
        Arguments: { Name: jsonata('$names.crawler') },
        Assign: {
          crawler: jsonata(`(
            ${MILLISECONDS}
            $c := $states.result.Crawler;
            {
              'is_ready': $c.State = 'READY',
              'status': $c.LastCrawl.Status,
              'error': $c.LastCrawl.ErrorMessage,
              'has_crawled': $c.LastCrawl.Status = 'SUCCEEDED'
                and ($crawls > 0 or $milliseconds($c.LastCrawl.StartTime) > $toMillis($record.schema_changed_at))
            }
          )`),
        },
        Next: 'Crawled?',
      }),
      'Crawled?': {
        Type: 'Choice',
        Choices: [
          // A crawler that was running already may have started before the publication.
          { Condition: jsonata('$not($crawler.is_ready)'), Next: 'Wait for crawler' },
          { Condition: jsonata('$crawler.has_crawled'), Next: 'Done' },
          { Condition: jsonata('$crawls = 0'), Next: 'Start crawler' },
        ],
        Default: 'Crawl failed',
      },
      'Start crawler': task('glue:startCrawler', {
        Arguments: { Name: jsonata('$names.crawler') },
        Assign: { crawls: 1 },
        Catch: [{ ErrorEquals: ['Glue.CrawlerRunningException'], Next: 'Wait for crawler' }, FAILED],
        Next: 'Wait for crawler',
      }),
      'Wait for crawler': { Type: 'Wait', Seconds: CRAWLER_POLL_SECONDS, Next: 'Read crawler' },
      'Crawl failed': {
        Type: 'Pass',
        Assign: {
          reason: jsonata(
            "'the table is published, but the crawler ' & $names.crawler & ' ended with ' & $crawler.status"
              + " & ($crawler.error ? ': ' & $crawler.error : '')",
          ),
        },
        Next: 'Failed',
      },

      'Done': {
        Type: 'Pass',
        Output: jsonata(outcome("$exists($record.status) ? $record.status : 'succeeded'")),
        End: true,
      },
      'Failed': { Type: 'Fail', Error: DATASET_FAILED, Cause: jsonata(`$string(${outcome("'failed'")})`) },
    },
  };
}

/** The error of a failed execution. Its cause is the result of the dataset, as JSON. */
export const DATASET_FAILED = 'DatasetFailed';

/** The ID of the current attempt. https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html */
const ATTEMPT_ID = "($attempt = 0 ? $id : $id & '_attempt_' & $attempt)";

/** Whether the object that was read is the record of the run. */
const IS_OF_RUN = '$match($states.result.Body, /"job_run_id": "([^"]*)"/)[0].groups[0] = $run.id';

/** Fails the execution with the error of a task. */
const FAILED = {
  ErrorEquals: ['States.ALL'],
  Assign: { reason: jsonata("$states.errorOutput.Error & ': ' & $states.errorOutput.Cause") },
  Next: 'Failed',
};

/** Continues without the run record, because the outcome of the job does not depend on it. */
const NO_RECORD = {
  ErrorEquals: ['States.ALL'],
  Assign: { record_error: jsonata("$states.errorOutput.Error & ': ' & $states.errorOutput.Cause") },
  Next: 'Job succeeded?',
};

function outcome(status: string): string {
  return `$merge([
    { 'dataset': $dataset, 'status': ${status} },
    $type($record.rows) = 'number' ? { 'rows': $record.rows } : {},
    $type($record.seconds) = 'number' ? { 'seconds': $record.seconds } : {},
    $exists($record.run_id) ? { 'run_id': $record.run_id } : {},
    $reason = '' ? {} : { 'reason': $substring($reason, 0, ${MAX_REASON_LENGTH}) }
  ])`;
}

/** The key of an `s3://` URL in the bucket of the lake. */
function key(url: string): string {
  return `$substringAfter(${url}, 's3://' & $names.bucket & '/')`;
}

function range(bytes: number): string {
  return `bytes=0-${bytes - 1}`;
}

/** Reads the beginning of the published.json in a folder. */
function publication(folder: string, bytes: number): State {
  return {
    Bucket: jsonata('$names.bucket'),
    Key: jsonata(`${key(folder)} & 'published.json'`),
    Range: range(bytes),
  };
}
