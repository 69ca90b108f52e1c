import { argumentsOf, RunRequest } from '../../src/cli/run-job';

const NOTHING_ASKED: RunRequest = { allow: [] };
const DEPLOYED = { '--run_options': '{}', '--dataset_config': 's3://lake/etl/zipcodes/glue/bronze.json' };

test.each<[string, Partial<RunRequest>, object]>([
  ['nothing', {}, {}],
  ['--force', { force: true }, { force: true }],
  ['--allow', { allow: ['shrink', 'rescued'] }, { allow: ['shrink', 'rescued'] }],
  ['--reset-contract', { resetContract: true }, { reset_contract: true }],
  [
    '--from-run, which never asks whether the source is unchanged',
    { fromRun: '20261123T012048123Z-3f9a1c' },
    { force: true, from_run: '20261123T012048123Z-3f9a1c' },
  ],
])('what is asked by %s reaches the job in run_options, and no other argument changes', (_, asked, options) => {
  const { '--run_options': runOptions, ...rest } = argumentsOf({ arguments: DEPLOYED }, { ...NOTHING_ASKED, ...asked });
  expect(JSON.parse(runOptions)).toEqual(options);
  expect(rest).toEqual({ '--dataset_config': DEPLOYED['--dataset_config'] });
});
