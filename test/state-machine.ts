import jsonata from 'jsonata';

/** A JSON value. */
type Json = any; // eslint-disable-line @typescript-eslint/no-explicit-any

/** A definition of a state machine in the Amazon States Language, with JSONata as its query language. */
export interface Definition {
  readonly StartAt: string;
  readonly States: { readonly [name: string]: Json };
  readonly [field: string]: unknown;
}

/** A call of a Task state to a service. */
export interface TaskCall {
  readonly state: string;
  /** The ARN of the integration without its prefix, such as `sns:publish`. */
  readonly resource: string;
  readonly arguments: Json;
  /** The seconds since the start of the execution. */
  readonly seconds: number;
}

/** An error with a name that the Retry and Catch fields of a state can match. */
export class StateError extends Error {
  constructor(readonly error: string, readonly cause: string = '') {
    super(`${error}: ${cause}`);
  }
}

export interface RunOptions {
  /** `$states.context.Execution`, in addition to its input. */
  readonly execution?: { readonly [field: string]: Json };
  /** `$states.context.StateMachine`. */
  readonly stateMachine?: { readonly [field: string]: Json };
  /** Returns the result of a call, or throws a `StateError`. */
  task?(call: TaskCall): Json;
}

export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  /** The calls of Task states in order, including those that are retried. */
  readonly calls: TaskCall[];
  /** The names of the states in the order in which they are entered. The items of a Map run one after another. */
  readonly states: string[];
  /** The duration in seconds: the time in Wait states, and before retries. */
  readonly seconds: number;
}

/** The states of a machine or of a Map with the variables that they can assign. Inner scopes read outer variables. */
interface Scope {
  readonly definition: Definition;
  readonly variables: { [name: string]: Json };
  readonly context: { readonly [field: string]: Json };
}

interface Run extends Required<Pick<RunOptions, 'task'>> {
  readonly calls: TaskCall[];
  readonly states: string[];
  seconds: number;
}

const MAX_STATES = 100_000;
const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_CAUSE_LENGTH = 32_768;

const COMMON = ['Type', 'Comment', 'Output', 'Assign', 'Next', 'End'];
const FIELDS: { [type: string]: string[] } = {
  Pass: COMMON,
  Choice: ['Type', 'Comment', 'Choices', 'Default', 'Output', 'Assign'],
  Wait: [...COMMON, 'Seconds'],
  Task: [...COMMON, 'Resource', 'Arguments', 'Retry', 'Catch', 'TimeoutSeconds'],
  Map: [...COMMON, 'Items', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency', 'Retry', 'Catch'],
  Succeed: ['Type', 'Comment', 'Output'],
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
};

/**
 * Runs a state machine without AWS: Pass, Choice, Wait, Task, Map (inline), Succeed and Fail, with JSONata.
 *
 * As in Step Functions, an expression that fails or has no value is the error `States.QueryEvaluationError`, which only
 * Task and Map states can catch, and a payload of more than 256 KiB is an error. Waiting takes no time.
 *
 * https://states-language.net https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
export async function runStateMachine(
  definition: Definition, input: Json, { task = () => ({}), execution = {}, stateMachine = {} }: RunOptions = {},
): Promise<Outcome> {
  const run: Run = { task, calls: [], states: [], seconds: 0 };
  const context = { Execution: { ...execution, Input: input }, StateMachine: stateMachine };
  const result = () => ({ calls: run.calls, states: run.states, seconds: run.seconds });
  try {
    const output = await runStates({ definition, variables: {}, context }, copy(input), run);
    return { status: 'SUCCEEDED', output, ...result() };
  } catch (failure) {
    if (!(failure instanceof StateError)) {
      throw failure;
    }
    return { status: 'FAILED', error: failure.error, cause: failure.cause, ...result() };
  }
}

async function runStates(scope: Scope, input: Json, run: Run): Promise<Json> {
  let next: string | undefined = scope.definition.StartAt;
  let value = input;
  while (next !== undefined) {
    const name: string = next;
    const state = scope.definition.States[name];
    check(name, state);
    run.states.push(name);
    if (run.states.length > MAX_STATES) {
      throw new Error(`The execution does not end: it entered ${MAX_STATES} states.`);
    }
    ({ next, value } = await runState(
      { ...scope, context: { ...scope.context, State: { Name: name } } }, name, state, value, run));
  }
  return value;
}

interface Step {
  readonly next?: string;
  readonly value: Json;
}

async function runState(scope: Scope, name: string, state: Json, input: Json, run: Run): Promise<Step> {
  const data = { input, context: scope.context };
  switch (state.Type) {
    case 'Fail':
      throw new StateError(
        await evaluate(state.Error ?? '', data, scope),
        limit(await evaluate(state.Cause ?? '', data, scope), MAX_CAUSE_LENGTH, 'the Cause'),
      );
    case 'Choice':
      for (const rule of state.Choices) {
        const holds = await evaluate(rule.Condition, data, scope);
        if (typeof holds !== 'boolean') {
          throw new StateError('States.QueryEvaluationError', `${rule.Condition} is not boolean`);
        }
        if (holds) {
          return leave(rule, data, input, scope);
        }
      }
      if (state.Default === undefined) {
        throw new StateError('States.NoChoiceMatched', name);
      }
      return leave({ ...state, Next: state.Default }, data, input, scope);
    case 'Wait':
      run.seconds += await evaluate(state.Seconds, data, scope);
      return leave(state, data, input, scope);
    case 'Task':
      return attempt(scope, state, data, run, async () => {
        const call = {
          state: name,
          resource: state.Resource.replace(/^arn:[\w-]+:states:::/, ''),
          arguments: await evaluate(state.Arguments ?? input, data, scope),
          seconds: run.seconds,
        };
        run.calls.push(call);
        return limitPayload(copy(run.task(call)));
      });
    case 'Map':
      return attempt(scope, state, data, run, async () => {
        const results = [];
        for (const [index, item] of (await evaluate(state.Items ?? input, data, scope) as Json[]).entries()) {
          const context = { ...scope.context, Map: { Item: { Index: index, Value: item } } };
          const itemInput =
            state.ItemSelector === undefined ? item : await evaluate(state.ItemSelector, { input, context }, scope);
          const variables = Object.create(scope.variables);
          results.push(await runStates({ definition: state.ItemProcessor, variables, context }, itemInput, run));
        }
        return results;
      });
    default:
      return leave(state, data, input, scope);
  }
}

/** Runs a Task or a Map with its retries, and continues with the next state or the state that catches its error. */
async function attempt(scope: Scope, state: Json, data: object, run: Run, work: () => Promise<Json>): Promise<Step> {
  const attempts = new Map<object, number>();
  for (;;) {
    try {
      const result = await work();
      return await leave(state, { ...data, result }, result, scope);
    } catch (failure) {
      if (!(failure instanceof StateError)) {
        throw failure;
      }
      const retrier = (state.Retry ?? []).find((each: Json) => catches(each, failure));
      const count = attempts.get(retrier) ?? 0;
      if (retrier !== undefined && count < (retrier.MaxAttempts ?? 3)) {
        attempts.set(retrier, count + 1);
        const delay = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** count;
        run.seconds += Math.min(delay, retrier.MaxDelaySeconds ?? Infinity);
        continue;
      }
      const catcher = (state.Catch ?? []).find((each: Json) => catches(each, failure));
      if (catcher === undefined) {
        throw failure;
      }
      const errorOutput = { Error: failure.error, Cause: failure.cause };
      return leave(catcher, { ...data, errorOutput }, errorOutput, scope);
    }
  }
}

function catches({ ErrorEquals: names }: { ErrorEquals: string[] }, { error }: StateError): boolean {
  return names.includes(error)
    || (names.includes('States.ALL') && error !== 'States.DataLimitExceeded')
    || (names.includes('States.TaskFailed') && error !== 'States.Timeout');
}

/** Evaluates the output and the variables of a state. All expressions see the previous values of the variables. */
async function leave(state: Json, data: object, value: Json, scope: Scope): Promise<Step> {
  const output = state.Output === undefined ? value : await evaluate(state.Output, data, scope);
  const assigned = state.Assign === undefined ? {} : await evaluate(state.Assign, data, scope);
  Object.assign(scope.variables, assigned);
  [output, ...Object.values(assigned)].forEach(limitPayload);
  return { next: state.Next, value: output };
}

const expressions = new Map<string, jsonata.Expression>();

/** Evaluates all expressions within a value. A string that starts with `{%` and ends with `%}` is an expression. */
async function evaluate(value: Json, data: object, scope: Scope): Promise<Json> {
  if (Array.isArray(value)) {
    return Promise.all(value.map(each => evaluate(each, data, scope)));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(async ([key, each]) => [key, await evaluate(each, data, scope)]);
    return Object.fromEntries(await Promise.all(entries));
  }
  const text = typeof value === 'string' ? /^\{%([\s\S]*)%\}$/.exec(value)?.[1] : undefined;
  if (text === undefined) {
    return value;
  }
  let result;
  try {
    const expression = expressions.get(text) ?? jsonata(text);
    expressions.set(text, expression);
    const variables: { [name: string]: Json } = {};
    for (const name in scope.variables) { // eslint-disable-line guard-for-in -- includes those of outer scopes
      if (text.includes(`$${name}`)) {
        variables[name] = scope.variables[name];
      }
    }
    result = await expression.evaluate(undefined, {
      ...copy(variables), states: copy(data), parse: (json: string) => JSON.parse(json),
    });
  } catch (error) {
    throw new StateError('States.QueryEvaluationError', `${text.trim()}: ${(error as Error).message}`);
  }
  if (result === undefined || typeof result === 'function') {
    throw new StateError('States.QueryEvaluationError', `${text.trim()} has no value`);
  }
  return copy(result);
}

/** Fails on a field that the type of a state does not have: Step Functions rejects such a definition. */
function check(name: string, state: Json): void {
  const unknown = Object.keys(state ?? {}).filter(field => !FIELDS[state.Type]?.includes(field));
  if (state === undefined || unknown.length > 0) {
    throw new Error(`The state "${name}" ${state === undefined ? 'does not exist' : `has ${unknown.join(', ')}`}.`);
  }
  const ends = state.Next !== undefined || state.End === true;
  if (!['Choice', 'Succeed', 'Fail'].includes(state.Type) && !ends) {
    throw new Error(`The state "${name}" has neither Next nor End.`);
  }
}

function limitPayload(payload: Json): Json {
  if (Buffer.byteLength(JSON.stringify(payload)) > MAX_PAYLOAD_BYTES) {
    throw new StateError('States.DataLimitExceeded', 'a payload has more than 256 KiB');
  }
  return payload;
}

function limit(text: string, length: number, what: string): string {
  if (text.length > length) {
    throw new StateError('States.Runtime', `${what} has more than ${length} characters`);
  }
  return text;
}

/** A copy of the value as JSON, as Step Functions passes it on. JSONata adds properties to its arrays. */
function copy<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}
