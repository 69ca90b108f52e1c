import { usesIceberg } from '../../src/cli/dataset';
import { argumentsOf, SingleRunOptions } from '../../src/cli/run-job';

const NO_OPTIONS: SingleRunOptions = { allow: [] };
const DEPLOYED = { '--run_options': '{}', '--dataset_config': 's3://lake/etl/zipcodes/glue/bronze.json' };

test.each<[string, Partial<SingleRunOptions>, object]>([
  ['no option', {}, {}],
  ['--force', { force: true }, { force: true }],
  ['--allow', { allow: ['shrink', 'rescued'] }, { allow: ['shrink', 'rescued'] }],
  ['--reset-contract', { resetContract: true }, { reset_contract: true }],
  ['--date', { date: '2026-11-02' }, { date: '2026-11-02' }],
  [
    '--from-run, which implies --force',
    { fromRun: '20261123T012048123Z-3f9a1c' },
    { force: true, from_run: '20261123T012048123Z-3f9a1c' },
  ],
  ['a rollback', { rollbackTo: '20261123T012048123Z-3f9a1c' }, { rollback_to: '20261123T012048123Z-3f9a1c' }],
])('%s only changes the argument --run_options', (_, given, options) => {
  const { '--run_options': runOptions, ...rest } = argumentsOf({ arguments: DEPLOYED }, { ...NO_OPTIONS, ...given });
  expect(JSON.parse(runOptions)).toEqual(options);
  expect(rest).toEqual({ '--dataset_config': DEPLOYED['--dataset_config'] });
});

test.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ '--datalake-formats': 'hudi' }, false],
  [{ '--datalake-formats': 'iceberg' }, true],
  [{ '--datalake-formats': 'hudi,iceberg' }, true],
])('a job with the arguments %j uses Iceberg: %j', (given, expected) => {
  expect(usesIceberg({ arguments: { ...DEPLOYED, ...given } })).toBe(expected);
});
