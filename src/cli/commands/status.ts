import { example } from './help-text';
import { GlobalOptions, globalOptions, withDeployed } from './options';
import { Command } from '../../private/dependencies/commander';
import { HistoryOptions } from '../history-options';
import { status } from '../status';

/** Adds `medallion status`. */
export function addStatusCommand(program: Command): void {
  withDeployed(program.command('status'), 'Read the lake in AWS')
    .summary('Show the state of each dataset: last run, age, freshness, and newer inputs')
    .description(
      'Show the state of each dataset: its last run, the age of its tables, whether they are fresh, and whether an '
        + 'input has published since they were built.',
    )
    .addHelpText('after', example('npx medallion status', 'npx medallion status --deployed --profile prod'))
    .action((options: Omit<HistoryOptions, keyof GlobalOptions>) => status({ ...globalOptions(program), ...options }));
}
