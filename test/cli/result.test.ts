import { glueJob, writeAssembly } from './assembly-fixture';
import { readDatasets } from '../../src/cli/dataset';
import { resultOf } from '../../src/cli/result';
import { Outcome } from '../../src/cli/run-job';

const [DATASET] = readDatasets(writeAssembly({ Datasets: { resources: { A: glueJob({ dataset: 'zipcodes' }) } } }));
const RECORD = { run_id: 'r1', status: 'failed' };

test.each<[string, Partial<Outcome>, string, string]>([
  [
    'the run record',
    { record: { ...RECORD, error: 'SOURCE_NOT_FOUND: no such file.', error_code: 'SOURCE_NOT_FOUND' } },
    'SOURCE_NOT_FOUND',
    'SOURCE_NOT_FOUND: no such file.',
  ],
  [
    'the run record, if its message does not start with the code',
    { record: { ...RECORD, error: 'The run was killed.', error_code: 'RUN_KILLED' } },
    'RUN_KILLED',
    'RUN_KILLED: The run was killed.',
  ],
  [
    'the message of a job without a run record',
    { error: 'ARGUMENTS_INVALID: --names is missing.' },
    'ARGUMENTS_INVALID',
    'ARGUMENTS_INVALID: --names is missing.',
  ],
  ['an unknown error', { error: 'ImportError: x' }, 'UNEXPECTED_ERROR', 'UNEXPECTED_ERROR: ImportError: x'],
  [
    'an exit code without a message',
    { exit_code: 3 },
    'UNEXPECTED_ERROR',
    "UNEXPECTED_ERROR: The job's script ended with exit code 3.",
  ],
])('the result of a failed run has the error code of %s', (_source, outcome, code, error) => {
  const ended = { exit_code: 1, error: null, record: null, published: null, ...outcome };
  const result = resultOf(DATASET, ended, 1, DATASET.dataset);
  expect(result).toMatchObject({ status: 'failed', error_code: code, error });
});

test('the result of a successful run has no error code', () => {
  const record = { run_id: 'r1', status: 'published', error: null, error_code: null };
  const result = resultOf(DATASET, { exit_code: 0, error: null, record, published: null }, 1, DATASET.dataset);
  expect(result).toMatchObject({ status: 'published' });
  expect(result).not.toHaveProperty('error_code');
  expect(result).not.toHaveProperty('error');
});

const ENTRY_POINTS = [
  ['bronze', 'run_bronze', 'fetch'],
  ['silver', 'run_silver', 'transform'],
  ['gold', 'run_gold', 'transform'],
];

test.each(ENTRY_POINTS)('a %s script without a run record gets a warning and no tables', (layer, entry, argument) => {
  const tables = { a: { name: 'a', rows: 1, location: '', columns: [] } };
  const published = { run_id: 'r0', database: 'pp_dw', tables };
  const result = resultOf({ ...DATASET, layer }, { exit_code: 0, error: null, record: null, published }, 1, 'a');
  expect(result).toMatchObject({ status: 'succeeded', tables: [] });
  expect(result.warning).toMatch(`ended without calling ${entry}. To publish tables, import`);
  expect(result.warning).toContain(`call \`${entry}(sys.argv, ${argument})\``);
});

test('the result of a rollback has the run whose publication is current again, and the metadata of its tables', () => {
  const table = { name: 'zipcodes', rows: 3, location: 's3://lake/bronze/zipcodes/', columns: [] };
  const published = {
    run_id: 'r1', database: 'pp_dw_bronze', tables: { zipcodes: { ...table, metadata_location: 's3://lake/m.json' } },
  };
  const record = { run_id: 'r3', status: 'published', error: null, rolled_back_to: 'r1' };
  expect(resultOf(DATASET, { exit_code: 0, error: null, record, published }, 1, DATASET.dataset)).toMatchObject({
    run_id: 'r3', status: 'published', rolled_back_to: 'r1', tables: [{ metadata_location: 's3://lake/m.json' }],
  });
});

test.each([0, 1])('the warnings of a run with exit code %d are in its result', exitCode => {
  const record = { ...RECORD, error: null, warnings: ['a rule is violated'] };
  const outcome = { exit_code: exitCode, error: null, record, published: null };
  expect(resultOf(DATASET, outcome, 1, 'zipcodes').warnings).toEqual(['a rule is violated']);
});
