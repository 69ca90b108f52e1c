import { example } from './help-text';
import { positiveInteger } from './option-values';
import { GlobalOptions, globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { diff, DiffOptions } from '../diff';

/** Adds `medallion diff`. */
export function addDiffCommand(program: Command): void {
  program
    .command('diff')
    .summary('Show what differs between two publications of a dataset')
    .description(
      'Show what differs between two publications of a dataset in the local lake: columns, data types, and rows by '
        + 'business key. By default, compare the current publication with the previous one.',
    )
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .argument('[old_run]', 'ID of the run of the earlier publication, or the start of the ID')
    .argument('[new_run]', 'ID of the run of the later publication (default: the current publication)')
    .option('--samples <n>', 'Maximum number of rows to show per kind of change', positiveInteger, 5)
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText('after', example('npx medallion diff zipcodes', 'npx medallion diff zipcodes 20261123 --json'))
    .action((dataset: string, oldRun: string | undefined, newRun: string | undefined,
      options: Omit<DiffOptions, keyof GlobalOptions>) =>
      diff(dataset, [oldRun, newRun].flatMap(each => each ?? []), { ...globalOptions(program), ...options }));
}
