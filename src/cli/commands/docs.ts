import { example } from './help-text';
import { GlobalOptions, globalOptions, withDeployed } from './options';
import { Command } from '../../private/dependencies/commander';
import { DocsOptions } from '../docs';
import { DEFAULT_PAGE } from '../page';

/** Adds `medallion docs`. */
export function addDocsCommand(program: Command): void {
  withDeployed(program.command('docs'), 'Read the run records of the lake in AWS')
    .summary('Write a page about the lake: graph, tables, columns, lineage, rules and runs')
    .description(
      'Write a page about the lake as a single HTML file that works offline, and print its path. The page shows the '
        + 'graph of the datasets with their state, tables, columns, lineage, rules, gates, runs and errors.',
    )
    .option('--out <file>', 'File to write', DEFAULT_PAGE)
    .addHelpText(
      'after',
      example('npx cdk synth && npx medallion docs', 'npx medallion docs --deployed --out public/index.html'),
    )
    .action(async (options: Omit<DocsOptions, keyof GlobalOptions>) => {
      // Loaded lazily, because the module for the layout of the graph would slow down the start of other commands.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { docs } = require('../docs') as typeof import('../docs');
      await docs({ ...globalOptions(program), ...options });
    });
}
