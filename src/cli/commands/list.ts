import { example } from './help-text';
import { globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { list } from '../list';

/** Adds `medallion list`. */
export function addListCommand(program: Command): void {
  program
    .command('list')
    .summary('List the datasets and pipelines of the app')
    .description(
      'List the datasets of the app, with their tables and the inputs of derived datasets, and its pipelines.',
    )
    .option('--pipelines', 'List only the pipelines, with the commands that resume a failed execution in AWS')
    .addHelpText('after', example('npx medallion list', 'npx medallion list --pipelines --json'))
    .action((options: { pipelines?: true }) => list({ ...globalOptions(program), ...options }));
}
