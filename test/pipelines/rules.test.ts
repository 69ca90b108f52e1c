import * as fc from 'fast-check';
import { runConcurrently } from '../../src/cli/concurrency';
import { DatasetResult } from '../../src/cli/pipeline-result';
import { isDue, nextDatasets, resumedResults } from '../../src/cli/pipeline-rules';
import { Publication } from '../../src/cli/publication';
import { datasetMachine } from '../../src/private/state-machines/dataset-machine';
import { pipelineMachine, PipelineNode, planOf } from '../../src/private/state-machines/pipeline-machine';
import { Outcome, runStateMachine, StateError, TaskCall } from '../state-machine';

/*
 * The rules of pipelines are implemented twice: in the state machines for AWS, and in TypeScript for local runs. Each
 * case runs through both.
 */

/** The inputs of each dataset of a pipeline. Datasets come after their inputs. */
interface Inputs {
  readonly [dataset: string]: string[];
}

/** How a run of a dataset ends: its status, and the minutes that it takes. */
type Run = readonly [status: 'published' | 'unchanged' | 'succeeded' | 'failed', minutes?: number];

interface Case {
  readonly inputs: Inputs;
  /** By default, a run takes one minute and publishes. */
  readonly runs?: { readonly [dataset: string]: Run };
  readonly max?: number;
  readonly usesPublished?: boolean;
  /** The results of the run that is resumed. */
  readonly previous?: DatasetResult[];
  /** The minute in which each run starts. Other datasets do not run. */
  readonly starts: { readonly [dataset: string]: number };
  /** The status of each dataset, with the reason of those that are skipped or not run. */
  readonly results: { readonly [dataset: string]: string };
}

const CHAIN: Inputs = {
  'bronze/a': [],
  'bronze/b': [],
  'silver/ab': ['bronze/a', 'bronze/b'],
  'gold/b': ['bronze/b'],
  'gold/top': ['silver/ab', 'gold/b'],
};
const NOT_LISTED = 'not_run: not in the list of the execution that is resumed';

const CASES: { readonly [rule: string]: Case } = {
  'each dataset starts as soon as its own inputs have ended': {
    inputs: CHAIN,
    runs: { 'bronze/a': ['published', 3] },
    starts: { 'bronze/a': 0, 'bronze/b': 0, 'gold/b': 1, 'silver/ab': 3, 'gold/top': 4 },
    results: {
      'bronze/a': 'published',
      'bronze/b': 'published',
      'silver/ab': 'published',
      'gold/b': 'published',
      'gold/top': 'published',
    },
  },
  'the dependents of a failed dataset are skipped, and theirs, and the others run': {
    inputs: CHAIN,
    runs: { 'bronze/a': ['failed'] },
    starts: { 'bronze/a': 0, 'bronze/b': 0, 'gold/b': 1 },
    results: {
      'bronze/a': 'failed',
      'bronze/b': 'published',
      'silver/ab': 'skipped: not run because of bronze/a (failed)',
      'gold/b': 'published',
      'gold/top': 'skipped: not run because of silver/ab (skipped)',
    },
  },
  'a dataset is skipped as soon as one of its inputs has failed, while another still runs': {
    inputs: { 'bronze/a': [], 'bronze/b': [], 'gold/ab': ['bronze/a', 'bronze/b'], 'gold/top': ['gold/ab'] },
    runs: { 'bronze/a': ['failed'], 'bronze/b': ['published', 5] },
    starts: { 'bronze/a': 0, 'bronze/b': 0 },
    results: {
      'bronze/a': 'failed',
      'bronze/b': 'published',
      'gold/ab': 'skipped: not run because of bronze/a (failed)',
      'gold/top': 'skipped: not run because of gold/ab (skipped)',
    },
  },
  'with use_published, the dependents of a failed dataset run': {
    inputs: CHAIN,
    usesPublished: true,
    runs: { 'bronze/a': ['failed', 2], 'silver/ab': ['failed'] },
    starts: { 'bronze/a': 0, 'bronze/b': 0, 'gold/b': 1, 'silver/ab': 2, 'gold/top': 3 },
    results: {
      'bronze/a': 'failed',
      'bronze/b': 'published',
      'silver/ab': 'failed',
      'gold/b': 'published',
      'gold/top': 'published',
    },
  },
  'at most as many datasets run as may at the same time': {
    inputs: { 'bronze/a': [], 'bronze/b': [], 'bronze/c': [], 'bronze/d': [], 'gold/a': ['bronze/a'] },
    max: 2,
    runs: { 'bronze/b': ['published', 3] },
    starts: { 'bronze/a': 0, 'bronze/b': 0, 'bronze/c': 1, 'bronze/d': 2, 'gold/a': 3 },
    results: {
      'bronze/a': 'published',
      'bronze/b': 'published',
      'bronze/c': 'published',
      'bronze/d': 'published',
      'gold/a': 'published',
    },
  },
  'with a maximum of 1, a skipped dataset does not prevent the next one': {
    inputs: { 'bronze/a': [], 'gold/a': ['bronze/a'], 'bronze/z': [] },
    max: 1,
    runs: { 'bronze/a': ['failed'] },
    starts: { 'bronze/a': 0, 'bronze/z': 1 },
    results: {
      'bronze/a': 'failed',
      'gold/a': 'skipped: not run because of bronze/a (failed)',
      'bronze/z': 'published',
    },
  },
  'datasets that are unchanged, or whose job wrote no record, have succeeded': {
    inputs: { 'bronze/a': [], 'bronze/b': [], 'gold/ab': ['bronze/a', 'bronze/b'] },
    runs: { 'bronze/a': ['unchanged'], 'bronze/b': ['succeeded'], 'gold/ab': ['unchanged'] },
    starts: { 'bronze/a': 0, 'bronze/b': 0, 'gold/ab': 1 },
    results: { 'bronze/a': 'unchanged', 'bronze/b': 'succeeded', 'gold/ab': 'unchanged' },
  },
  'a resumed run only runs what failed or was skipped, and keeps the other results': {
    inputs: CHAIN,
    previous: [
      { dataset: 'bronze/a', status: 'failed', reason: 'SOURCE_NOT_FOUND' },
      { dataset: 'silver/ab', status: 'skipped', reason: 'not run because of bronze/a (failed)' },
      { dataset: 'gold/top', status: 'skipped', reason: 'not run because of silver/ab (skipped)' },
      { dataset: 'bronze/b', status: 'unchanged' },
      { dataset: 'gold/b', status: 'published' },
    ],
    starts: { 'bronze/a': 0, 'silver/ab': 1, 'gold/top': 2 },
    results: {
      'bronze/a': 'published',
      'bronze/b': 'unchanged',
      'silver/ab': 'published',
      'gold/b': 'published',
      'gold/top': 'published',
    },
  },
  'a resumed run that fails again skips the same dependents': {
    inputs: { 'bronze/a': [], 'gold/a': ['bronze/a'] },
    runs: { 'bronze/a': ['failed'] },
    previous: [
      { dataset: 'bronze/a', status: 'failed' },
      { dataset: 'gold/a', status: 'skipped', reason: 'not run because of bronze/a (failed)' },
    ],
    starts: { 'bronze/a': 0 },
    results: { 'bronze/a': 'failed', 'gold/a': 'skipped: not run because of bronze/a (failed)' },
  },
  'a resumed run does not run a dataset that is not in its list': {
    inputs: { 'bronze/a': [], 'bronze/new': [], 'gold/a': ['bronze/a', 'bronze/new'] },
    previous: [{ dataset: 'gold/a', status: 'failed' }, { dataset: 'bronze/removed', status: 'failed' }],
    starts: { 'gold/a': 0 },
    results: { 'bronze/a': NOT_LISTED, 'bronze/new': NOT_LISTED, 'gold/a': 'published' },
  },
  'a resumed run repeats the dependents of what failed, which ran without it': {
    inputs: { 'bronze/a': [], 'bronze/b': [], 'gold/a': ['bronze/a'], 'gold/b': ['bronze/b'], 'gold/top': ['gold/a'] },
    previous: [
      { dataset: 'bronze/a', status: 'failed' }, { dataset: 'bronze/b', status: 'published' },
      { dataset: 'gold/a', status: 'published' }, { dataset: 'gold/b', status: 'published' },
      { dataset: 'gold/top', status: 'unchanged' },
    ],
    starts: { 'bronze/a': 0, 'gold/a': 1, 'gold/top': 2 },
    results: {
      'bronze/a': 'published',
      'bronze/b': 'published',
      'gold/a': 'published',
      'gold/b': 'published',
      'gold/top': 'published',
    },
  },
  'a dataset that is not run is not a failed input': {
    inputs: { 'bronze/other': [], 'gold/a': ['bronze/other'] },
    previous: [
      { dataset: 'bronze/other', status: 'not_run', reason: 'elsewhere' }, { dataset: 'gold/a', status: 'failed' },
    ],
    starts: { 'gold/a': 0 },
    results: { 'bronze/other': 'not_run: elsewhere', 'gold/a': 'published' },
  },
};

interface Observed {
  readonly starts: { [dataset: string]: number };
  readonly results: { [dataset: string]: string };
}

const nodesOf = (inputs: Inputs): PipelineNode[] =>
  Object.entries(inputs).map(([dataset, own]) => ({ dataset, inputs: own }));
const limitsOf = ({ max = 10, usesPublished = false }: Case) => ({ max, usesPublished });
const runOf = ({ runs = {} }: Case, dataset: string): Required<[Run[0], number]> => {
  const [status, minutes = 1] = runs[dataset] ?? ['published'];
  return [status, minutes];
};

/** The status of each dataset. Only the reasons of rules are shown, not those of jobs. */
function resultsOf(datasets: DatasetResult[]): { [dataset: string]: string } {
  return Object.fromEntries(datasets.map(({ dataset, status, reason }) =>
    [dataset, ['skipped', 'not_run'].includes(status) ? `${status}: ${reason}` : status]));
}

/** Runs a case as `medallion run --pipeline` does. A minute passes when all datasets that can start have started. */
async function runLocally(own: Case): Promise<Observed> {
  const nodes = nodesOf(own.inputs);
  const results = resumedResults(nodes, own.previous ?? []);
  const starts: { [dataset: string]: number } = {};
  let minute = 0;
  let hasEnded = false;
  const pipeline = runConcurrently(nodes, results, limitsOf(own), {
    process: async dataset => {
      const [status, minutes] = runOf(own, dataset);
      starts[dataset] = minute;
      while (minute < starts[dataset] + minutes) {
        await new Promise(resolve => setImmediate(resolve));
      }
      const result = { dataset, status };
      results.set(dataset, result);
      return result;
    },
    skip: result => results.set(result.dataset, result),
  }).finally(() => { hasEnded = true; });
  while (!hasEnded) {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(resolve => setImmediate(resolve));
    }
    minute++;
  }
  await pipeline;
  return { starts, results: resultsOf(nodes.map(({ dataset }) => results.get(dataset)!)) };
}

/** Runs a case through the state machine of a pipeline. */
async function runInAws(own: Case): Promise<Observed & { readonly status: string }> {
  const definition = pipelineMachine({
    partition: 'aws',
    pipeline: 'daily',
    resourcePrefix: 'pp-dw',
    nodes: nodesOf(own.inputs),
    datasetMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:pp-dw-dataset',
    maxConcurrentJobs: limitsOf(own).max,
    usesPublished: limitsOf(own).usesPublished,
    suffix: '0123',
  });
  const starts: { [dataset: string]: number } = {};
  const hasEnded = (dataset: string, seconds: number) => seconds / 60 >= starts[dataset] + runOf(own, dataset)[1];
  const execution = (dataset: string, seconds: number) => {
    const [status] = runOf(own, dataset);
    if (!hasEnded(dataset, seconds)) {
      return { Status: 'RUNNING' };
    }
    const result = JSON.stringify({ dataset, status });
    return status === 'failed'
      ? { Status: 'FAILED', Error: 'DatasetFailed', Cause: result }
      : { Status: 'SUCCEEDED', Output: result };
  };
  const task = ({ resource, arguments: given, seconds }: TaskCall) => {
    if (resource === 'aws-sdk:sfn:startExecution') {
      const { dataset } = JSON.parse(given.Input);
      expect(Object.keys(starts)).not.toContain(dataset);
      starts[dataset] = seconds / 60;
      return { ExecutionArn: `arn:${dataset}` };
    }
    if (resource === 'aws-sdk:sfn:listExecutions') {
      const running = given.StateMachineArn === 'arn:pipeline' ? []
        : Object.keys(starts).filter(dataset => !hasEnded(dataset, seconds));
      return { Executions: running.map(dataset => ({ ExecutionArn: `arn:${dataset}` })) };
    }
    return execution(given.ExecutionArn.replace('arn:', ''), seconds);
  };
  const outcome = await runStateMachine(
    { ...definition },
    own.previous === undefined ? {} : { pipeline: 'daily', datasets: own.previous },
    { task, execution: { Id: 'arn:me', StartTime: '2026-11-02T06:00:00.123Z' }, stateMachine: { Id: 'arn:pipeline' } },
  );
  const { datasets } = outcome.status === 'SUCCEEDED' ? outcome.output : JSON.parse(outcome.cause!);
  return { status: outcome.status, starts, results: resultsOf(datasets) };
}

describe.each(Object.entries(CASES))('%s', (_rule, own) => {
  const { starts, results } = own;

  test('in a local run', async () => {
    expect(await runLocally(own)).toEqual({ starts, results });
  });

  test('in AWS', async () => {
    const isBad = Object.values(results).some(result => /^(failed|skipped)/.test(result));
    expect(await runInAws(own)).toEqual({ status: isBad ? 'FAILED' : 'SUCCEEDED', starts, results });
  });
});

const STATUSES = ['published', 'unchanged', 'failed', 'skipped', 'not_run', 'active', 'open'];

/** Datasets with a status, whose inputs come before them. `active` and `open` datasets have not ended. */
const situations = fc.array(
  fc.record({ inputs: fc.array(fc.nat(), { maxLength: 3 }), status: fc.constantFrom(...STATUSES) }),
  { minLength: 1, maxLength: 8 },
).map(drawn => drawn.map(({ inputs, status }, n) => ({
  dataset: `bronze/d${n}`,
  inputs: n === 0 ? [] : [...new Set(inputs.map(input => `bronze/d${input % n}`))],
  status,
})));

test('in every situation, both start and skip the same datasets, for the same reasons', async () => {
  const property = fc.asyncProperty(situations, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (
    situation, max, usesPublished,
  ) => {
    const nodes = situation.map(({ dataset, inputs }) => ({ dataset, inputs }));
    const active = situation.filter(({ status }) => status === 'active').map(({ dataset }) => dataset);
    const done = situation.filter(({ status }) => !['active', 'open'].includes(status))
      .map(({ dataset, status }): [string, { status: string }] => [dataset, { status }]);
    const { output: { done: ended, ready } } = await runStateMachine({
      StartAt: 'Situation',
      States: {
        Situation: {
          Type: 'Pass',
          Assign: {
            nodes,
            done: Object.fromEntries(done),
            active: active.map(dataset => ({ dataset })),
            max_jobs: max,
            uses_published: usesPublished,
          },
          Next: 'Plan',
        },
        Plan: { Type: 'Pass', Output: { ...planOf('$done', '$active', '$nodes') }, End: true },
      },
    }, {});
    const next = nextDatasets(nodes, new Map(done), active, { max, usesPublished });
    expect(next.ready).toEqual(ready.map(({ dataset }: { dataset: string }) => dataset));
    const skipped = next.skipped.map(({ dataset, ...result }) => [dataset, result]);
    expect(Object.fromEntries([...done, ...skipped])).toEqual(ended);
  });
  await fc.assert(property, { numRuns: 200 });
});

interface DueCase {
  readonly layer?: string;
  /** The inputs in the definition of the job. */
  readonly inputs?: string[];
  readonly definition?: string;
  /** The publication of the dataset. */
  readonly published?: Pick<Publication, 'inputs' | 'definition'>;
  /** The run of the current publication of each input that has one. */
  readonly runs?: { readonly [input: string]: string };
  readonly isDue: boolean;
}

const read = (...runs: [dataset: string, run: string][]) => runs.map(([dataset, run]) => ({ dataset, run_id: run }));
const PUBLISHED = { definition: 'd1', inputs: read(['bronze/a', 'r1'], ['bronze/b', 'r1']) };
const UNCHANGED = { inputs: ['bronze/a', 'bronze/b'], definition: 'd1', published: PUBLISHED };

const DUE_CASES: { readonly [rule: string]: DueCase } = {
  'a derived dataset is not due if nothing has changed': {
    ...UNCHANGED, runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' }, isDue: false,
  },
  'a dataset is due if one input has published': {
    ...UNCHANGED, runs: { 'bronze/a': 'r1', 'bronze/b': 'r2' }, isDue: true,
  },
  'a dataset is due if its definition has changed': {
    ...UNCHANGED, definition: 'd2', runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' }, isDue: true,
  },
  'a dataset is due if its publication has no definition': {
    ...UNCHANGED,
    definition: undefined,
    published: { inputs: PUBLISHED.inputs },
    runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' },
    isDue: true,
  },
  'a dataset without a publication is due': {
    ...UNCHANGED, published: undefined, runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' }, isDue: true,
  },
  'a dataset is due if an input has no publication, so that its job reports it': {
    ...UNCHANGED, runs: { 'bronze/a': 'r1' }, isDue: true,
  },
  'a dataset is due if it has a new input': {
    ...UNCHANGED,
    inputs: ['bronze/a', 'bronze/b', 'bronze/c'],
    runs: { 'bronze/a': 'r1', 'bronze/b': 'r1', 'bronze/c': 'r1' },
    isDue: true,
  },
  'a dataset that no longer has one of its inputs is only due because of its definition': {
    ...UNCHANGED, inputs: ['bronze/a'], runs: { 'bronze/a': 'r1' }, isDue: false,
  },
  'a dataset with one input is compared like one with several': {
    inputs: ['bronze/a'],
    definition: 'd1',
    published: { definition: 'd1', inputs: read(['bronze/a', 'r1']) },
    runs: { 'bronze/a': 'r1' },
    isDue: false,
  },
  'a publication without inputs is outdated': {
    ...UNCHANGED, published: { definition: 'd1' }, runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' }, isDue: true,
  },
  'an input that another app deploys is compared like the others': {
    inputs: ['bronze/other'],
    definition: 'd1',
    published: { definition: 'd1', inputs: read(['bronze/other', 'r1']) },
    runs: { 'bronze/other': 'r2' },
    isDue: true,
  },
  'a bronze dataset is always due, because its job checks the source': {
    ...UNCHANGED, layer: 'bronze', runs: { 'bronze/a': 'r1', 'bronze/b': 'r1' }, isDue: true,
  },
  'a derived dataset without inputs is always due': {
    definition: 'd1', published: { definition: 'd1', inputs: [] }, isDue: true,
  },
};

const runsUrl = (dataset: string) => `s3://lake/etl/${dataset}/runs/`;

/** Whether the state machine for datasets starts the job. */
async function startsJob({ layer = 'gold', inputs = [], definition, published, runs = {} }: DueCase): Promise<Outcome> {
  const files: { [key: string]: object | undefined } = {
    'etl/gold/x/runs/published.json': published && { run_id: 'r0', ...published, tables: { x: { rows: 7 } } },
    ...Object.fromEntries(Object.entries(runs).map(([input, run]) =>
      [`etl/${input}/runs/published.json`, { run_id: run, tables: {} }])),
  };
  const names = {
    layer,
    bucket: 'lake',
    runs: runsUrl('gold/x'),
    inputs: inputs.map(dataset => ({ dataset, runs: runsUrl(dataset) })),
    definition,
  };
  return runStateMachine({ ...datasetMachine('aws') }, { dataset: 'gold/x', job: 'pp-dw-gold-x' }, {
    task: ({ resource, arguments: given }) => {
      if (resource === 'aws-sdk:glue:getJob') {
        return { Job: { DefaultArguments: { '--names': JSON.stringify(names) } } };
      }
      if (resource === 'aws-sdk:s3:getObject' && files[given.Key] !== undefined) {
        const text = JSON.stringify(files[given.Key], null, 1);
        return { Body: text, ContentRange: `bytes 0-${text.length - 1}/${text.length}` };
      }
      throw new StateError(resource === 'aws-sdk:s3:getObject' ? 'S3.NoSuchKeyException' : 'Stopped');
    },
  });
}

describe.each(Object.entries(DUE_CASES))('%s', (_rule, own) => {
  test('in a local run', () => {
    const { layer = 'gold', inputs = [], definition, published, runs = {} } = own;
    const dataset = { layer, inputs: inputs.map(input => ({ dataset: input })), definition };
    expect(isDue(dataset, published, new Map(Object.entries(runs)))).toBe(own.isDue);
  });

  test('in AWS', async () => {
    const { calls, output } = await startsJob(own);
    expect(calls.some(({ resource }) => resource === 'aws-sdk:glue:startJobRun')).toBe(own.isDue);
    expect(output).toEqual(own.isDue ? undefined : {
      dataset: 'gold/x',
      status: 'unchanged',
      rows: 7,
      run_id: 'r0',
      reason: 'no input has published since the last run',
    });
  });
});
