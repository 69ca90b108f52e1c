import { temporaryFolder } from './assembly-fixture';
import {
  describeAllowed, describeInputs, describeResults, describeTable, describeWarnings,
} from '../../src/cli/describe';
import { displayWidth } from '../../src/cli/display-width';
import { Lake } from '../../src/cli/lake';
import { Result, skippedResult } from '../../src/cli/result';

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
  error_code: 'SOURCE_NOT_FOUND',
  error: 'SOURCE_NOT_FOUND: the server returned 404.',
};
const GONE_SUMMARY = { dataset: 'gone-summary', layer: 'gold', inputs: [] };

test('a gold table is described with meta_run_id, without meta_rescued, and with its history columns', () => {
  const lake = Lake.open(temporaryFolder());
  const resultColumns = [...COLUMNS, { name: 'meta_run_id', type: 'VARCHAR' }];
  expect(describeTable(TABLE, { columns: resultColumns, rows: [['MA', 'true', 'r1']] }, lake)).toEqual([
    '', 'pp_dw_gold.states  54 rows',
    '  state        string',
    '  is_current   boolean',
    '  meta_run_id  string   ID of the run',
    '', '  state  is_current  meta_run_id', '  MA     true        r1',
    '', `  ${lake.pathOf(TABLE.location)}`, '  s3://lake/gold/states/ after deployment',
  ]);
});

test('an Iceberg table is described with its metadata file instead of its folder', () => {
  const lake = Lake.open(temporaryFolder());
  const metadata = `${TABLE.location}metadata/r1/00001-x.metadata.json`;
  const lines = describeTable({ ...TABLE, metadata_location: metadata }, { columns: [], rows: [] }, lake);
  expect(lines.slice(-2)).toEqual([`  ${lake.pathOf(metadata)}`, '  s3://lake/gold/states/ after deployment']);
});

test('the inputs of a gold dataset are listed with their runs', () => {
  expect(describeInputs([{ dataset: 'bronze/zipcodes', run_id: 'r1' }, { dataset: 'gold/places', run_id: 'r2' }]))
    .toEqual(['', 'Inputs', '  bronze/zipcodes  run r1', '  gold/places      run r2']);
  expect(describeInputs([])).toEqual([]);
});

test('quality gates that failed and were allowed to are shown with the columns that they name', () => {
  const allowed = ['states: the table no longer has the column zip.'];
  expect(describeAllowed(allowed)).toEqual([
    '', 'Failed quality gates that were allowed to fail', '  states: the table no longer has the column zip.',
  ]);
  expect(describeAllowed([])).toEqual([]);
  expect(describeResults([{ ...BRONZE, allowed }])[2]).toMatch(/12\.3 {2}allowed: states: the table no longer has the/);
});

test('warnings are shown in one line each, and in the summary after the gates', () => {
  const warnings = ['states: the rule "a\nb" is violated by 1 of 4 rows'];
  expect(describeWarnings(warnings)).toEqual(['', 'Warnings', '  states: the rule "a b" is violated by 1 of 4 rows']);
  expect(describeWarnings([])).toEqual([]);
  expect(describeResults([{ ...BRONZE, allowed: ['shrink'], warnings }])[2])
    .toMatch(/12\.3 {2}allowed: shrink; warning: states: the rule "a b" is violated by 1 of 4 rows$/);
});

test('the summary has one line per dataset, with the total rows or the error', () => {
  expect(describeResults([BRONZE, FAILED, skippedResult(GONE_SUMMARY, [FAILED])])).toEqual([
    '',
    'dataset       layer   status       rows  seconds  error',
    'zipcodes      bronze  published  42,103     12.3',
    'gone          bronze  failed                 3.0  SOURCE_NOT_FOUND: the server returned 404.',
    'gone-summary  gold    skipped                     INPUT_NOT_PUBLISHED: The input bronze/gone (failed) has no '
      + 'published table.',
  ]);
});

describe('the summary on a terminal', () => {
  const long = { ...FAILED, dataset: 'measurements-of-the-northern-regions' };
  const wide = { ...FAILED, dataset: 'stations', error: `COLUMNS_CHANGED: ${'観測所の名前と標高'.repeat(8)} 東京` };
  const results = [BRONZE, long, wide, skippedResult(GONE_SUMMARY, [long]), { ...BRONZE, allowed: ['shrink: 3 rows'] }];

  test('with 80 columns, errors that do not fit follow the line of their dataset', () => {
    expect(describeResults(results, 80)).toEqual([
      '',
      'dataset                               layer   status       rows  seconds',
      'zipcodes                              bronze  published  42,103     12.3',
      'measurements-of-the-northern-regions  bronze  failed                 3.0',
      '    SOURCE_NOT_FOUND: the server returned 404.',
      'stations                              bronze  failed                 3.0',
      '    COLUMNS_CHANGED:',
      '    観測所の名前と標高観測所の名前と標高観測所の名前と標高観測所の名前と標高観測',
      '    所の名前と標高観測所の名前と標高観測所の名前と標高観測所の名前と標高 東京',
      'gone-summary                          gold    skipped',
      '    INPUT_NOT_PUBLISHED: The input bronze/measurements-of-the-northern-regions',
      '    (failed) has no published table.',
      'zipcodes                              bronze  published  42,103     12.3',
      '    allowed: shrink: 3 rows',
    ]);
  });

  test.each([40, 60, 80, 120, 300])('no line is longer than %d columns, and errors are complete', width => {
    const lines = describeResults(results, width);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    const text = lines.join('').replace(/\s/g, '');
    for (const { error } of [long, wide]) {
      expect(text).toContain(error.replace(/\s/g, ''));
    }
  });

  test('without a terminal, each dataset has one line', () => {
    expect(describeResults(results).length).toBe(2 + results.length);
  });
});

test.each<[string, Result[], string]>([
  [
    'one that failed',
    [FAILED],
    'INPUT_NOT_PUBLISHED: The input bronze/gone (failed) has no published table.',
  ],
  [
    'one that was skipped',
    [skippedResult(GONE_SUMMARY, [FAILED])],
    'INPUT_NOT_PUBLISHED: The input gold/gone-summary (skipped) has no published table.',
  ],
  [
    'both',
    [FAILED, skippedResult(GONE_SUMMARY, [FAILED])],
    'INPUT_NOT_PUBLISHED: The inputs bronze/gone (failed) and gold/gone-summary (skipped) have no published tables.',
  ],
])('the error of a skipped dataset names its unpublished inputs: %s', (_what, inputs, error) => {
  expect(skippedResult({ dataset: 'states', layer: 'gold' }, inputs)).toMatchObject({
    status: 'skipped',
    run_id: null,
    tables: [],
    error_code: 'INPUT_NOT_PUBLISHED',
    error,
  });
});
