import { temporaryFolder } from './assembly-fixture';
import { describeInputs, describeResults, describeTable } from '../../src/cli/describe';
import { Lake } from '../../src/cli/lake';
import { Result, skipped } from '../../src/cli/result';

const COLUMNS = [{ name: 'state', type: 'string' }, { name: 'is_current', type: 'boolean' }];
const TABLE = { name: 'states', database: 'pp_dw_gold', rows: 54, location: 's3://lake/gold/states/', columns: COLUMNS, rescued: null };
const BRONZE = {
  dataset: 'zipcodes',
  layer: 'bronze',
  run_id: 'r1',
  status: 'published',
  seconds: 12.34,
  tables: [{ ...TABLE, rows: 42049 }, TABLE],
};
const FAILED = {
  dataset: 'gone',
  layer: 'bronze',
  run_id: 'r2',
  status: 'failed',
  seconds: 3,
  tables: [],
  error: 'the server returned 404.',
};
const OF_GONE = { dataset: 'of-gone', layer: 'gold', inputs: [] };

test('a gold table has no column of unfitting values, and those of a history are its own', () => {
  const lake = Lake.open(temporaryFolder());
  const answered = [...COLUMNS, { name: 'meta_run_id', type: 'VARCHAR' }];
  expect(describeTable(TABLE, { columns: answered, rows: [['MA', 'true', 'r1']] }, lake)).toEqual([
    '', 'pp_dw_gold.states  54 rows',
    '  state        string',
    '  is_current   boolean',
    '  meta_run_id  string   its run',
    '', '  state  is_current  meta_run_id', '  MA     true        r1',
    '', `  ${lake.pathOf(TABLE.location)}`, '  s3://lake/gold/states/ once deployed',
  ]);
});

test('what gold is made from', () => {
  expect(describeInputs([{ dataset: 'bronze/zipcodes', run_id: 'r1' }, { dataset: 'gold/places', run_id: 'r2' }]))
    .toEqual(['', 'Made from', '  bronze/zipcodes  run r1', '  gold/places      run r2']);
  expect(describeInputs([])).toEqual([]);
});

test('a line for each dataset: the rows of all its tables, or why it has none', () => {
  expect(describeResults([BRONZE, FAILED, skipped(OF_GONE, [FAILED])])).toEqual([
    '',
    'dataset   layer   status       rows  seconds  error',
    'zipcodes  bronze  published  42,103     12.3',
    'gone      bronze  failed                 3.0  the server returned 404.',
    'of-gone   gold    skipped                     Its input bronze/gone failed, and no table is there from before.',
  ]);
});

test.each<[string, Result[], string]>([
  ['one that failed', [FAILED], 'Its input bronze/gone failed, and no table is there from before.'],
  [
    'one that was skipped itself',
    [skipped(OF_GONE, [FAILED])],
    'Its input gold/of-gone was skipped, and no table is there from before.',
  ],
  [
    'both',
    [FAILED, skipped(OF_GONE, [FAILED])],
    'Its inputs bronze/gone failed and gold/of-gone was skipped, and no table is there from before.',
  ],
])('why a dataset is skipped: %s', (_what, inputs, error) => {
  expect(skipped({ dataset: 'states', layer: 'gold' }, inputs)).toMatchObject({
    status: 'skipped',
    run_id: null,
    tables: [],
    error,
  });
});
