import * as fc from 'fast-check';
import { defaultConcurrency, runConcurrently } from '../../src/cli/concurrency';

/** Datasets whose inputs are among those before them. */
const apps = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map(drawn => drawn.map((inputs, n) => node(`d${n}`, ...n === 0 ? [] : inputs.map(input => `d${input % n}`))));

function node(runs: string, ...inputs: string[]) {
  return { runs, inputs: inputs.map(input => ({ dataset: input, runs: input })) };
}

/** How long each of them works. */
const allTurns = fc.array(fc.nat({ max: 3 }), { minLength: 12 });

test('each runs once, after its inputs have ended, and never more at once than is allowed', async () => {
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

test('what is not made from another runs beside it', async () => {
  const met: string[] = [];
  let meet = () => undefined as void;
  const both = new Promise<void>(resolve => { meet = resolve; });
  await runConcurrently([node('zipcodes'), node('states', 'zipcodes'), node('airports')], 2, async ({ runs }) => {
    met.push(runs);
    if (met.length === 2) {
      meet();
    }
    await both;
  });
  expect(met).toEqual(['zipcodes', 'airports', 'states']);
});

test('inputs that are not among them are not waited for', async () => {
  const ran: string[] = [];
  await runConcurrently([node('states', 'zipcodes')], 1, async ({ runs }) => { ran.push(runs); });
  expect(ran).toEqual(['states']);
});

test('what cannot go on ends it: nothing else is begun', async () => {
  const begun: string[] = [];
  await expect(runConcurrently([node('zipcodes'), node('airports')], 1, async ({ runs }) => {
    begun.push(runs);
    throw new Error('the disk is full');
  })).rejects.toThrow('the disk is full');
  expect(begun).toEqual(['zipcodes']);
});

test('one job fits every machine', () => {
  expect(defaultConcurrency()).toBeGreaterThanOrEqual(1);
});
