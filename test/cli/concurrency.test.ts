import * as fc from 'fast-check';
import { defaultConcurrency, runConcurrently } from '../../src/cli/concurrency';
import { PipelineNode } from '../../src/private/state-machines/pipeline-machine';

const NONE = new Map();

/** Runs datasets without the rules of a pipeline. */
function run(nodes: PipelineNode[], max: number, work: (node: PipelineNode) => Promise<void>): Promise<void> {
  return runConcurrently(nodes, NONE, { max, usesPublished: true }, {
    process: async name => {
      await work(nodes.find(each => each.dataset === name)!);
      return { status: 'published' };
    },
    skip: () => {
      throw new Error('A dataset is skipped.');
    },
  });
}

/** Datasets whose inputs come before them. */
const apps = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map(drawn => drawn.map((inputs, n) => node(`d${n}`, ...n === 0 ? [] : inputs.map(input => `d${input % n}`))));

function node(dataset: string, ...inputs: string[]): PipelineNode {
  return { dataset, inputs };
}

/** The duration of each dataset, in turns of the event loop. */
const allTurns = fc.array(fc.nat({ max: 3 }), { minLength: 12 });

test('each dataset runs once, after its inputs, and the number of concurrent runs is limited', async () => {
  await fc.assert(fc.asyncProperty(apps, fc.integer({ min: 1, max: 4 }), allTurns, async (order, jobs, turns) => {
    const ended: string[] = [];
    let running = 0;
    await run(order, jobs, async ({ dataset, inputs }) => {
      expect(++running).toBeLessThanOrEqual(jobs);
      expect(ended).toEqual(expect.arrayContaining(inputs));
      for (let turn = turns[Number(dataset.slice(1))]; turn > 0; turn--) {
        await new Promise(resolve => setImmediate(resolve));
      }
      ended.push(dataset);
      running--;
    });
    expect([...ended].sort()).toEqual(order.map(each => each.dataset).sort());
  }));
});

test('independent datasets run concurrently', async () => {
  const started: string[] = [];
  let release = () => undefined as void;
  const bothStarted = new Promise<void>(resolve => { release = resolve; });
  await run([node('zipcodes'), node('states', 'zipcodes'), node('airports')], 2, async ({ dataset }) => {
    started.push(dataset);
    if (started.length === 2) {
      release();
    }
    await bothStarted;
  });
  expect(started).toEqual(['zipcodes', 'airports', 'states']);
});

test('an exception prevents the start of other datasets', async () => {
  const started: string[] = [];
  await expect(run([node('zipcodes'), node('airports')], 1, async ({ dataset }) => {
    started.push(dataset);
    throw new Error('the disk is full');
  })).rejects.toThrow('the disk is full');
  expect(started).toEqual(['zipcodes']);
});

test('the default concurrency is at least 1', () => {
  expect(defaultConcurrency()).toBeGreaterThanOrEqual(1);
});
