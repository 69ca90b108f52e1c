import { InvalidArgumentError } from '../private/dependencies/commander';
import { didYouMean } from '../private/errors/suggestion';

/** The quality gates that `--allow` accepts. A test compares them with `GATES` in etl_runtime/job/arguments.py. */
export const GATES = [
  'required_columns',
  'null_share',
  'min_rows',
  'shrink',
  'missing_columns',
  'all_null_columns',
  'rescued',
  'frozen',
  'business_key',
  'rules',
  'history',
  'churn',
];

/** Checks a value of `--allow` and adds it to the previous values. */
export function addGate(gate: string, previous: string[]): string[] {
  if (!GATES.includes(gate)) {
    throw new InvalidArgumentError(`${didYouMean(gate, GATES)}The quality gates are ${GATES.join(', ')}.`);
  }
  return [...previous, gate];
}
