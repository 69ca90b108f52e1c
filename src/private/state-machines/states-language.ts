/*
 * Parts of state machine definitions in the Amazon States Language, with JSONata expressions.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */

/** A state, or another part of a definition. */
export interface State {
  readonly [field: string]: unknown;
}

/** A definition of a state machine. */
export interface Definition {
  readonly QueryLanguage: 'JSONata';
  readonly Comment: string;
  /** The execution times out after this time. */
  readonly TimeoutSeconds: number;
  readonly StartAt: string;
  readonly States: { readonly [name: string]: State };
}

/** A JSONata expression as the value of a field. */
export function jsonata(expression: string): string {
  return `{% ${expression} %}`;
}

export const ONE_DAY_SECONDS = 86_400;

/** Retries of a request that a service throttles or cannot process: up to six, within about two minutes. */
export const RETRIES: State[] = [{
  ErrorEquals: [
    'Glue.ThrottlingException',
    'Glue.OperationTimeoutException',
    'Glue.InternalServiceException',
    'Sfn.ThrottlingException',
    'S3.SlowDownException',
    'Sns.ThrottledException',
    'CloudWatch.InternalServiceException',
    // Errors that the API of a service does not define, often throttling, have the name of its base class.
    ...['Glue', 'Sfn', 'S3', 'Sns', 'CloudWatch'].flatMap(service =>
      [`${service}.${service}Exception`, `${service}.SdkClientException`]),
  ],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxAttempts: 6,
  MaxDelaySeconds: 60,
  JitterStrategy: 'FULL',
}];

/**
 * A JSONata function that converts a time of an AWS API to milliseconds since 1970. Step Functions passes times as ISO
 * 8601 strings. For a time that an API does not return, the result is 0.
 */
export const MILLISECONDS =
  "$milliseconds := function($time) { $type($time) = 'string' ? $toMillis($time)"
  + " : $type($time) = 'number' ? ($time < 100000000000 ? $time * 1000 : $time) : 0 };";

/** A task that calls a service, for example `aws-sdk:glue:getJob`, and retries requests that fail temporarily. */
export function taskState(partition: string, service: string, fields: State): State {
  return { Type: 'Task', Resource: `arn:${partition}:states:::${service}`, Retry: RETRIES, ...fields };
}

/** A Map state that runs the given states for each item, within the same execution. */
export function inlineMap(
  items: string, concurrency: number, startAt: string, states: { readonly [name: string]: State }, fields: State,
): State {
  return {
    Type: 'Map',
    Items: jsonata(items),
    MaxConcurrency: concurrency,
    ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: startAt, States: states },
    ...fields,
  };
}
