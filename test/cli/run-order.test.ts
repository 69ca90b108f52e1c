import * as fc from 'fast-check';
import { Ordered, runOrder } from '../../src/cli/run-order';

/** A dataset by its name and those of its inputs: `gold/states`. */
function dataset(name: string, inputs: string[] = [], { stack = 'Datasets', assembly = 'cdk.out' } = {}): Ordered {
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

function order(wanted: string[], datasets: Ordered[], { tables = [] as string[], withInputs = false } = {}): string[] {
  const found = wanted.flatMap(name => datasets.filter(each => each.runs === runsOf(name)));
  const hasTable = (runs: string) => tables.map(runsOf).includes(runs);
  return runOrder(found, datasets, { app: 'cdk.out', data: '.medallion', hasTable, ...withInputs && { withInputs } })
    .map(each => `${each.layer}/${each.dataset}`);
}

const STATES = dataset('gold/states', ['gold/places']);
const PLACES = dataset('gold/places', ['bronze/zipcodes', 'bronze/airports']);
const ZIPCODES = dataset('bronze/zipcodes');
const AIRPORTS = dataset('bronze/airports');
const APP = [STATES, PLACES, ZIPCODES, AIRPORTS];
const ALL = ['bronze/zipcodes', 'bronze/airports', 'gold/places', 'gold/states'];

test.each<[string, string[], { tables?: string[]; withInputs?: boolean }, string[]]>([
  ['bronze alone', ['bronze/zipcodes'], {}, ['bronze/zipcodes']],
  ['the inputs without a table before gold, and theirs', ['gold/states'], {}, ALL],
  [
    'an input that has a table is not run again',
    ['gold/places'],
    { tables: ['bronze/zipcodes'] },
    ['bronze/airports', 'gold/places'],
  ],
  ['nor is what it is made from', ['gold/states'], { tables: ['gold/places'] }, ['gold/states']],
  ['with --with-inputs all of them are', ['gold/states'], { tables: ALL, withInputs: true }, ALL],
  ['everything, whatever has a table', ALL, { tables: ALL }, ALL],
  [
    'two of a chain, and nothing between them that has a table',
    ['bronze/zipcodes', 'gold/states'],
    { tables: ALL },
    ['bronze/zipcodes', 'gold/states'],
  ],
])('%s', (_what, wanted, options, expected) => {
  expect(order(wanted, APP, options)).toEqual(expected);
});

test('an input of another app is taken as it is, where it has a table', () => {
  expect(order(['gold/places'], [PLACES, ZIPCODES], { tables: ['bronze/airports', 'bronze/zipcodes'] })).toEqual([
    'gold/places',
  ]);
});

test('an input of another app without a table is an error that says where to run it', () => {
  expect(() => order(['gold/states'], [STATES, PLACES, ZIPCODES])).toThrow(
    'The input bronze/airports of gold/places is not in the app at cdk.out, and has no table in the lake at '
      + '.medallion. '
      + 'Run it first, out of the app that has it: npx medallion --app DIR --data .medallion run bronze/airports.',
  );
});

test('a circle is an error that shows it', () => {
  const circle = [dataset('gold/a', ['gold/b']), dataset('gold/b', ['gold/c']), dataset('gold/c', ['gold/b'])];
  expect(() => order(['gold/a'], circle)).toThrow(
    'gold/b is made from itself: gold/b ← gold/c ← gold/b. Take one of these inputs out',
  );
});

describe('two stages with one lake', () => {
  const stage = (assembly: string) => [
    dataset('bronze/zipcodes', [], { stack: `${assembly}-Datasets`, assembly }),
    dataset('gold/places', ['bronze/zipcodes'], { stack: `${assembly}-Datasets`, assembly }),
  ];
  const datasets = [...stage('Dev'), ...stage('Prod')];
  const options = { app: 'cdk.out', data: '.medallion', hasTable: () => false };

  test('a dataset gets the inputs of its own', () => {
    expect(runOrder([datasets[3]], datasets, options)).toEqual([datasets[2], datasets[3]]);
  });

  test('both at once would write the same tables', () => {
    expect(() => runOrder(datasets, datasets, options)).toThrow(
      'bronze/zipcodes is in stack Dev-Datasets and in stack Prod-Datasets, and both write the same tables. '
        + 'Name one of the stacks with --stack',
    );
  });
});

/** Datasets whose inputs are any of those that were drawn before, in an app that lists them in any order. */
const apps = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 }).chain(drawn => {
  const datasets = drawn.map((inputs, n) =>
    dataset(`gold/d${n}`, n === 0 ? [] : [...new Set(inputs.map(input => `gold/d${input % n}`))]),
  );
  return fc.record({
    datasets: fc.shuffledSubarray(datasets, { minLength: datasets.length }),
    wanted: fc.shuffledSubarray(datasets, { minLength: 1 }),
    tables: fc.subarray(datasets.map(each => each.runs)),
    withInputs: fc.constantFrom<true | undefined>(true, undefined),
  });
});

test('every dataset comes once, after its inputs, and each input has a table or comes before', () => {
  fc.assert(fc.property(apps, ({ datasets, wanted, tables, withInputs }) => {
    const ordered = runOrder(wanted, datasets, {
      app: 'cdk.out',
      data: '.medallion',
      withInputs,
      hasTable: runs => tables.includes(runs),
    });
    expect(new Set(ordered).size).toBe(ordered.length);
    expect(ordered).toEqual(expect.arrayContaining(wanted));
    ordered.forEach(({ inputs }, place) => inputs.forEach(({ runs }) => {
      const before = ordered.findIndex(each => each.runs === runs);
      expect(before < place).toBe(true);
      expect(before >= 0 || (tables.includes(runs) && !withInputs)).toBe(true);
    }));
  }));
});
