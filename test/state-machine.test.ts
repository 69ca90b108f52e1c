import { Definition, runStateMachine, StateError } from './state-machine';

/** A machine with one state, and `Done` after it. */
const machine = (state: object, others: object = {}): Definition =>
  ({ StartAt: 'First', States: { First: { Next: 'Done', ...state }, Done: { Type: 'Succeed' }, ...others } });
const LARGE = 'x'.repeat(256 * 1024);
const task = (fields: object = {}) => ({ Type: 'Task', Resource: 'arn:aws:states:::sns:publish', ...fields });

test('a state transforms its input, and assigns variables from their previous values', async () => {
  const outcome = await runStateMachine({
    StartAt: 'A',
    States: {
      A: { Type: 'Pass', Assign: { x: 1, y: 2 }, Output: { n: '{% $states.input.n + 1 %}' }, Next: 'B' },
      B: { Type: 'Pass', Assign: { x: '{% $y %}', y: '{% $x %}' }, Next: 'C' },
      C: { Type: 'Pass', Output: '{% [$states.input.n, $x, $y, $states.context.Execution.Name] %}', End: true },
    },
  }, { n: 1 }, { execution: { Name: 'run' } });
  expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: [2, 2, 1, 'run'], states: ['A', 'B', 'C'] });
});

test.each([[1, 'one'], [2, 'other']])('a Choice takes the first condition that holds: %d, %s', async (n, output) => {
  const definition = {
    StartAt: 'Choice',
    States: {
      Choice: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'Done', Output: 'one' }],
        Default: 'Done',
        Output: 'other',
      },
      Done: { Type: 'Succeed' },
    },
  };
  expect((await runStateMachine(definition, n)).output).toBe(output);
});

test('a Wait takes no time, and is part of the duration', async () => {
  expect(await runStateMachine(machine({ Type: 'Wait', Seconds: '{% $states.input %}' }), 3600))
    .toMatchObject({ seconds: 3600 });
});

test('a Task is retried and then caught, and the catcher sees the error', async () => {
  const state = task({
    Retry: [{ ErrorEquals: ['Throttled'], IntervalSeconds: 10, MaxAttempts: 3, MaxDelaySeconds: 15 }],
    Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput.Error %}', Next: 'Done' }],
  });
  const outcome = await runStateMachine(machine(state), {}, {
    task: () => {
      throw new StateError('Throttled');
    },
  });
  expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: 'Throttled', seconds: 10 + 15 + 15 });
  expect(outcome.calls).toHaveLength(4);
});

test('the items of a Map read the variables outside, and assign their own', async () => {
  const outcome = await runStateMachine({
    StartAt: 'Set',
    States: {
      Set: { Type: 'Pass', Assign: { factor: 10, own: 'outside' }, Next: 'Map' },
      Map: {
        Type: 'Map',
        Items: '{% $states.input %}',
        ItemSelector: { n: '{% $states.context.Map.Item.Value %}' },
        ItemProcessor: {
          StartAt: 'Item',
          States: {
            Item: { Type: 'Pass', Assign: { own: 'inside' }, Output: '{% $states.input.n * $factor %}', Next: 'End' },
            End: { Type: 'Pass', Output: '{% $own & $string($states.input) %}', End: true },
          },
        },
        Output: { results: '{% $states.result %}', own: '{% $own %}' },
        End: true,
      },
    },
  }, [1, 2]);
  expect(outcome.output).toEqual({ results: ['inside10', 'inside20'], own: 'outside' });
});

test('a Map catches the failure of an item', async () => {
  const fail = { Type: 'Fail', Error: 'Bad', Cause: '{% $string($states.input) %}' };
  const item = { StartAt: 'Fail', States: { Fail: fail } };
  const Catch = [{ ErrorEquals: ['Bad'], Output: '{% $states.errorOutput %}', Next: 'Done' }];
  expect(await runStateMachine(machine({ Type: 'Map', ItemProcessor: item, Catch }), [7]))
    .toMatchObject({ status: 'SUCCEEDED', output: { Error: 'Bad', Cause: '7' } });
});

test.each<[string, object, string]>([
  ['an expression without a value', { Type: 'Pass', Output: '{% $x %}', End: true }, 'States.QueryEvaluationError'],
  ['an expression that fails', { Type: 'Pass', Output: '{% $parse("{") %}', End: true }, 'States.QueryEvaluationError'],
  ['an error of a Task without Catch', task({ Arguments: '{% $missing %}', End: true }), 'States.QueryEvaluationError'],
  ['a Choice without a match', { Type: 'Choice', Choices: [] }, 'States.NoChoiceMatched'],
  [
    'a condition that is not boolean',
    { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'First' }] },
    'States.QueryEvaluationError',
  ],
  ['a payload of more than 256 KiB', { Type: 'Pass', Output: LARGE, End: true }, 'States.DataLimitExceeded'],
  ['a Fail', { Type: 'Fail', Error: 'Own' }, 'Own'],
])('%s ends the execution with its error', async (_, state, error) => {
  expect(await runStateMachine({ StartAt: 'First', States: { First: state } }, {}))
    .toMatchObject({ status: 'FAILED', error });
});

test.each<[string, object, string]>([
  ['an unknown field', { Type: 'Pass', OutputPath: '$' }, 'The state "First" has OutputPath.'],
  ['an unknown type', { Type: 'Parallel' }, 'The state "First" has Next, Type.'],
  ['an unknown next state', { Type: 'Pass', Next: 'Missing' }, 'The state "Missing" does not exist.'],
  ['no next state', { Type: 'Pass', Next: undefined }, 'The state "First" has neither Next nor End.'],
  ['a loop', { Type: 'Pass', Next: 'First' }, 'The execution does not end'],
])('a definition with %s is rejected', async (_, state, message) => {
  await expect(runStateMachine(machine(state), {})).rejects.toThrow(message);
});
