import { pipelineMachine, PipelineNode } from '../../../src/private/state-machines/pipeline-machine';
import { Outcome, runStateMachine, StateError, TaskCall } from '../../state-machine';

const DATASET_MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:pp-dw-dataset';

/** Runs a pipeline whose datasets end immediately: the given datasets fail, and the others publish. */
function run(
  nodes: PipelineNode[], failed: string[], input: object = {}, fault: (call: TaskCall) => void = () => undefined,
): Promise<Outcome> {
  const definition = pipelineMachine({
    partition: 'aws',
    pipeline: 'daily',
    resourcePrefix: 'pp-dw',
    nodes,
    datasetMachineArn: DATASET_MACHINE,
    maxConcurrentJobs: 100,
    usesPublished: false,
    suffix: '0123',
  });
  return runStateMachine({ ...definition }, input, {
    execution: { Id: 'arn:me', StartTime: '2026-11-02T06:00:00.123Z' },
    stateMachine: { Id: 'arn:pipeline' },
    task: call => {
      fault(call);
      const { resource, arguments: given } = call;
      if (resource === 'aws-sdk:sfn:startExecution') {
        return { ExecutionArn: `arn:${JSON.parse(given.Input).dataset}` };
      }
      if (resource === 'aws-sdk:sfn:listExecutions') {
        return { Executions: [] };
      }
      const dataset = given.ExecutionArn.replace('arn:', '');
      const text = JSON.stringify({ dataset, status: failed.includes(dataset) ? 'failed' : 'published', reason: 'x' });
      return failed.includes(dataset)
        ? { Status: 'FAILED', Error: 'DatasetFailed', Cause: text }
        : { Status: 'SUCCEEDED', Output: text };
    },
  });
}

const nodes = (count: number, inputs: (index: number) => string[], layer = 'gold'): PipelineNode[] =>
  Array.from({ length: count }, (_, index) =>
    ({ dataset: `${layer}/a-dataset-with-a-rather-long-name-${index}`, inputs: inputs(index) }));
const A = { dataset: 'bronze/a', inputs: [] };

/** The datasets that an execution started. */
function started({ calls }: Outcome): string[] {
  return calls.filter(({ resource }) => resource === 'aws-sdk:sfn:startExecution')
    .map(call => JSON.parse(call.arguments.Input).dataset);
}

test.each([
  ['are all in the cause if there are few', 20, true],
  ['are in the cause as far as it fits, and the cause says so', 399, false],
])('failed and skipped datasets %s, and a new execution with the cause runs them', async (_rule, count, complete) => {
  const all = [A, ...nodes(count, () => ['bronze/a']), { dataset: 'bronze/z', inputs: [] }];
  const outcome = await run(all, ['bronze/a']);
  expect([outcome.status, outcome.error]).toEqual(['FAILED', 'PipelineFailed']);
  expect(outcome.cause!.length).toBeLessThanOrEqual(32_768);
  const cause = JSON.parse(outcome.cause!);
  expect(cause.complete).toBe(complete);
  expect(cause.datasets[0]).toMatchObject({ dataset: 'bronze/a', status: 'failed' });

  const resumed = await run(all, [], cause);
  expect(resumed.status).toBe('SUCCEEDED');
  expect(started(resumed)).toEqual(expect.arrayContaining(all.slice(0, -1).map(({ dataset }) => dataset)));
  expect(started(resumed).includes('bronze/z')).toBe(!complete);
});

test('the reasons of datasets that read many failed inputs fit into the limits of Step Functions', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `bronze/source-${index}`);
  const bronze = names.map(dataset => ({ dataset, inputs: [] }));
  const outcome = await run([...bronze, ...nodes(40, () => names)], names);
  expect([outcome.status, outcome.error]).toEqual(['FAILED', 'PipelineFailed']);
});

test.each<[string, string, string]>([
  ['a list of executions', 'aws-sdk:sfn:listExecutions', 'Sfn.AccessDeniedException'],
  ['the state of an execution', 'aws-sdk:sfn:describeExecution', 'Sfn.AccessDeniedException'],
  ['a list of executions, which is throttled', 'aws-sdk:sfn:listExecutions', 'Sfn.SfnException'],
])('an execution continues if it cannot read %s', async (_what, resource, error) => {
  let faults = 0;
  const outcome = await run([A], [], {}, call => {
    if (call.resource === resource && faults++ < 3) {
      throw new StateError(error, 'refused');
    }
  });
  expect(outcome.status).toBe('SUCCEEDED');
  expect(started(outcome)).toEqual(['bronze/a']);
});

test('a dataset whose execution cannot be started fails', async () => {
  const outcome = await run([A, { dataset: 'gold/a', inputs: ['bronze/a'] }], [], {}, ({ resource }) => {
    if (resource === 'aws-sdk:sfn:startExecution') {
      throw new StateError('Sfn.StateMachineDoesNotExistException', 'no state machine');
    }
  });
  expect(JSON.parse(outcome.cause!).datasets).toEqual([
    { dataset: 'bronze/a', status: 'failed', reason: 'the execution cannot be started: no state machine' },
    { dataset: 'gold/a', status: 'skipped', reason: 'not run because of bronze/a (failed)' },
  ]);
});
