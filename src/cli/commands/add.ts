import { example } from './help-text';
import { choice, globalOptions, repeatable } from './options';
import { Command } from '../../private/dependencies/commander';
import { DataSizeCategory } from '../../sizing';
import { AddOptions } from '../add';

const SIZE_CATEGORIES = Object.values(DataSizeCategory);

/** Adds `medallion add`. */
export function addAddCommand(program: Command): void {
  program
    .command('add')
    .summary('Inspect a data file and write the config.json of a bronze dataset')
    .description('Inspect a data file and write the config.json of a bronze dataset.')
    .argument('<source>', 'URL of the file, or path of a local file')
    .option('--lake <dir>', "Folder of the core's config.json (default: the current folder or a subfolder)")
    .option('--name <dataset>', 'Name of the dataset (default: derived from the file name)')
    .option(
      '--url <url>',
      'URL that the job downloads, if SOURCE is a local file that should not be deployed with the app',
    )
    .addOption(
      choice('--size <category>', 'Size category of the dataset (default: based on the file size)', SIZE_CATEGORIES),
    )
    .addOption(
      repeatable('--key <column>', 'Column of the business key; repeatable', 'a column with unique values in the file'),
    )
    .option('--delimiter <character>', 'Delimiter, \\t for a tab (default: detected)')
    .option('--encoding <name>', 'Encoding, for example latin-1 (default: detected)')
    .option('--no-header', 'Treat the first record as data')
    .option('--force', 'Replace an existing config.json and an existing copy of the file')
    .option('--dry-run', 'Print config.json instead of writing it')
    .addHelpText(
      'after',
      example('npx medallion add https://example.org/zipcodes.csv --key zip_code', 'npx medallion add ./airlines.csv'),
    )
    .action(async (source: string, options: Omit<AddOptions, 'json'>) => {
      // Loaded lazily, because the module imports the CDK, which would make every command start ten times slower.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { add } = require('../add') as typeof import('../add');
      await add(source, { ...globalOptions(program), ...options });
    });
}
