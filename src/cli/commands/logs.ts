import { example } from './help-text';
import { positiveInteger } from './option-values';
import { GlobalOptions, globalOptions, withDeployed } from './options';
import { Command } from '../../private/dependencies/commander';
import { logs, LogsOptions } from '../logs';

/** Adds `medallion logs`. */
export function addLogsCommand(program: Command): void {
  withDeployed(program.command('logs'), 'Read the log in CloudWatch')
    .summary('Print the log of the last run of a dataset, or of another run')
    .description(
      'Print the log of the last run of a dataset, or of another run. A local log includes the output of Spark.',
    )
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .option('--run <run_id>', 'Run whose log is printed (default: the last run)')
    .option('--tail <n>', 'Print only the last lines', positiveInteger)
    .option('--spark', 'With --deployed, print the log of Spark instead of the log of the job')
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText('after', example('npx medallion logs zipcodes --tail 50', 'npx medallion logs zipcodes --deployed'))
    .action((name: string, options: Omit<LogsOptions, keyof GlobalOptions>) =>
      logs(name, { ...globalOptions(program), ...options }));
}
