import { example } from './help-text';
import { positiveInteger } from './option-values';
import { bucketOption, GlobalOptions, globalOptions, glueVersion, secretOption } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { dev, DevOptions } from '../dev';
import { addGate, GATES } from '../gates';

/** Adds `medallion dev`. */
export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .summary('Watch the app, run what changes, and show the differences')
    .description(
      'Watch the app until Ctrl-C. When a file changes, synthesize the app, run the datasets that have changed and '
        + 'those that depend on them, and show their tables and the differences. Spark keeps running between runs.',
    )
    .argument(
      '[dataset...]',
      'Names of datasets, or LAYER/DATASET. They run at the start, and only they and their inputs are watched '
        + '(default: all datasets are watched, and none runs at the start)',
    )
    .option('--jobs <n>', 'Maximum number of datasets that run in parallel (default: 1)', positiveInteger)
    .addOption(glueVersion('Glue version of all jobs (default: the version of each job)'))
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .addOption(
      new Option('--allow <gate>', 'Quality gate that is allowed to fail in these runs; repeatable')
        .choices(GATES)
        .default([], 'none')
        .argParser(addGate),
    )
    .addOption(secretOption())
    .addOption(bucketOption())
    .addHelpText('after', example('npx medallion dev', 'npx medallion dev zipcodes-by-state --allow missing_columns'))
    .action((datasets: string[], options: Omit<DevOptions, keyof GlobalOptions>) =>
      dev(datasets, { ...globalOptions(program), ...options }));
}
