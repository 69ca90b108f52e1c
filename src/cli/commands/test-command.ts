import { example } from './help-text';
import { GlobalOptions, globalOptions, glueVersion, repeatable } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { Failure } from '../failure';
import { TestOptions } from '../sql-tests';
import { RecordOptions } from '../test-record';

/** The options of `test`, without the global options. */
type TestCommandOptions =
  Omit<TestOptions, keyof GlobalOptions> & Pick<RecordOptions, 'output' | 'force'> & { readonly record?: true };

/** Adds `medallion test`. This file is not named test.ts, because Jest would treat it as a test file. */
export function addTestCommand(program: Command): void {
  program
    .command('test')
    .summary('Test the SQL, scripts and histories of derived datasets on Spark')
    .description(
      'Run the tests in tests/*.yaml: the SQL or script of a silver or gold dataset on the input rows of a test, with '
        + "the dataset's Spark version. A local lake is not required. With --record, write a test with rows of the "
        + 'local lake.',
    )
    .argument('[dataset]', 'Test only this dataset: its name, or LAYER/DATASET')
    .option('--name <pattern>', 'Run only the tests with this text in their name; * stands for any characters')
    .addOption(
      repeatable('--tests <path>', 'Test file, or folder with test files; repeatable', 'all folders named tests'),
    )
    .addOption(glueVersion('Glue version of all tests (default: the version of each dataset)'))
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .option('--junit <file>', 'Write a JUnit report to this file')
    .addOption(
      new Option('--record', 'Write a test of the dataset, with matching input rows of the local lake')
        .conflicts(['name', 'junit']),
    )
    .option(
      '--output <file>',
      'With --record, the test file to write (default: tests/DATASET.yaml next to the dataset)',
    )
    .option('--force', 'With --record, replace an existing test file')
    .addHelpText(
      'after',
      example(
        'npx cdk synth && npx medallion test',
        'npx medallion test airport-cities --name "*without an airport*"',
        'npx medallion test --record airport-cities',
      ),
    )
    .action(async (dataset: string | undefined, options: TestCommandOptions) => {
      const { record, output, force, ...others } = options;
      if (!record && (output !== undefined || force)) {
        throw new Failure(`${force ? '--force' : '--output'} requires --record.`, 2);
      }
      if (record && dataset === undefined) {
        throw new Failure('--record requires the name of a dataset: npx medallion test --record DATASET', 2);
      }
      // Loaded lazily, for the reason in add.ts.
      if (record) {
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const { recordTest } = require('../test-record') as typeof import('../test-record');
        await recordTest(dataset!, { ...globalOptions(program), ...others, output, force });
        return;
      }
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { test } = require('../sql-tests') as typeof import('../sql-tests');
      process.exitCode = await test(dataset, { ...globalOptions(program), ...others }) ? 0 : 1;
    });
}
