import { example } from './help-text';
import { portNumber } from './option-values';
import { GlobalOptions, globalOptions } from './options';
import { Command } from '../../private/dependencies/commander';
import { serve, ServeOptions } from '../serve';

/** Adds `medallion serve`. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .summary('Serve the local lake to other programs, which can read it like a lake in AWS')
    .description(
      'Serve the S3 API and the Data Catalog of the local lake on 127.0.0.1 until Ctrl-C, so that other programs can '
        + 'read it like a lake in AWS. Print the environment variables to set for them. Meanwhile, runs cannot use the '
        + 'lake.',
    )
    .option('--port <n>', 'Port (default: a free port)', portNumber)
    .addHelpText('after', example('npx medallion serve', 'npx medallion serve --port 4566 --json'))
    .action((options: Omit<ServeOptions, keyof GlobalOptions>) => serve({ ...globalOptions(program), ...options }));
}
