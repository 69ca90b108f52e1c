import { example } from './help-text';
import { parseDate, positiveInteger } from './option-values';
import { bucketOption, GlobalOptions, globalOptions, glueVersion, secretOption, withDeployed } from './options';
import { Command, Option } from '../../private/dependencies/commander';
import { Failure } from '../failure';
import { addGate, GATES } from '../gates';
import { HistoryOptions } from '../history-options';
import { requireDeployed } from '../open-history';
import { PipelineRunOptions, runPipeline } from '../pipeline-run';
import { run, RunOptions } from '../run';
import { runDeployed } from '../run-deployed';

/** The options of `run`, without the global options. */
type RunCommandOptions = Omit<RunOptions & Partial<PipelineRunOptions> & HistoryOptions, keyof GlobalOptions>;

/** The options that apply only to a single dataset. */
const SINGLE_RUN_OPTIONS = ['force', 'allow', 'resetContract', 'fromRun', 'date'];

/** Adds `medallion run`. */
export function addRunCommand(program: Command): void {
  withDeployed(program.command('run'), 'Start the job in AWS and follow it. Ctrl-C does not stop the job')
    .summary('Run the job of a dataset and show its tables, or run a pipeline')
    .description(
      'Run the job of a dataset and show its tables. Inputs without a published table run first. With --pipeline, run '
        + 'the datasets of a pipeline, with the same rules as in AWS.',
    )
    .argument(
      '[dataset]',
      'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name; optional if the app has '
        + 'only one dataset',
    )
    .addOption(
      new Option('--all', 'Run all datasets, each after its inputs, and show a summary').conflicts(SINGLE_RUN_OPTIONS),
    )
    .addOption(
      new Option('--pipeline <pipeline>', 'Run the datasets of this pipeline, and show a summary')
        .conflicts([...SINGLE_RUN_OPTIONS, 'all', 'withInputs']),
    )
    .option('--resume', 'With --pipeline, run only the datasets that failed or were skipped in the last run')
    .option('--with-inputs', 'Run all inputs first, even if they have published tables')
    .option(
      '--jobs <n>',
      'Maximum number of datasets that run in parallel (default: depends on CPU cores and free memory)',
      positiveInteger,
    )
    .addOption(glueVersion('Glue version of all jobs (default: the version of each job)'))
    .option(
      '--stack <stack>',
      'Stack of the dataset or the pipeline, or with --all, of the datasets (default: all stacks)',
    )
    .option('--synth', 'Run `cdk synth` first')
    .option('--force', 'Rebuild the tables of the dataset even if its source is unchanged')
    .addOption(
      new Option('--allow <gate>', 'Quality gate that is allowed to fail in this run; repeatable')
        .choices(GATES)
        .default([], 'none')
        .argParser(addGate),
    )
    .option('--reset-contract', 'Discard the published columns and data types of the dataset and infer them again')
    .addOption(secretOption())
    .addOption(bucketOption())
    .addOption(
      new Option('--date <date>', 'Load the file of this date, such as 2026-11-02. The URL must contain a date')
        .argParser(parseDate)
        .conflicts('fromRun'),
    )
    .option(
      '--from-run <run_id>',
      'Rebuild the tables from the stored original files of this run, without requests to the source',
    )
    .addHelpText(
      'after',
      example(
        'npx medallion run zipcodes',
        'npx medallion run --all --jobs 2',
        'npx medallion run --pipeline daily',
        'npx medallion run zipcodes --deployed --force',
      ),
    )
    .action(async (dataset: string | undefined, options: RunCommandOptions) => {
      const { pipeline } = options;
      if (options.deployed) {
        process.exitCode = await runDeployed(dataset, { ...globalOptions(program), ...options }) ? 0 : 1;
        return;
      }
      requireDeployed({ ...globalOptions(program), ...options });
      if (pipeline !== undefined && dataset !== undefined) {
        throw new Failure(`--pipeline cannot be combined with a dataset ("${dataset}"). Omit one of them.`, 2);
      }
      if (pipeline === undefined && options.resume) {
        throw new Failure('--resume requires --pipeline NAME, the pipeline whose last run failed.', 2);
      }
      const hasSucceeded = pipeline === undefined
        ? await run(dataset, { ...globalOptions(program), ...options })
        : await runPipeline({ ...globalOptions(program), ...options, pipeline });
      process.exitCode = hasSucceeded ? 0 : 1;
    });
}
