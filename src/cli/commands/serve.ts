import { example } from './help-text';
import { portNumber } from './option-values';
import { GlobalOptions, globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { serve, ServeOptions } from '../serve';

/** Adds `medallion serve`. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .summary('Serve the local lake to other programs, which read it like AWS')
    .description(
      'Serve the S3 API and the Data Catalog of the local lake on 127.0.0.1 until Ctrl-C, so that other programs read '
        + 'it like AWS. Print the environment variables to set for them. Runs cannot use the lake during this time.',
    )
    .option('--port <n>', 'Port (default: a free port)', portNumber)
    .addHelpText('after', example('npx medallion serve', 'npx medallion serve --port 4566 --json'))
    .action((options: Omit<ServeOptions, keyof GlobalOptions>) => serve({ ...globalOptions(program), ...options }));
}
