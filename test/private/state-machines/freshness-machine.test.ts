import { App, Stack } from 'aws-cdk-lib';
import { LakeNames } from '../../../src/naming';
import { freshnessMachine } from '../../../src/private/state-machines/freshness-machine';
import { freshnessNodes } from '../../../src/private/state-machines/freshness-nodes';
import { Definition, Outcome, runStateMachine, StateError, TaskCall } from '../../state-machine';

const BUCKET = 'pp-dw-123456789012';
const NAMES = new LakeNames(
  new Stack(new App(), 'Lake', { env: { account: '123456789012', region: 'us-east-1' } }),
  { resourcePrefix: 'pp-dw' },
);
const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const HOUR = 3_600_000;

/** The time that is a number of hours before the check, in the format of run records. */
const ago = (hours: number) => new Date(NOW - hours * HOUR).toISOString().replace('.000Z', 'Z');
/** The ID of a run that started some hours before the check. */
const run = (hours: number) => `${ago(hours).replace(/[-:Z]/g, '')}000Z-0abcde`;

/** The datasets that declare freshness, with their maximum age in hours. */
type Declared = { readonly [dataset: string]: number };
type Objects = { [key: string]: unknown };

const CHAIN = new Map([['silver/s', ['bronze/a', 'bronze/b']], ['gold/g', ['silver/s']]]);

function machine(declared: Declared, graph = CHAIN): Definition {
  const declarations = Object.entries(declared).map(([dataset, maxAgeHours]) => ({ dataset, maxAgeHours, graph }));
  return freshnessMachine({
    names: NAMES,
    partition: 'aws',
    account: '123456789012',
    region: 'us-east-1',
    nodes: freshnessNodes(declarations, NAMES),
    topicArn: 'arn:aws:sns:us-east-1:123456789012:pp-dw-alerts',
  }) as unknown as Definition;
}

const folder = (dataset: string) => `etl/${dataset.split('/')[1]}/runs/${dataset.split('/')[0]}/`;
const STATE = 'etl/freshness.json';

/** published.json of a dataset that was published some hours ago. `inputs` are the run IDs of its inputs. */
function published(dataset: string, hours: number, inputs: { [input: string]: string } = {}): Objects {
  const [layer, name] = dataset.split('/');
  return {
    [`${folder(dataset)}published.json`]: {
      dataset: name,
      layer,
      run_id: run(hours),
      database: `pp_dw_${layer}`,
      published_at: ago(hours),
      definition: '0123',
      sources: [],
      inputs: Object.entries(inputs).map(([input, id]) =>
        ({ dataset: input, run_id: id, published_at: ago(99), originals: [] })),
      tables: {},
    },
  };
}

/** The record of a run that ended some hours ago. */
function record(dataset: string, hours: number, status: string, others: object = {}): Objects {
  const [layer, name] = dataset.split('/');
  return {
    [`${folder(dataset)}run_id=${run(hours)}.json`]: {
      dataset: name,
      layer,
      run_id: run(hours),
      job_run_id: 'jr_0123',
      status,
      started_at: ago(hours),
      finished_at: status === 'running' ? null : ago(hours),
      ...others,
    },
  };
}

interface Lake {
  readonly objects: Objects;
  /** The key of an object to which the role of the check has no access. */
  readonly denied?: string;
  readonly pageSize?: number;
}

/** Runs a check. Objects are JSON, or text if they are strings. The check can write into `objects`. */
function check(definition: Definition, { objects, denied, pageSize = 1_000 }: Lake, hoursLater = 0): Promise<Outcome> {
  const text = (key: string) => typeof objects[key] === 'string' ? objects[key] : JSON.stringify(objects[key], null, 1);
  return runStateMachine(definition, {}, {
    execution: { StartTime: new Date(NOW + hoursLater * HOUR).toISOString() },
    task: ({ resource, arguments: args }: TaskCall) => {
      if (resource === 'sns:publish') {
        return {};
      }
      expect(args.Bucket).toBe(BUCKET);
      if (resource === 'aws-sdk:s3:putObject') {
        objects[args.Key] = args.Body;
        return {};
      }
      if (resource === 'aws-sdk:s3:getObject') {
        // A role that cannot list all keys is denied access to an object that does not exist.
        if (!(args.Key in objects) || args.Key === denied) {
          throw new StateError('S3.S3Exception', 'Access Denied');
        }
        const last = args.Range === undefined ? Infinity : Number(args.Range.split('-')[1]);
        return { Body: text(args.Key).slice(0, last + 1) };
      }
      expect(resource).toBe('aws-sdk:s3:listObjectsV2');
      const keys = Object.keys(objects).sort()
        .filter(key => key.startsWith(args.Prefix) && key > (args.StartAfter ?? ''));
      const page = keys.slice(0, Math.min(args.MaxKeys, pageSize));
      return {
        ...page.length > 0 && { Contents: page.map(Key => ({ Key, ETag: '"0123"', Size: 1 })) },
        IsTruncated: page.length < keys.length,
      };
    },
  });
}

const alerts = ({ calls }: Outcome) =>
  calls.filter(({ resource }) => resource === 'sns:publish').map(call => call.arguments);
/** The changes in the alerts, such as `Stale: bronze/a`, in the order of the message. */
const changes = (outcome: Outcome) => alerts(outcome).flatMap(({ Message }) =>
  [...Message.matchAll(/^(Stale|Recovered): ([^:]+):/gm)].map(([, what, dataset]) => `${what}: ${dataset}`));

const A = 'bronze/a';
const B = 'bronze/b';
const S = 'silver/s';
const G = 'gold/g';
const STALE_BEFORE = { [STATE]: { [A]: { first_seen: ago(500), stale_since: ago(4) } } };
const SEEN_BEFORE = { [STATE]: { [A]: { first_seen: ago(500) } } };

/** Inputs of `silver/s` that were published some hours ago, and found unchanged some hours ago. */
const inputs = (publishedAgo: number, unchangedAgo: number) => ({
  ...published(A, publishedAgo),
  ...record(A, unchangedAgo, 'unchanged'),
  ...published(B, publishedAgo),
  ...record(B, unchangedAgo, 'unchanged'),
});
const builtFrom = (hours: number) => ({ [A]: run(hours), [B]: run(hours) });

const CASES: [rule: string, declared: Declared, objects: Objects, changes: string[]][] = [
  ['a publication within the maximum age is fresh', { [A]: 26 }, published(A, 25.9), []],
  ['an older publication is stale', { [A]: 26 }, published(A, 26.1), ['Stale: bronze/a']],
  ['a stale dataset is reported once', { [A]: 26 }, { ...published(A, 30), ...STALE_BEFORE }, []],
  ['a publication recovers a stale dataset', { [A]: 26 }, { ...published(A, 1), ...STALE_BEFORE }, [
    'Recovered: bronze/a',
  ]],
  ['a fresh dataset that was fresh is not reported', { [A]: 26 }, { ...published(A, 1), ...SEEN_BEFORE }, []],
  [
    'an unchanged run recovers a stale dataset',
    { [A]: 26 },
    { ...published(A, 300), ...record(A, 1, 'unchanged'), ...STALE_BEFORE },
    ['Recovered: bronze/a'],
  ],
  ['an unchanged run confirms an old publication', { [A]: 26 }, {
    ...published(A, 300), ...record(A, 25, 'unchanged'),
  }, []],
  [
    'an unchanged run before the maximum age does not',
    { [A]: 26 },
    { ...published(A, 300), ...record(A, 27, 'unchanged') },
    ['Stale: bronze/a'],
  ],
  [
    'failed and running runs do not confirm, but an unchanged run before them does',
    { [A]: 26 },
    {
      ...published(A, 300),
      ...record(A, 20, 'unchanged'),
      ...record(A, 10, 'failed', { error: '"status": "unchanged"' }),
      ...record(A, 0.1, 'running'),
    },
    [],
  ],
  [
    'only failed runs: stale',
    { [A]: 26 },
    { ...published(A, 300), ...record(A, 10, 'failed', { error: '"status": "unchanged"' }) },
    ['Stale: bronze/a'],
  ],
  [
    'a large record is read from its beginning',
    { [A]: 26 },
    { ...published(A, 300), ...record(A, 10, 'unchanged', { sources: 'x'.repeat(300_000) }) },
    [],
  ],
  ['a record without a status does not confirm', { [A]: 26 }, {
    ...published(A, 300), [`${folder(A)}run_id=${run(3)}.json`]: '{}',
  }, ['Stale: bronze/a']],
  ['a publication with many tables is read from its beginning', { [A]: 26 }, {
    [`${folder(A)}published.json`]: {
      ...published(A, 1)[`${folder(A)}published.json`] as object, tables: 'x'.repeat(300_000),
    },
  }, []],
  ['a dataset that was never published is not stale at the first check', { [A]: 26 }, {}, []],
  [
    'it is stale if the first check was too long ago',
    { [A]: 26 },
    { [STATE]: { [A]: { first_seen: ago(27) } }, ...record(A, 1, 'failed') },
    ['Stale: bronze/a'],
  ],
  ['two datasets have one alert', { [A]: 26, [B]: 2 }, { ...published(A, 30), ...published(B, 3) }, [
    'Stale: bronze/a', 'Stale: bronze/b',
  ]],
  ['each dataset has its own maximum age', { [A]: 26, [B]: 2 }, { ...published(A, 10), ...published(B, 10) }, [
    'Stale: bronze/b',
  ]],
  [
    'one becomes stale and one recovers',
    { [A]: 26, [B]: 26 },
    { ...published(A, 1), ...published(B, 30), ...STALE_BEFORE },
    ['Stale: bronze/b', 'Recovered: bronze/a'],
  ],
  [
    'a derived dataset that is built from the current publications of fresh inputs is fresh',
    { [S]: 26 },
    { ...inputs(300, 2), ...published(S, 299, builtFrom(300)) },
    [],
  ],
  [
    'also if a dataset between them was not run either',
    { [G]: 26 },
    { ...inputs(300, 2), ...published(S, 299, builtFrom(300)), ...published(G, 298, { [S]: run(299) }) },
    [],
  ],
  [
    'a derived dataset with stale inputs is stale',
    { [S]: 26 },
    { ...inputs(300, 30), ...published(S, 299, builtFrom(300)) },
    ['Stale: silver/s'],
  ],
  [
    'one stale input is enough',
    { [S]: 26 },
    { ...inputs(300, 30), ...record(A, 2, 'unchanged'), ...published(S, 299, builtFrom(300)) },
    ['Stale: silver/s'],
  ],
  [
    'a derived dataset whose inputs have published since is stale',
    { [S]: 26 },
    { ...inputs(3, 2), ...published(S, 299, builtFrom(300)) },
    ['Stale: silver/s'],
  ],
  [
    'a derived dataset that was built recently is fresh, even from stale inputs',
    { [S]: 26 },
    { ...inputs(300, 30), ...published(S, 3, builtFrom(300)) },
    [],
  ],
  [
    'an unchanged run of a derived dataset confirms it',
    { [S]: 26 },
    { ...inputs(300, 30), ...published(S, 299, builtFrom(300)), ...record(S, 3, 'unchanged') },
    [],
  ],
  [
    'an input that was never published does not confirm',
    { [S]: 26 },
    { ...published(A, 2), ...published(S, 299, builtFrom(300)) },
    ['Stale: silver/s'],
  ],
  [
    'an input counts with the maximum age of each dataset that is built from it',
    { [S]: 26, [G]: 2 },
    { ...inputs(300, 10), ...published(S, 299, builtFrom(300)), ...published(G, 298, { [S]: run(299) }) },
    ['Stale: gold/g'],
  ],
];

test.each(CASES)('%s', async (_, declared, objects, expected) => {
  const outcome = await check(machine(declared), { objects: { ...objects } });
  expect(outcome.cause).toBeUndefined();
  expect(changes(outcome)).toEqual(expected);
  expect(alerts(outcome)).toHaveLength(expected.length > 0 ? 1 : 0);
});

test('a dataset that becomes stale and recovers has two alerts, in any number of checks', async () => {
  const objects: Objects = { ...published(A, 24) };
  const definition = machine({ [A]: 26 });
  const all = [];
  for (const hour of [0, 1, 2, 3, 4, 5]) {
    if (hour === 4) {
      Object.assign(objects, record(A, -3.5, 'unchanged'));
    }
    all.push(changes(await check(definition, { objects }, hour)));
  }
  expect(all).toEqual([[], [], [], ['Stale: bronze/a'], ['Recovered: bronze/a'], []]);
});

test('a dataset that is never published becomes stale after its maximum age from the first check on', async () => {
  const objects: Objects = {};
  const definition = machine({ [A]: 2 });
  const all = [];
  for (const hour of [0, 1, 2, 3, 4]) {
    all.push(changes(await check(definition, { objects }, hour)));
  }
  expect(all).toEqual([[], [], [], ['Stale: bronze/a'], []]);
});

test('an alert states the age, the maximum age, the last publication and the last run', async () => {
  const objects = {
    ...published(A, 300),
    ...record(A, 27.5, 'unchanged'),
    ...record(A, 1, 'failed'),
    ...published(B, 1.5),
    [STATE]: {
      [A]: { first_seen: ago(500) },
      [B]: { first_seen: ago(500), stale_since: ago(4) },
      'bronze/c': { first_seen: ago(30) },
    },
  };
  const outcome = await check(machine({ [A]: 26, [B]: 26, 'bronze/c': 26 }), { objects });
  expect(alerts(outcome)).toEqual([{
    TopicArn: 'arn:aws:sns:us-east-1:123456789012:pp-dw-alerts',
    Subject: 'STALE: 2 datasets, RECOVERED: 1 dataset of lake pp-dw',
    Message: [
      'STALE: 2 datasets, RECOVERED: 1 dataset of lake pp-dw in 123456789012, us-east-1',
      `Stale: bronze/a: last confirmed 300 hours ago, maximum age 26 hours; published 2026-11-17T00:00:00.000Z by run ${
        run(300)}; last run ${run(1)} (failed)`,
      'Stale: bronze/c: never published, first check 30 hours ago, maximum age 26 hours',
      'Recovered: bronze/b: last confirmed 1.5 hours ago, maximum age 26 hours; published 2026-11-29T10:30:00.000Z by '
        + `run ${run(1.5)}; stale since ${ago(4)}`,
      'The tables of stale datasets still have their last published data.',
      `Run records: s3://${BUCKET}/etl/DATASET/runs/LAYER/`,
      'Runbook: https://github.com/cdk-glue-medallion/cdk-glue-medallion/blob/main/docs/operations/runbook.md'
        + '#dataset-is-stale',
    ].join('\n'),
  }]);
});

test.each([
  [{ ...published(A, 30) }, 'STALE: 1 dataset of lake pp-dw'],
  [{ ...published(A, 3), ...STALE_BEFORE }, 'RECOVERED: 1 dataset of lake pp-dw'],
])('the subject has the number of datasets: %#', async (objects, subject) => {
  expect(alerts(await check(machine({ [A]: 26 }), { objects }))[0].Subject).toBe(subject);
});

test('the result is written if it has changed, and lists only datasets that declare freshness', async () => {
  const removed = { 'bronze/removed': { first_seen: ago(1), stale_since: ago(1) } };
  const objects: Objects = { ...published(A, 30), [STATE]: removed };
  const first = await check(machine({ [A]: 26 }), { objects });
  expect(objects[STATE]).toEqual({
    [A]: { first_seen: '2026-11-29T12:00:00.000Z', stale_since: '2026-11-29T08:00:00.000Z' },
  });
  const second = await check(machine({ [A]: 26 }), { objects });
  const writes = ({ calls }: Outcome) => calls.filter(({ resource }) => resource.endsWith(':putObject')).length;
  expect([writes(first), writes(second)]).toEqual([1, 0]);
});

test('a result that is JSON within JSON is read as well', async () => {
  const objects = { ...published(A, 30), [STATE]: JSON.stringify(JSON.stringify(STALE_BEFORE[STATE])) };
  expect(changes(await check(machine({ [A]: 26 }), { objects }))).toEqual([]);
});

test.each([
  ['the result of the previous check', STATE],
  ['a publication', `${folder(A)}published.json`],
])('a check fails if %s exists but cannot be read', async (_, denied) => {
  const objects = { ...published(A, 1), ...SEEN_BEFORE };
  const outcome = await check(machine({ [A]: 26 }), { objects, denied });
  expect(outcome.status).toBe('FAILED');
  expect(outcome.cause).toContain(`s3://${BUCKET}/${denied} cannot be read`);
});

test('a check fails if a publication or the previous result is not valid', async () => {
  for (const key of [STATE, `${folder(A)}published.json`]) {
    const outcome = await check(machine({ [A]: 26 }), { objects: { ...published(A, 1), ...SEEN_BEFORE, [key]: 'x' } });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('cannot be read') });
  }
});

test('a record that is deleted after the list is skipped', async () => {
  const objects = { ...published(A, 300), ...record(A, 3, 'unchanged'), ...record(A, 1, 'unchanged') };
  const denied = `${folder(A)}run_id=${run(1)}.json`;
  expect(changes(await check(machine({ [A]: 26 }), { objects, denied }))).toEqual([]);
});

test('the newest records are read first, whatever their number', async () => {
  const failed = Object.assign({}, ...Array.from({ length: 500 }, (_, i) => record(A, 2 + i / 100, 'failed')));
  const objects = { ...published(A, 300), ...failed, ...record(A, 1, 'unchanged') };
  const outcome = await check(machine({ [A]: 26 }), { objects, pageSize: 100 });
  expect(changes(outcome)).toEqual([]);
  expect(outcome.states.filter(state => state === 'Read run')).toHaveLength(1);
});

test('at most 20 records of a dataset are read', async () => {
  const failed = Object.assign({}, ...Array.from({ length: 30 }, (_, i) => record(A, 1 + i / 10, 'failed')));
  const outcome = await check(machine({ [A]: 26 }), { objects: { ...published(A, 300), ...failed } });
  expect(changes(outcome)).toEqual(['Stale: bronze/a']);
  expect(outcome.states.filter(state => state === 'Read run')).toHaveLength(20);
});

/** AWS charges a state transition for each state that is entered. A Map state counts as one. */
describe('state transitions per check, as docs/costs.md states them', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `bronze/d${i}`);
  const transitions = async (count: number, objects: (dataset: string) => Objects) => {
    const declared = Object.fromEntries(many(count).map(dataset => [dataset, 26]));
    const all: Objects = Object.assign({}, ...many(count).map(objects));
    await check(machine(declared), { objects: all });
    const outcome = await check(machine(declared), { objects: all });
    expect(outcome.status).toBe('SUCCEEDED');
    return outcome.states.length;
  };

  test.each([
    [20, 26, 126],
    [300, 306, 1806],
  ])('%d datasets: %d if all are published, %d if all are unchanged', async (count, fresh, unchanged) => {
    expect(await transitions(count, dataset => published(dataset, 1))).toBe(fresh);
    expect(await transitions(count, dataset => ({
      ...published(dataset, 300), ...record(dataset, 2, 'unchanged'),
    }))).toBe(unchanged);
  });
});

test('500 stale datasets with long names and many inputs fit into the payloads and the message', async () => {
  const name = (i: number) => `silver/${'n'.repeat(70)}-${i}`;
  const all = Array.from({ length: 500 }, (_, i) => name(i));
  const graph = new Map(all.map((each, i) => [each, all.slice(Math.max(0, i - 3), i)]));
  const definition = machine(Object.fromEntries(all.map(each => [each, 26])), graph);
  const objects = Object.assign({}, ...all.map((each, i) => ({
    ...published(each, 300, Object.fromEntries(graph.get(each)!.map(input => [input, run(300)]))),
    ...record(each, 1 + i / 1000, 'failed'),
  })));
  const outcome = await check(definition, { objects });
  expect(outcome.cause).toBeUndefined();
  expect(changes(outcome).length).toBe(500);
  expect(alerts(outcome)[0].Message.length).toBeLessThanOrEqual(200_000);
  expect(JSON.stringify(definition).length).toBeLessThan(300_000);
});

test('nodes are the declared datasets and their inputs in order, without those of bronze datasets', () => {
  const graph = new Map([...CHAIN, ['bronze/a', ['gold/other']]]);
  const nodes = freshnessNodes([{ dataset: G, maxAgeHours: 5, graph }, { dataset: A, maxAgeHours: 26, graph }], NAMES);
  expect(nodes.map(({ dataset, inputs: names, max_age: age, shortest, longest }) =>
    [dataset, names, age, shortest, longest])).toEqual([
    [A, [], 26, 5, 26],
    [B, [], undefined, 5, 5],
    [S, [A, B], undefined, 5, 5],
    [G, [S], 5, 5, 5],
  ]);
  expect(nodes[0].runs).toBe('etl/a/runs/bronze/');
});
