import { example } from './help-text';
import { parseSince, positiveInteger } from './option-values';
import { GlobalOptions, globalOptions, withDeployed } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { runs, RunsOptions } from '../runs';

/** The number of runs that are shown by default. */
const DEFAULT_RUNS = 20;

/** Adds `medallion runs`. */
export function addRunsCommand(program: Command): void {
  withDeployed(program.command('runs'), 'Read the lake in AWS')
    .summary('Show recent runs, or the details of one run')
    .description(
      'Show the recent runs of all datasets or of one, newest first: state, start, time, rows and their change, failed '
        + 'checks and the reason. With a run ID, show the steps, sources, inputs, tables, checks and log of the run.',
    )
    .argument('[dataset or run]', 'Name of a dataset, LAYER/DATASET, or a run ID (default: all datasets)')
    .addOption(
      new Option('--limit <n>', 'Maximum number of runs').argParser(positiveInteger).default(DEFAULT_RUNS),
    )
    .option('--failed', 'Show only failed runs')
    .option('--since <time>', 'Show only runs since a date or a time (UTC), or of the last 24h or 7d', parseSince)
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .addOption(
      new Option('--log [lines]', 'With a run ID, print the last lines of its log (default: 40)')
        .argParser(positiveInteger)
        .preset('40'),
    )
    .addHelpText(
      'after',
      example('npx medallion runs --failed --since 24h', 'npx medallion runs 20261123T012048123Z-3f9a1c --log'),
    )
    .action((name: string | undefined, options: Omit<RunsOptions, keyof GlobalOptions>) =>
      runs(name, { ...globalOptions(program), ...options }));
}
