import { example } from './help-text';
import { globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { reset } from '../reset';
import { resetContract } from '../reset-contract';

/** Adds `medallion reset`. */
export function addResetCommand(program: Command): void {
  program
    .command('reset')
    .summary('Delete the local lake, or reset the contract of a dataset')
    .description('Delete the local lake, or reset the schema contract of one dataset.')
    .option('--yes', 'Do not ask for confirmation')
    .option(
      '--contract <dataset>',
      'Reset the contract of this bronze dataset: its next run infers columns and data types again. No data is deleted',
    )
    .option('--stack <stack>', 'Stack of the dataset of --contract (default: all stacks)')
    .addHelpText('after', example('npx medallion reset --yes', 'npx medallion reset --contract zipcodes'))
    .action((options: { yes?: true; contract?: string; stack?: string }) =>
      options.contract === undefined
        ? reset({ ...globalOptions(program), ...options })
        : resetContract(options.contract, { ...globalOptions(program), ...options }),
    );
}
