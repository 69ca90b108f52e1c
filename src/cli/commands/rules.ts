import { example } from './help-text';
import { GlobalOptions, globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { rules, RulesOptions } from '../rules';

/** Adds `medallion rules`. */
export function addRulesCommand(program: Command): void {
  program
    .command('rules')
    .summary('List the data rules of the app, or export them for AWS Glue Data Quality')
    .description(
      'List the data rules of a dataset or of all datasets. With --dqdl, print one ruleset per table in the Data '
        + 'Quality Definition Language of AWS Glue.',
    )
    .argument('[dataset]', 'Name of the dataset, or LAYER/DATASET (default: all datasets)')
    .option('--dqdl', 'Print rulesets of AWS Glue Data Quality')
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .addHelpText('after', example('npx medallion rules', 'npx medallion rules zipcodes --dqdl'))
    .action((dataset: string | undefined, options: Omit<RulesOptions, keyof GlobalOptions>) =>
      rules(dataset, { ...globalOptions(program), ...options }));
}
