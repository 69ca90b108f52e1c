import * as fc from 'fast-check';
import { DatasetNode, runOrder } from '../../src/cli/run-order';

/** A dataset with this full name, such as `gold/states`, and inputs with these full names. */
function dataset(name: string, inputs: string[] = [], { stack = 'Datasets', assembly = 'cdk.out' } = {}): DatasetNode {
  const [layer, own] = name.split('/');
  return {
    layer,
    dataset: own,
    stack,
    assembly,
    runs: runsOf(name),
    inputs: inputs.map(input => ({ dataset: input, runs: runsOf(input) })),
  };
}

function runsOf(name: string): string {
  const [layer, own] = name.split('/');
  return `s3://lake/etl/${own}/runs/${layer}/`;
}

function order(
  requested: string[],
  datasets: DatasetNode[],
  { tables = [] as string[], withInputs = false } = {},
): string[] {
  const requestedDatasets = requested.flatMap(name => datasets.filter(each => each.runs === runsOf(name)));
  const hasTable = (runs: string) => tables.map(runsOf).includes(runs);
  const options = { app: 'cdk.out', data: '.medallion', hasTable, ...withInputs && { withInputs } };
  return runOrder(requestedDatasets, datasets, options)
    .map(each => `${each.layer}/${each.dataset}`);
}

const STATES = dataset('gold/states', ['gold/places']);
const PLACES = dataset('gold/places', ['bronze/zipcodes', 'bronze/airports']);
const ZIPCODES = dataset('bronze/zipcodes');
const AIRPORTS = dataset('bronze/airports');
const APP = [STATES, PLACES, ZIPCODES, AIRPORTS];
const ALL = ['bronze/zipcodes', 'bronze/airports', 'gold/places', 'gold/states'];

test.each<[string, string[], { tables?: string[]; withInputs?: boolean }, string[]]>([
  ['a bronze dataset runs alone', ['bronze/zipcodes'], {}, ['bronze/zipcodes']],
  ['inputs without a table run first, recursively', ['gold/states'], {}, ALL],
  [
    'an input with a table does not run',
    ['gold/places'],
    { tables: ['bronze/zipcodes'] },
    ['bronze/airports', 'gold/places'],
  ],
  ['the inputs of an input with a table do not run', ['gold/states'], { tables: ['gold/places'] }, ['gold/states']],
  ['all inputs run with --with-inputs', ['gold/states'], { tables: ALL, withInputs: true }, ALL],
  ['all requested datasets run even if they have tables', ALL, { tables: ALL }, ALL],
  [
    'a dataset with a table between two requested datasets does not run',
    ['bronze/zipcodes', 'gold/states'],
    { tables: ALL },
    ['bronze/zipcodes', 'gold/states'],
  ],
])('%s', (_rule, requested, options, expected) => {
  expect(order(requested, APP, options)).toEqual(expected);
});

test('an input of another app is not required in this app if it has a table', () => {
  expect(order(['gold/places'], [PLACES, ZIPCODES], { tables: ['bronze/airports', 'bronze/zipcodes'] })).toEqual([
    'gold/places',
  ]);
});

test('an input of another app without a table is an error', () => {
  expect(() => order(['gold/states'], [STATES, PLACES, ZIPCODES])).toThrow(
    'The input bronze/airports of gold/places is not in the app at cdk.out and has no published table in the lake at '
      + '.medallion. Run it from the app that contains it: npx medallion --app DIR --data .medallion run '
      + 'bronze/airports.',
  );
});

test('a dependency cycle is an error that shows the cycle', () => {
  const cycle = [dataset('gold/a', ['gold/b']), dataset('gold/b', ['gold/c']), dataset('gold/c', ['gold/b'])];
  expect(() => order(['gold/a'], cycle)).toThrow(
    'gold/b depends on itself: gold/b ← gold/c ← gold/b. Remove one of these inputs',
  );
});

describe('two stages with the same lake', () => {
  const stage = (assembly: string) => [
    dataset('bronze/zipcodes', [], { stack: `${assembly}-Datasets`, assembly }),
    dataset('gold/places', ['bronze/zipcodes'], { stack: `${assembly}-Datasets`, assembly }),
  ];
  const datasets = [...stage('Dev'), ...stage('Prod')];
  const options = { app: 'cdk.out', data: '.medallion', hasTable: () => false };

  test('a dataset runs with the inputs of its own stage', () => {
    expect(runOrder([datasets[3]], datasets, options)).toEqual([datasets[2], datasets[3]]);
  });

  test('the same dataset of both stages is an error', () => {
    expect(() => runOrder(datasets, datasets, options)).toThrow(
      'bronze/zipcodes is in the stacks Dev-Datasets and Prod-Datasets, which write the same tables. '
        + 'Select one stack with --stack STACK',
    );
  });
});

/** Datasets whose inputs are earlier datasets, in an app that lists them in any order. */
const apps = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 }).chain(drawn => {
  const datasets = drawn.map((inputs, n) =>
    dataset(`gold/d${n}`, n === 0 ? [] : [...new Set(inputs.map(input => `gold/d${input % n}`))]),
  );
  return fc.record({
    datasets: fc.shuffledSubarray(datasets, { minLength: datasets.length }),
    requested: fc.shuffledSubarray(datasets, { minLength: 1 }),
    tables: fc.subarray(datasets.map(each => each.runs)),
    withInputs: fc.constantFrom<true | undefined>(true, undefined),
  });
});

test('each dataset runs once, and each of its inputs has a table or runs before it', () => {
  fc.assert(fc.property(apps, ({ datasets, requested, tables, withInputs }) => {
    const ordered = runOrder(requested, datasets, {
      app: 'cdk.out',
      data: '.medallion',
      withInputs,
      hasTable: runs => tables.includes(runs),
    });
    expect(new Set(ordered).size).toBe(ordered.length);
    expect(ordered).toEqual(expect.arrayContaining(requested));
    ordered.forEach(({ inputs }, place) => inputs.forEach(({ runs }) => {
      const before = ordered.findIndex(each => each.runs === runs);
      expect(before < place).toBe(true);
      expect(before >= 0 || (tables.includes(runs) && !withInputs)).toBe(true);
    }));
  }));
});
