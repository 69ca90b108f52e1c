import * as fc from 'fast-check';
import { defaultConcurrency, runConcurrently } from '../../src/cli/concurrency';

/** Datasets whose inputs come before them. */
const apps = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map(drawn => drawn.map((inputs, n) => node(`d${n}`, ...n === 0 ? [] : inputs.map(input => `d${input % n}`))));

function node(runs: string, ...inputs: string[]) {
  return { runs, inputs: inputs.map(input => ({ dataset: input, runs: input })) };
}

/** The duration of each dataset, in turns of the event loop. */
const allTurns = fc.array(fc.nat({ max: 3 }), { minLength: 12 });

test('each dataset runs once, after its inputs, and the number of concurrent runs is limited', async () => {
  await fc.assert(fc.asyncProperty(apps, fc.integer({ min: 1, max: 4 }), allTurns, async (order, jobs, turns) => {
    const ended: string[] = [];
    let running = 0;
    await runConcurrently(order, jobs, async ({ runs, inputs }) => {
      expect(++running).toBeLessThanOrEqual(jobs);
      expect(ended).toEqual(expect.arrayContaining(inputs.map(input => input.runs)));
      for (let turn = turns[Number(runs.slice(1))]; turn > 0; turn--) {
        await new Promise(resolve => setImmediate(resolve));
      }
      ended.push(runs);
      running--;
    });
    expect([...ended].sort()).toEqual(order.map(each => each.runs).sort());
  }));
});

test('independent datasets run concurrently', async () => {
  const started: string[] = [];
  let release = () => undefined as void;
  const bothStarted = new Promise<void>(resolve => { release = resolve; });
  await runConcurrently([node('zipcodes'), node('states', 'zipcodes'), node('airports')], 2, async ({ runs }) => {
    started.push(runs);
    if (started.length === 2) {
      release();
    }
    await bothStarted;
  });
  expect(started).toEqual(['zipcodes', 'airports', 'states']);
});

test('inputs that are not in the list are ignored', async () => {
  const ran: string[] = [];
  await runConcurrently([node('states', 'zipcodes')], 1, async ({ runs }) => { ran.push(runs); });
  expect(ran).toEqual(['states']);
});

test('an exception prevents the start of other datasets', async () => {
  const started: string[] = [];
  await expect(runConcurrently([node('zipcodes'), node('airports')], 1, async ({ runs }) => {
    started.push(runs);
    throw new Error('the disk is full');
  })).rejects.toThrow('the disk is full');
  expect(started).toEqual(['zipcodes']);
});

test('the default concurrency is at least 1', () => {
  expect(defaultConcurrency()).toBeGreaterThanOrEqual(1);
});
