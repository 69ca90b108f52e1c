import { example } from './help-text';
import { GlobalOptions, globalOptions, glueVersion } from './options';
import { Command } from '../../private/dependencies/commander';
import { rollback, RollbackOptions } from '../rollback';

/** Adds `medallion rollback`. */
export function addRollbackCommand(program: Command): void {
  program
    .command('rollback')
    .summary('Make an earlier publication of a dataset current again')
    .description(
      'Make an earlier publication of a dataset current again: the snapshots of its Iceberg tables, or the Parquet '
        + 'tables of a bronze dataset, which are rebuilt from the original files. Without --to, list the publications.',
    )
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .option('--to <run_id>', 'Run whose publication becomes current again (default: list the publications)')
    .addOption(glueVersion('Glue version of the job (default: the version of the job)'))
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText(
      'after',
      example(
        'npx medallion rollback zipcodes',
        'npx medallion rollback zipcodes --to 20261123T012048123Z-3f9a1c',
      ),
    )
    .action(async (dataset: string, options: Omit<RollbackOptions, keyof GlobalOptions>) => {
      process.exitCode = await rollback(dataset, { ...globalOptions(program), ...options }) ? 0 : 1;
    });
}
