import { DATASET, LAYER, lines, literal, runbook, text } from './message-text';
import { Definition, inlineMap, jsonata, State, taskState } from './states-language';
import { LakeNames } from '../../naming';

/** A dataset that the check reads: it declares freshness, or is an input of a dataset that declares it. */
export interface FreshnessNode {
  /** As `layer/dataset`. */
  readonly dataset: string;
  /** The S3 prefix of its run records. */
  readonly runs: string;
  /** The inputs of the dataset. Empty for a bronze dataset. */
  readonly inputs: string[];
  /** The maximum age in hours. Undefined if it is only an input. */
  readonly max_age?: number;
  /** The shortest and the longest maximum age in hours of the dataset and of the datasets that are built from it. */
  readonly shortest: number;
  readonly longest: number;
}

export interface FreshnessMachineProps {
  readonly names: LakeNames;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  /** The datasets, each after its inputs. */
  readonly nodes: FreshnessNode[];
  readonly topicArn: string;
}

/** The timeout of a check, which must end before the next one starts. */
const TIMEOUT_SECONDS = 3_000;

/**
 * The number of bytes of published.json to read. This part contains the run IDs of the inputs, which come before the
 * tables. In the result of a task, which is at most 256 KiB, quotes and line breaks are escaped.
 */
const MAX_PUBLICATION_BYTES = 100_000;

/** The status and the end of a run are among the first keys of its record. */
const RECORD_BYTES = 2_000;

/** The maximum number of concurrent requests, which is the limit of an inline map. */
const MAX_REQUESTS = 40;

/** The maximum number of object keys that a list request returns. A key has up to 300 bytes. */
const MAX_LISTED = 400;

/**
 * The maximum number of records to read per dataset, from the newest on, until a record of a successful run is found.
 */
const MAX_RECORDS = 20;

const HOUR = 3_600_000;

/** The limit of Amazon SNS is 256 KiB. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MAX_MESSAGE_LENGTH = 200_000;

/**
 * The state machine that checks the freshness of the datasets of a lake, and sends one alert when datasets become stale
 * or recover.
 *
 * The time at which a dataset was confirmed is the time at which a run last published it or found it unchanged. A
 * derived dataset that is built from the current publications of its inputs counts as confirmed when its inputs were
 * confirmed, because a pipeline does not run its job until an input publishes. A dataset is stale if it was confirmed
 * longer ago than its maximum age, or if it was never published and the first check was longer ago than that.
 *
 * The run records are only read if the publication is too old. The results of the check are stored in one object, so
 * that the next check knows what has changed.
 */
export function freshnessMachine(
  { names, partition, account, region, nodes, topicArn }: FreshnessMachineProps,
): Definition {
  const task = (service: string, fields: State): State => taskState(partition, service, fields);
  const each = (items: string, startAt: string, states: { [name: string]: State }, fields: State): State =>
    inlineMap(items, MAX_REQUESTS, startAt, states, fields);
  const bucket = names.bucket;
  // Without permission to list all keys, S3 reports "access denied" for an object that does not exist.
  const onMissing = (next: string): State => ({
    Catch: [{ ErrorEquals: ['States.ALL'], Output: jsonata('$states.input'), Next: next }],
  });
  const missing = (key: string, value: string): string => jsonata(
    `$count($states.result.Contents) > 0 ? $error('s3://${bucket}/' & ${key} & ' cannot be read') : ${value}`,
  );
  return {
    QueryLanguage: 'JSONata',
    Comment: `Checks the freshness of the datasets of the lake ${names.resourcePrefix}`,
    TimeoutSeconds: TIMEOUT_SECONDS,
    StartAt: 'Datasets',
    States: {
      'Datasets': {
        Type: 'Pass',
        Assign: { nodes, now: jsonata('$toMillis($states.context.Execution.StartTime)') },
        Output: {},
        Next: 'Read previous check',
      },
      'Read previous check': task('aws-sdk:s3:getObject', {
        Arguments: { Bucket: bucket, Key: names.freshnessState },
        Assign: {
          // A body that Step Functions has written as a string is JSON within JSON.
          previous: jsonata("($p := $parse($states.result.Body); $type($p) = 'string' ? $parse($p) : $p)"),
        },
        Output: {},
        ...onMissing('Find previous check'),
        Next: 'Read publications',
      }),
      'Find previous check': task('aws-sdk:s3:listObjectsV2', {
        Arguments: { Bucket: bucket, Prefix: names.freshnessState, MaxKeys: 1 },
        Assign: { previous: missing(`'${names.freshnessState}'`, '{}') },
        Output: {},
        Next: 'Read publications',
      }),

      'Read publications': each('$nodes', 'Read publication', {
        'Read publication': task('aws-sdk:s3:getObject', {
          Arguments: {
            Bucket: bucket,
            Key: jsonata("$states.input.runs & 'published.json'"),
            Range: `bytes=0-${MAX_PUBLICATION_BYTES - 1}`,
          },
          Output: jsonata(`(
            $body := $states.result.Body;
            $used := $count($states.input.inputs) = 0 ? {}
              : $merge($match($body, /"dataset": "([^"]+)",\\s+"run_id": "([^"]+)"/).{ groups[0]: groups[1] });
            $run_id := $match($body, /"run_id": "([^"]+)"/)[0].groups[0];
            $published_at := $match($body, /"published_at": "([^"]+)"/)[0].groups[0];
            $assert($exists($run_id) and $exists($published_at), 'the publication is not valid');
            {
              'run_id': $run_id,
              'at': $toMillis($published_at),
              'inputs': [$states.input.inputs.($id := $lookup($used, $); $exists($id) ? $id : '')]
            }
          )`),
          ...onMissing('Find publication'),
          End: true,
        }),
        'Find publication': task('aws-sdk:s3:listObjectsV2', {
          Arguments: { Bucket: bucket, Prefix: jsonata("$states.input.runs & 'published.json'"), MaxKeys: 1 },
          Output: missing("$states.input.runs & 'published.json'", "{ 'run_id': '', 'at': 0, 'inputs': [] }"),
          End: true,
        }),
      }, {
        Assign: { publications: jsonata('$states.result') },
        Output: {
          // An index into a list would take quadratic time.
          old: jsonata(`[$map($zip($nodes, $states.result), function($pair, $index) {(
            $node := $pair[0];
            {
              'number': $index,
              'runs': $node.runs,
              'after': $node.runs & 'run_id='
                & $fromMillis($now - $node.longest * ${HOUR}, '[Y0001][M01][D01]T[H01][m01][s01]'),
              'is_old': $pair[1].at < $now - $node.shortest * ${HOUR}
            }
          )})[is_old]]`),
        },
        Next: 'Read runs',
      }),
      'Read runs': each('$states.input.old', 'List runs', {
        'List runs': task('aws-sdk:s3:listObjectsV2', {
          Arguments: {
            Bucket: bucket,
            Prefix: jsonata("$states.input.runs & 'run_id='"),
            StartAfter: jsonata('$states.input.after'),
            MaxKeys: MAX_LISTED,
          },
          Output: jsonata(`(
            $listed := [$states.result.Contents.Key];
            $keys := $append($states.input.keys, $listed);
            {
              'number': $states.input.number,
              'runs': $states.input.runs,
              'after': $count($listed) > 0 ? $listed[-1] : $states.input.after,
              'more': $states.result.IsTruncated = true,
              'keys': [$filter($keys, function($key, $index) { $index >= $count($keys) - ${MAX_RECORDS} })],
              'at': 0,
              'last': ''
            }
          )`),
          Next: 'Run left?',
        }),
        'Run left?': {
          Type: 'Choice',
          Choices: [
            { Condition: jsonata('$states.input.more'), Next: 'List runs' },
            { Condition: jsonata('$states.input.at = 0 and $count($states.input.keys) > 0'), Next: 'Read run' },
          ],
          Default: 'Runs read',
        },
        'Read run': task('aws-sdk:s3:getObject', {
          Arguments: {
            Bucket: bucket,
            Key: jsonata('$states.input.keys[-1]'),
            Range: `bytes=0-${RECORD_BYTES - 1}`,
          },
          Output: jsonata(withoutNewest(`(
            $find := function($pattern) { $match($states.result.Body, $pattern)[0].groups[0] };
            $status := $find(/"status": "([a-z]+)"/);
            $end := $find(/"finished_at": "([^"]+)"/);
            $last := $find(/"run_id": "([^"]+)"/) & ' (' & $status & ')';
            {
              'at': $status in ['published', 'unchanged'] and $exists($end) ? $toMillis($end) : 0,
              'last': $states.input.last = '' ? $last : $states.input.last
            }
          )`)),
          // The record was deleted after the list was read.
          Catch: [{ ErrorEquals: ['States.ALL'], Output: jsonata(withoutNewest('{}')), Next: 'Run left?' }],
          Next: 'Run left?',
        }),
        'Runs read': {
          Type: 'Pass',
          Output: {
            number: jsonata('$states.input.number'),
            at: jsonata('$states.input.at'),
            last: jsonata('$states.input.last'),
          },
          End: true,
        },
      }, {
        Output: jsonata(COMPARISON),
        Next: 'Changed?',
      }),

      'Changed?': {
        Type: 'Choice',
        Choices: [
          {
            Condition: jsonata('$count($states.input.stale) + $count($states.input.recovered) > 0'),
            Next: 'Send alert',
          },
          { Condition: jsonata('$string($states.input.state) != $string($previous)'), Next: 'Write check' },
        ],
        Default: 'Unchanged',
      },
      'Send alert': task('sns:publish', {
        Arguments: {
          TopicArn: topicArn,
          Subject: jsonata(subject(names)),
          Message: jsonata(`$substring(${message(names, account, region)}, 0, ${MAX_MESSAGE_LENGTH})`),
        },
        Retry: [
          { ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 0 },
          { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 5, MaxAttempts: 3, BackoffRate: 2 },
        ],
        Output: jsonata('$states.input'),
        Next: 'Write check',
      }),
      'Write check': task('aws-sdk:s3:putObject', {
        Arguments: {
          Bucket: bucket,
          Key: names.freshnessState,
          Body: jsonata('$states.input.state'),
          ContentType: 'application/json',
        },
        Output: {},
        End: true,
      }),
      'Unchanged': { Type: 'Succeed', Output: {} },
    },
  };
}

/** The input of the state without the newest of its `keys`, merged with the given changes. */
function withoutNewest(changes: string): string {
  return `$merge([
    $states.input,
    { 'keys': [$filter($states.input.keys, function($key, $index) { $index < $count($states.input.keys) - 1 })] },
    ${changes}
  ])`;
}

/** Converts a time in milliseconds to the number of hours before the check, with one decimal. */
const HOURS_AGO = `$hours_ago := function($time) { $round(($now - $time) / ${HOUR}, 1) & ' hours' };`;

/**
 * Compares the check with the previous one. The result contains the datasets that became stale or recovered, each as a
 * line of the message. It also contains the state of each dataset that declares freshness: the time of its first check,
 * and the time since which it has been stale.
 */
const COMPARISON = `(
  ${HOURS_AGO}
  $runs := $merge($states.result.{ $string(number): $ });
  $all := [$map($zip($nodes, $publications), function($pair, $index) {(
    $publication := $pair[1];
    $run := $lookup($runs, $string($index));
    $merge([$publication, $pair[0], {
      'built_from': $join($publication.inputs, ' '),
      'at': $max([$publication.at, $run.at]),
      'published_at': $publication.at,
      'last': $exists($run.last) ? $run.last : ''
    }])
  )})];
  $run_ids := $merge($all.{ dataset: run_id });
  $confirmed := $reduce($all, function($times, $node) {(
    $is_current := $count($node.inputs) > 0 and $node.run_id != ''
      and $node.built_from = $join($node.inputs.$lookup($run_ids, $), ' ');
    $of_inputs := $is_current ? $min($node.inputs.$lookup($times, $)) : 0;
    $merge([$times, { $node.dataset: $max([$node.at, $of_inputs]) }])
  )}, {});
  $declared := [$all[$exists(max_age)].(
    $known := $lookup($previous, dataset);
    $first_seen := $exists($known.first_seen) ? $known.first_seen : $fromMillis($now);
    $time := run_id = '' ? $toMillis($first_seen) : $lookup($confirmed, dataset);
    $limit := $time + max_age * ${HOUR};
    $is_stale := $now > $limit;
    $since := $exists($known.stale_since) ? $known.stale_since : $fromMillis($limit);
    {
      'name': dataset,
      'became_stale': $is_stale and $not($exists($known.stale_since)),
      'recovered': $not($is_stale) and $exists($known.stale_since),
      'line': dataset & ': '
        & (run_id = '' ? 'never published, first check ' & $hours_ago($time) & ' ago'
          : 'last confirmed ' & $hours_ago($time) & ' ago')
        & ', maximum age ' & max_age & ' hours'
        & (run_id = '' ? '' : '; published ' & $fromMillis(published_at) & ' by run ' & run_id)
        & (last = '' ? '' : '; last run ' & last)
        & ($exists($known.stale_since) ? '; stale since ' & $since : ''),
      'state': $merge([{ 'first_seen': $first_seen }, $is_stale ? { 'stale_since': $since } : {}])
    }
  )];
  {
    'stale': [$declared[became_stale].line],
    'recovered': [$declared[recovered].line],
    'state': $merge($declared.{ name: state })
  }
)`;

/** For example `STALE: 2 datasets, RECOVERED: 1 dataset of lake pp-dw`. */
function subject(names: LakeNames): string {
  const part = (title: string, list: string) => `($count($states.input.${list}) > 0 ?
    ${literal(`${title}: `)} & $count($states.input.${list})
      & ($count($states.input.${list}) = 1 ? " dataset" : " datasets"))`;
  return text`${`$join([${part('STALE', 'stale')}, ${part('RECOVERED', 'recovered')}], ", ")`} of lake ${
    literal(names.resourcePrefix)}`;
}

function message(names: LakeNames, account: string, region: string): string {
  return lines(
    `${subject(names)} & ${literal(` in ${account}, ${region}`)}`,
    '$states.input.stale.("Stale: " & $)',
    '$states.input.recovered.("Recovered: " & $)',
    '($count($states.input.stale) > 0 ? "The tables of stale datasets still have their last published data.")',
    literal(`Run records: ${names.runs(LAYER, DATASET)}`),
    text`Runbook: ${runbook('"dataset-is-stale"')}`,
  );
}
