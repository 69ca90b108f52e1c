import { withLocalCommands } from '../../src/cli/local-command';

test.each([
  [
    'To publish once despite the failed gates, run with run_options {"allow": ["shrink", "rescued"]}',
    'To publish once despite the failed gates, run `npx medallion run weather --allow shrink --allow rescued`',
  ],
  ['To rebuild them, run with run_options {"force": true}', 'To rebuild them, run `npx medallion run weather --force`'],
  [
    'run once with run_options {"reset_contract": true}, or correct it',
    'run once `npx medallion run weather --reset-contract`, or correct it',
  ],
  ['run with run_options {"from_run": "x"}', 'run `npx medallion run weather --from-run x`'],
  ['run with run_options {invalid}', 'run with run_options {invalid}'],
  ['run_options.allow is "x"', 'run_options.allow is "x"'],
])('%s', (message, expected) => {
  expect(withLocalCommands(message, 'weather')).toBe(expected);
});
