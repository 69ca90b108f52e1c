import { DATASET_FAILED } from './dataset-machine';
import { Definition, inlineMap, jsonata, MILLISECONDS, ONE_DAY_SECONDS, State, taskState } from './states-language';

/**
 * The time between two requests for the executions that are still running. A shorter time would not make a pipeline
 * much faster, because a run takes minutes. With a shorter time, 24 hours of requests would exceed the limit of 25,000
 * events per execution history.
 */
const POLL_SECONDS = 60;

/** The maximum number of concurrent requests. */
const MAX_REQUESTS = 10;

/** The maximum number of executions to list. A longer list could exceed 256 KiB. */
const MAX_LISTED = 400;

/** The maximum length of a dataset's name in the name of its execution, which can have 80 characters. */
export const MAX_NAME_LENGTH = 45;

/** The maximum length of a reason, so that the results of all datasets fit into a variable of 256 KiB. */
const MAX_REASON_LENGTH = 200;

/** A cause has at most 32,768 characters. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html */
const MAX_CAUSE_LENGTH = 32_000;
/** The number of characters of an entry in the cause, without its reason. */
const ENTRY_LENGTH = 110;

/** The errors of a failed execution. The cause of a failed pipeline is its result as JSON. */
export const PIPELINE_FAILED = 'PipelineFailed';
export const PIPELINE_RUNNING = 'PipelineRunning';

/** A dataset of a pipeline as `layer/dataset`, and the inputs of the dataset that are in the pipeline. */
export interface PipelineNode {
  readonly dataset: string;
  readonly inputs: string[];
}

export interface PipelineMachineProps {
  readonly partition: string;
  readonly pipeline: string;
  readonly resourcePrefix: string;
  /** The datasets, each after its inputs. */
  readonly nodes: PipelineNode[];
  /** The ARN of the state machine that handles one dataset. */
  readonly datasetMachineArn: string;
  readonly maxConcurrentJobs: number;
  /** Whether the dependents of a failed input run with its published tables. */
  readonly usesPublished: boolean;
  /**
   * Four hexadecimal digits that are unique among the pipelines of the lake, and an `a` if a failed execution sends an
   * alert. With the `a`, no alerts are sent about the jobs and crawlers of the datasets.
   */
  readonly suffix: string;
}

/**
 * The state machine of a pipeline: it starts an execution of the dataset state machine for each dataset as soon as all
 * its inputs have finished, and fails at the end if a dataset has failed.
 *
 * Input: an empty object, or the result of an earlier execution, to run only its failed and skipped datasets. If
 * `complete` is false in this result, the datasets that are missing from its list also run. Output: `pipeline` and
 * `datasets`, a list with `dataset`, `status`, `rows`, `seconds`, `run_id` and `reason`.
 */
export function pipelineMachine(props: PipelineMachineProps): Definition {
  const task = (service: string, fields: State): State => taskState(props.partition, service, fields);
  const each = (items: string, startAt: string, states: { [name: string]: State }, fields: State): State =>
    inlineMap(items, MAX_REQUESTS, startAt, states, { Output: {}, ...fields });
  return {
    QueryLanguage: 'JSONata',
    Comment: `Runs the datasets of the pipeline ${props.pipeline}, each after its inputs`,
    TimeoutSeconds: ONE_DAY_SECONDS,
    StartAt: 'Datasets',
    States: {
      'Datasets': {
        Type: 'Pass',
        Assign: {
          nodes: props.nodes,
          max_jobs: props.maxConcurrentJobs,
          uses_published: props.usesPublished,
          active: [],
          ended: [],
          ready: [],
          rerun: [],
          done: {},
          previous: jsonata('$exists($states.input.datasets) ? $states.input.datasets : []'),
          // Part of the names of executions: yyyyMMddTHHmmssSSS.
          started: jsonata(
            "$substring($replace($states.context.Execution.StartTime, /[-:.Z]/, '') & '000', 0, 18)",
          ),
        },
        Next: 'Resume',
      },
      'Resume': {
        Type: 'Pass',
        Assign: {
          // The failed and skipped datasets, and their dependents, which USE_PUBLISHED runs without the failed input.
          rerun: jsonata(`(
            $bad := $previous[status in ['failed', 'skipped']].dataset;
            $cut := $states.input.complete = false ? $nodes.dataset[$not($ in $previous.dataset)] : [];
            $reduce($nodes, function($all, $node) {
              $node.dataset in $bad or $node.dataset in $cut or $count($node.inputs[$ in $all]) > 0
                ? $append($all, $node.dataset) : $all
            }, [])
          )`),
        },
        Next: 'Resume from where?',
      },
      'Resume from where?': {
        Type: 'Choice',
        Choices: [
          { Condition: jsonata('$count($previous) = 0'), Next: 'List executions of the pipeline' },
          {
            Condition: jsonata(`$states.input.pipeline = '${props.pipeline}' and $count($rerun) > 0`),
            Assign: {
              done: jsonata(`$merge([{}, $nodes[$not(dataset in $rerun)].(
                $name := dataset;
                $last := $previous[dataset = $name][0];
                { $name: $exists($last) ? $last
                  : { 'status': 'not_run', 'reason': 'not in the list of the execution that is resumed' } }
              )])`),
            },
            Next: 'List executions of the pipeline',
          },
        ],
        Default: 'Input is invalid',
      },
      'Input is invalid': {
        Type: 'Fail',
        Error: 'PipelineInputInvalid',
        Cause: `The input has datasets, but none that failed or was skipped in the pipeline ${props.pipeline}. Use the `
          + 'cause of a failed execution of this pipeline, or {} to run all datasets.',
      },
      'List executions of the pipeline': task('aws-sdk:sfn:listExecutions', {
        Arguments: {
          StateMachineArn: jsonata('$states.context.StateMachine.Id'),
          StatusFilter: 'RUNNING',
          MaxResults: MAX_LISTED,
        },
        // Of two executions that start at the same time, one continues.
        Output: jsonata(`(
          ${MILLISECONDS}
          $me := $states.context.Execution;
          $start := $milliseconds($me.StartTime);
          { 'other': [$states.result.Executions[ExecutionArn != $me.Id and (
            $milliseconds(StartDate) < $start or ($milliseconds(StartDate) = $start and ExecutionArn < $me.Id)
          )].ExecutionArn][0] }
        )`),
        // Overlapping executions do no harm: the second one waits for the jobs of the first.
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Plan' }],
        Next: 'Running already?',
      }),
      'Running already?': {
        Type: 'Choice',
        Choices: [{ Condition: jsonata('$exists($states.input.other)'), Next: 'Running already' }],
        Default: 'Plan',
      },
      'Running already': {
        Type: 'Fail',
        Error: PIPELINE_RUNNING,
        Cause: jsonata(
          "'Executions of a pipeline do not overlap, and ' & $states.input.other & ' is still running. If the '"
            + " & 'pipeline takes longer than the time between two starts, change its schedule.'",
        ),
      },

      'Plan': {
        Type: 'Pass',
        Assign: planOf('$done', '$active', '$nodes'),
        Output: {},
        Next: 'Anything to start?',
      },
      'Anything to start?': {
        Type: 'Choice',
        Choices: [
          { Condition: jsonata('$count($ready) > 0'), Next: 'Start datasets' },
          { Condition: jsonata('$count($active) > 0'), Next: 'Wait' },
        ],
        Default: 'Result',
      },
      'Start datasets': each('$ready', 'Start dataset', {
        'Start dataset': task('aws-sdk:sfn:startExecution', {
          Arguments: {
            StateMachineArn: props.datasetMachineArn,
            Name: jsonata(
              `$substring($replace($states.input.dataset, '/', '-'), 0, ${MAX_NAME_LENGTH}) & '-' `
                + `& $started & '-${props.suffix}-' & $states.input.number`,
            ),
            Input: jsonata(`$string({
              'dataset': $states.input.dataset,
              'job': '${props.resourcePrefix}-' & $replace($states.input.dataset, '/', '-'),
              'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID': $states.context.Execution.Id
            })`),
          },
          Output: { dataset: jsonata('$states.input.dataset'), arn: jsonata('$states.result.ExecutionArn') },
          Catch: [{
            ErrorEquals: ['States.ALL'],
            Output: {
              dataset: jsonata('$states.input.dataset'),
              reason: jsonata("'the execution cannot be started: ' & $states.errorOutput.Cause"),
            },
            Next: 'Not started',
          }],
          End: true,
        }),
        'Not started': { Type: 'Pass', End: true },
      }, {
        Assign: {
          active: jsonata('[$append($active, $states.result[$exists(arn)])]'),
          done: jsonata(
            "$merge([$done, $states.result[$not($exists(arn))].{ dataset: { 'status': 'failed', 'reason': reason } }])",
          ),
        },
        Next: 'Anything started?',
      }),
      'Anything started?': {
        Type: 'Choice',
        Choices: [{ Condition: jsonata('$count($active) > 0'), Next: 'Wait' }],
        Default: 'Plan',
      },
      'Wait': { Type: 'Wait', Seconds: POLL_SECONDS, Next: 'List executions' },
      'List executions': task('aws-sdk:sfn:listExecutions', {
        Arguments: { StateMachineArn: props.datasetMachineArn, StatusFilter: 'RUNNING', MaxResults: MAX_LISTED },
        Assign: {
          ended: jsonata(
            '($running := $states.result.Executions.ExecutionArn; [$active[$not(arn in $running)]])',
          ),
        },
        Output: {},
        // The executions of the datasets continue in any case, so the list is requested until the timeout.
        Catch: [{ ErrorEquals: ['States.ALL'], Output: {}, Next: 'Wait' }],
        Next: 'Any ended?',
      }),
      'Any ended?': {
        Type: 'Choice',
        Choices: [{ Condition: jsonata('$count($ended) > 0'), Next: 'Read results' }],
        Default: 'Wait',
      },
      // The list of executions can be outdated, so the state of each missing one is read.
      'Read results': each('$ended', 'Read result', {
        'Read result': task('aws-sdk:sfn:describeExecution', {
          Arguments: { ExecutionArn: jsonata('$states.input.arn') },
          Output: jsonata(`(
            $e := $states.result;
            $result := $e.Status = 'SUCCEEDED' ? $parse($e.Output)
              : $e.Error = '${DATASET_FAILED}' ? $parse($e.Cause)
              : { 'status': 'failed', 'reason': 'the execution ended with ' & $e.Status
                & ($e.Cause ? ': ' & $e.Cause : '') & ' (' & $states.input.arn & ')' };
            {
              'dataset': $states.input.dataset,
              'arn': $states.input.arn,
              'is_running': $e.Status = 'RUNNING',
              'result': $merge([
                $sift($result, function($v, $k) { $not($k in ['dataset', 'reason']) }),
                $result.reason ? { 'reason': $substring($result.reason, 0, ${MAX_REASON_LENGTH}) } : {}
              ])
            }
          )`),
          Catch: [{
            ErrorEquals: ['States.ALL'],
            Output: {
              dataset: jsonata('$states.input.dataset'), arn: jsonata('$states.input.arn'), is_running: true,
            },
            Next: 'Read later',
          }],
          End: true,
        }),
        'Read later': { Type: 'Pass', End: true },
      }, {
        Assign: {
          active: jsonata(
            '($arns := $states.result[$not(is_running)].arn; [$active[$not(arn in $arns)]])',
          ),
          done: jsonata('$merge([$done, $states.result[$not(is_running)].{ dataset: result }])'),
        },
        Next: 'Plan',
      }),

      'Result': {
        Type: 'Pass',
        Output: {
          pipeline: props.pipeline,
          datasets: jsonata(
            "[$nodes.($name := dataset; $merge([{ 'dataset': $name }, $lookup($done, $name)]))]",
          ),
        },
        Next: 'All succeeded?',
      },
      'All succeeded?': {
        Type: 'Choice',
        Choices: [{
          Condition: jsonata("$count($states.input.datasets[status in ['failed', 'skipped']]) > 0"),
          Next: 'Failed',
        }],
        Default: 'Succeeded',
      },
      'Succeeded': { Type: 'Succeed' },
      'Failed': { Type: 'Fail', Error: PIPELINE_FAILED, Cause: jsonata(CAUSE) },
    },
  };
}

/**
 * The expressions that decide which datasets start next.
 *
 * Datasets that are skipped because an input failed or was skipped are added to `done`. `ready` contains the datasets
 * whose inputs are done, but no more than may run at the same time. The nodes are in topological order, so a skipped
 * dataset is known before its dependents.
 */
export function planOf(done: string, active: string, nodes: string): { readonly [variable: string]: string } {
  const withSkipped = `$reduce(${nodes}, function($all, $node) {(
      $bad := $node.inputs[$lookup($all, $).status in ['failed', 'skipped']];
      $uses_published or $exists($lookup($all, $node.dataset)) or $count($bad) = 0 ? $all
        : $merge([$all, { $node.dataset: {
          'status': 'skipped',
          'reason': $substring(
            'not run because of ' & $join($bad.($ & ' (' & $lookup($all, $).status & ')'), ', '),
            0,
            ${MAX_REASON_LENGTH}
          )
        } }])
    )}, ${done})`;
  return {
    done: jsonata(withSkipped),
    ready: jsonata(`(
      $all := ${withSkipped};
      $open := $map(${nodes}, function($node, $index) {
        { 'dataset': $node.dataset, 'inputs': $node.inputs, 'number': $index }
      })[$not($exists($lookup($all, dataset))) and $not(dataset in ${active}.dataset)];
      $free := $filter($open, function($node) { $count($node.inputs[$not($exists($lookup($all, $)))]) = 0 });
      [$filter($free, function($node, $index) { $index < $max_jobs - $count(${active}) })]
    )`),
  };
}

/**
 * The result as JSON, shortened to the maximum length of a cause. Failed and skipped datasets come first, with
 * shortened reasons.
 */
const CAUSE = `(
  $bad := $append(
    $states.input.datasets[status = 'failed'],
    $states.input.datasets[status = 'skipped']
  );
  $room := $max([0, $floor(${MAX_CAUSE_LENGTH} / $count($bad)) - ${ENTRY_LENGTH}]);
  $short := $bad.$merge([$, reason ? { 'reason': $substring(reason, 0, $room) } : {}]);
  $others := $states.input.datasets[$not(status in ['failed', 'skipped'])];
  $kept := $reduce($append($short, $others), function($all, $entry) {(
    $size := $all.size + $length($string($entry)) + 1;
    $size > ${MAX_CAUSE_LENGTH} ? $all : { 'size': $size, 'datasets': $append($all.datasets, $entry) }
  )}, { 'size': 100, 'datasets': [] });
  $string({
    'pipeline': $states.input.pipeline,
    'complete': $count($kept.datasets) >= $count($bad),
    'datasets': [$kept.datasets]
  })
)`;
