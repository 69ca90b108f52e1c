import { example } from './help-text';
import { choice, globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { LANGUAGES } from '../app-template';
import { Failure } from '../failure';
import { init, InitOptions } from '../init';
import { InitFromOptions } from '../init-from';

/** Adds `medallion init`. */
export function addInitCommand(program: Command): void {
  program
    .command('init')
    .summary('Create a CDK app, with sample datasets or from existing configuration files')
    .description(
      'Create a CDK app that reads its datasets from configuration files, with sample datasets. With --from, show how '
        + 'to correct existing configuration files, and which files the current folder needs as an app.',
    )
    .argument('[dir]', 'New or empty folder; cannot be combined with --from')
    .addOption(choice('--language <language>', 'Language of the app', LANGUAGES).default('typescript'))
    .option('--prefix <prefix>', 'Prefix of all names of the lake (default: the folder name)')
    .option('--from <dir>', 'Folder with existing configuration files. Without --write, the changes are only printed')
    .option('--write', 'Make the changes of --from')
    .addHelpText(
      'after',
      example('npx medallion init my-lake --language python', 'npx medallion init --from lake --write'),
    )
    .action((folder: string | undefined, options: Omit<InitOptions & Partial<InitFromOptions>, 'json'>) => {
      const { from, write } = options;
      if (from !== undefined && folder !== undefined) {
        throw new Failure(`DIR ("${folder}") cannot be combined with --from: the app is in the current folder.`, 2);
      }
      if (from === undefined && write) {
        throw new Failure('--write requires --from DIR, the folder of the configuration files.', 2);
      }
      if (from !== undefined) {
        // Loaded lazily, for the reason in add.ts.
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const { initFrom } = require('../init-from') as typeof import('../init-from');
        process.exitCode = initFrom({ ...globalOptions(program), ...options, from }) ? 0 : 1;
      } else if (folder === undefined) {
        throw new Failure('DIR is missing. Specify a new folder, or --from DIR for existing configuration files.', 2);
      } else {
        init(folder, { ...globalOptions(program), ...options });
      }
    });
}
