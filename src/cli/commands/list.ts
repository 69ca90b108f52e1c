import { example } from './help-text';
import { parsePrice } from './option-values';
import { globalOptions } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { list } from '../list';

/** Adds `medallion list`. */
export function addListCommand(program: Command): void {
  program
    .command('list')
    .summary('List the datasets and pipelines of the app')
    .description(
      'List the datasets of the app, with their tables, the inputs of derived datasets and the maximum usage of a run '
        + 'in DPU-hours, and its pipelines.',
    )
    .option('--pipelines', 'List only the pipelines, with the commands that resume a failed execution in AWS')
    .addOption(
      new Option('--price [usd]', 'Show the maximum price of a run, at this price in USD per DPU-hour (default: '
        + 'example prices)').argParser(parsePrice).conflicts('pipelines'),
    )
    .addHelpText('after', example('npx medallion list', 'npx medallion list --price 0.44'))
    .action((options: { pipelines?: true; price?: number | true }) => list({ ...globalOptions(program), ...options }));
}
