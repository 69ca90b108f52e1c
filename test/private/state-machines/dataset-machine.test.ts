import { datasetMachine } from '../../../src/private/state-machines/dataset-machine';
import { runStateMachine, StateError } from '../../state-machine';

const NAMES = {
  layer: 'gold',
  bucket: 'lake',
  runs: 's3://lake/etl/x/runs/gold/',
  inputs: [{ dataset: 'bronze/a', runs: 's3://lake/etl/a/runs/bronze/' }],
  definition: 'd1',
};
/** A publication that is up to date, with a changed schema. */
const PUBLISHED = {
  run_id: 'r1',
  definition: 'd1',
  schema_changed_at: '2026-01-02T03:04:05Z',
  inputs: [{ dataset: 'bronze/a', run_id: 'r1' }],
  tables: { x: { rows: 7 } },
};

test.each<[string, object, string[]]>([
  ['is crawled if it has a crawler', { crawler: 'pp-dw-gold-x-crawler' }, ['aws-sdk:glue:getCrawler']],
  ['is not crawled if it has none', {}, []],
])('a dataset whose schema has changed %s', async (_what, names, expected) => {
  const { calls, status, output } = await runStateMachine(
    { ...datasetMachine('aws') }, { dataset: 'gold/x', job: 'pp-dw-gold-x' }, {
      task: ({ resource }) => {
        if (resource === 'aws-sdk:glue:getJob') {
          return { Job: { DefaultArguments: { '--names': JSON.stringify({ ...NAMES, ...names }) } } };
        }
        if (resource === 'aws-sdk:s3:getObject') {
          const text = JSON.stringify(PUBLISHED, null, 1);
          return { Body: text, ContentRange: `bytes 0-${text.length - 1}/${text.length}` };
        }
        if (resource === 'aws-sdk:glue:getCrawler') {
          const crawl = { Status: 'SUCCEEDED', StartTime: '2026-01-03T00:00:00Z' };
          return { Crawler: { State: 'READY', LastCrawl: crawl } };
        }
        throw new StateError('Stopped');
      },
    },
  );
  expect(calls.map(({ resource }) => resource).filter(resource => /crawler/i.test(resource))).toEqual(expected);
  expect([status, output.status]).toEqual(['SUCCEEDED', 'unchanged']);
});

test('only what comes before the tables of a publication is read if it is too large', async () => {
  const columns = Array.from({ length: 5_000 }, (_, index) => ({ name: `column_${index}`, type: '"tables": {' }));
  const { calls, status, output } = await runStateMachine(
    { ...datasetMachine('aws') }, { dataset: 'gold/x', job: 'pp-dw-gold-x' }, {
      task: ({ resource, arguments: given }) => {
        if (resource === 'aws-sdk:glue:getJob') {
          return { Job: { DefaultArguments: { '--names': JSON.stringify(NAMES) } } };
        }
        if (resource === 'aws-sdk:s3:getObject') {
          const text = JSON.stringify({ ...PUBLISHED, tables: { x: { rows: 7, columns } } }, null, 1);
          const last = Number(/-(\d+)$/.exec((given as { Range: string }).Range)![1]);
          return { Body: text.slice(0, last + 1), ContentRange: `bytes 0-${last}/${text.length}` };
        }
        throw new StateError('Stopped');
      },
    },
  );
  expect(calls.map(({ resource }) => resource)).not.toContain('aws-sdk:glue:startJobRun');
  expect([status, output.status, output.rows]).toEqual(['SUCCEEDED', 'unchanged', undefined]);
});
