import { InvalidArgumentError } from '../private/dependencies/commander';
import { didYouMean } from '../private/errors/suggestion';

/** Checks that the value of an option or argument is one of its choices. */
export function oneOf(choices: readonly string[]): (value: string) => string {
  return value => {
    if (!choices.includes(value)) {
      throw new InvalidArgumentError(`${didYouMean(value, choices)}Allowed choices are ${choices.join(', ')}.`);
    }
    return value;
  };
}
