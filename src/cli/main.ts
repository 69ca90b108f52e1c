#!/usr/bin/env node
import * as fs from 'fs';
import * as path from 'path';
import { AddOptions } from './add';
import { LANGUAGES } from './app-template';
import { DEFAULT_APP } from './assembly';
import { interrupt } from './child';
import { oneOf } from './choice';
import { candidatesFor, COMPLETE_COMMAND, completionScript, SHELLS } from './completion';
import { fullName, readDatasets, selectDataset } from './dataset';
import { diff, DiffOptions } from './diff';
import { DEFAULT_PAGE, docs, DocsOptions } from './docs';
import { GLUE_VERSIONS } from './environment';
import { exportTable } from './export';
import { Failure, FailureCode, messageOf } from './failure';
import { addGate, GATES } from './gates';
import { HistoryOptions } from './history-options';
import { init, InitOptions } from './init';
import { InitFromOptions } from './init-from';
import { keptPublications } from './kept-publications';
import { DEFAULT_DATA, Lake } from './lake';
import { list } from './list';
import { logs, LogsOptions } from './logs';
import { requireDeployed } from './open-history';
import { readPipelines } from './pipeline';
import { PipelineRunOptions, runPipeline } from './pipeline-run';
import { paint } from './progress';
import { query, QueryOptions } from './query';
import { reset } from './reset';
import { resetContract } from './reset-contract';
import { rollback, RollbackOptions } from './rollback';
import { rules, RulesOptions } from './rules';
import { run, RunOptions } from './run';
import { runDeployed } from './run-deployed';
import { runIdsOf } from './run-records';
import { runs, RunsOptions } from './runs';
import { serve, ServeOptions } from './serve';
import { TestOptions } from './sql-tests';
import { status } from './status';
import { RecordOptions } from './test-record';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from '../private/dependencies/commander';
import { isCalendarDate } from '../private/document/calendar-date';
import { DataSizeCategory } from '../sizing';

/** The options of every command. */
interface GlobalOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
}

/** The options of `run`, without the global options. */
type RunCommandOptions = Omit<RunOptions & Partial<PipelineRunOptions> & HistoryOptions, keyof GlobalOptions>;

/** The options of `test`, without the global options. */
type TestCommandOptions =
  Omit<TestOptions, keyof GlobalOptions> & Pick<RecordOptions, 'output' | 'force'> & { readonly record?: true };

/** The options of `run` that apply to one dataset. */
const SINGLE_RUN_OPTIONS = ['force', 'allow', 'resetContract', 'fromRun', 'date'];

/**
 * An option that can be repeated.
 *
 * @param defaultText the default for the help text
 */
function repeatable(flags: string, description: string, defaultText: string): Option {
  return new Option(flags, description)
    .default([], defaultText)
    .argParser((value: string, previous: string[]) => [...previous, value]);
}

function positiveInteger(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) {
    throw new InvalidArgumentError('Specify an integer of at least 1.');
  }
  return Number(value);
}

function portNumber(value: string): number {
  const port = positiveInteger(value);
  if (port > 65535) {
    throw new InvalidArgumentError('Specify a port from 1 to 65535.');
  }
  return port;
}

/** A date as in the run options: YYYY-MM-DD. */
function parseDate(value: string): string {
  if (!isCalendarDate(value)) {
    throw new InvalidArgumentError('Specify a date that exists, for example 2026-11-02.');
  }
  return value;
}

/** A moment: `24h` or `7d` before now, or a date or a time in UTC. */
function parseSince(value: string): Date {
  const [, count, unit] = /^(\d{1,5})(h|d)$/.exec(value) ?? [];
  if (count !== undefined) {
    return new Date(Date.now() - Number(count) * (unit === 'h' ? 3_600_000 : 86_400_000));
  }
  const [day, time] = value.split('T');
  const hasZone = time !== undefined && /(Z|[+-]\d\d:?\d\d)$/.test(time);
  const moment = new Date(hasZone ? value : `${day}T${time ?? '00:00'}Z`);
  if (!isCalendarDate(day) || Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError('Specify hours or days, such as 24h or 7d, or a date, such as 2026-11-02.');
  }
  return moment;
}

/** Adds the options of commands that read the lake in AWS. */
function withDeployed(subcommand: Command, description: string): Command {
  return subcommand
    .option('--deployed', description)
    .option('--profile <profile>', 'With --deployed, the AWS profile (default: AWS_PROFILE or the default credentials)')
    .option('--region <region>', 'With --deployed, the Region (default: that of the stack, or of the credentials)');
}

/** The last section of a command's help. */
function example(...lines: string[]): string {
  return ['', lines.length > 1 ? 'Examples:' : 'Example:', ...lines.map(line => `  $ ${line}`)].join('\n');
}

function version(): string {
  const file = path.join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

/** The number of runs that `medallion runs` shows by default. */
const DEFAULT_RUNS = 20;

const SIZE_CATEGORIES = Object.values(DataSizeCategory);

function command(): Command {
  const isJson = process.argv.includes('--json');
  const program = new Command('medallion')
    .description(
      'Run the Glue jobs of a synthesized CDK app on this machine, with Apache Spark and a local S3 API. An AWS '
        + 'account is not required.',
    )
    .option('--app <dir>', 'Cloud assembly that `cdk synth` wrote', DEFAULT_APP)
    .option('--data <dir>', 'Folder of the local lake', DEFAULT_DATA)
    .option('--json', 'Print one JSON document to standard output')
    .addOption(
      repeatable('--value <name=value>', 'Value that is only known at deployment, for local runs; repeatable', 'none'),
    )
    .version(version(), '-V, --version', 'Show the version')
    .helpOption('-h, --help', 'Show help')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand('help [command]', 'Show help for a command')
    .showHelpAfterError('(Run `medallion --help` for usage.)')
    .exitOverride()
    // With --json, errors are printed as JSON instead.
    .configureOutput(isJson ? { writeErr: () => undefined } : {})
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ npx medallion init my-lake',
        '  $ npx cdk synth && npx medallion run airports',
        '',
        'Run `medallion COMMAND --help` for the options of a command.',
        'Exit codes: 0 success, 1 failure, 2 usage error, 130 interrupted',
      ].join('\n'),
    );
  const globalOptions = () => ({ json: false, ...program.opts<Omit<GlobalOptions, 'json'>>() });

  program
    .command('init')
    .summary('Create a CDK app, with sample datasets or from existing configuration files')
    .description(
      'Create a CDK app that reads its datasets from configuration files, with sample datasets. With --from, show how '
        + 'to correct existing configuration files, and what the current folder needs to be an app.',
    )
    .argument('[dir]', 'New or empty folder; not with --from')
    .addOption(
      new Option('--language <language>', 'Language of the app')
        .choices(LANGUAGES)
        .argParser(oneOf(LANGUAGES))
        .default('typescript'),
    )
    .option('--prefix <prefix>', 'Prefix of all names of the lake (default: the folder name)')
    .option('--from <dir>', 'Folder of existing configuration files. The changes are printed')
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
        // Loaded lazily, as `add`.
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const { initFrom } = require('./init-from') as typeof import('./init-from');
        process.exitCode = initFrom({ ...globalOptions(), ...options, from }) ? 0 : 1;
      } else if (folder === undefined) {
        throw new Failure('DIR is missing. Specify a new folder, or --from DIR for existing configuration files.', 2);
      } else {
        init(folder, { ...globalOptions(), ...options });
      }
    });
  program
    .command('add')
    .summary('Inspect a data file and write the config.json of a bronze dataset')
    .description('Inspect a data file and write the config.json of a bronze dataset.')
    .argument('<source>', 'URL of the file, or path of a local file')
    .option('--lake <dir>', "Folder of the core's config.json (default: the current folder or a subfolder)")
    .option('--name <dataset>', 'Name of the dataset (default: derived from the file name)')
    .option(
      '--url <url>',
      'URL that the job downloads, if SOURCE is a local file that is not to be deployed with the app',
    )
    .addOption(
      new Option('--size <category>', 'Size category of the dataset (default: by the file size)')
        .choices(SIZE_CATEGORIES)
        .argParser(oneOf(SIZE_CATEGORIES)),
    )
    .addOption(
      repeatable('--key <column>', 'Column of the business key; repeatable', 'a column that is unique in the file'),
    )
    .option('--delimiter <character>', 'Delimiter, \\t for a tab (default: detected)')
    .option('--encoding <name>', 'Encoding, for example latin-1 (default: detected)')
    .option('--no-header', 'Treat the first record as data')
    .option('--force', 'Replace an existing config.json and copy of the file')
    .option('--dry-run', 'Print config.json instead of writing it')
    .addHelpText(
      'after',
      example('npx medallion add https://example.org/zipcodes.csv --key zip_code', 'npx medallion add ./airlines.csv'),
    )
    .action(async (source: string, options: Omit<AddOptions, 'json'>) => {
      // Loaded lazily, because it imports the CDK, which makes the start of every command ten times slower.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { add } = require('./add') as typeof import('./add');
      await add(source, { ...globalOptions(), ...options });
    });
  program
    .command('list')
    .summary('List the datasets and pipelines of the app')
    .description(
      'List the datasets of the app, with their tables and the inputs of derived datasets, and its pipelines.',
    )
    .option('--pipelines', 'List only the pipelines, with the commands that resume a failed execution in AWS')
    .addHelpText('after', example('npx medallion list', 'npx medallion list --pipelines --json'))
    .action((options: { pipelines?: true }) => list({ ...globalOptions(), ...options }));
  withDeployed(program.command('run'), 'Start the job in AWS and follow it. Ctrl-C does not stop the job')
    .summary('Run the job of a dataset and show its tables, or run a pipeline')
    .description(
      'Run the job of a dataset and show its tables. Inputs without a published table run first. With --pipeline, run '
        + 'the datasets of a pipeline, with the rules that apply in AWS.',
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
    .option('--resume', 'With --pipeline, run only what failed or was skipped in the last run')
    .option('--with-inputs', 'Run all inputs first, even if they have published tables')
    .option(
      '--jobs <n>',
      'Maximum number of datasets that run in parallel (default: by CPU cores and free memory)',
      positiveInteger,
    )
    .addOption(
      new Option('--glue-version <version>', 'Glue version of all jobs (default: the version of each job)')
        .choices(Object.keys(GLUE_VERSIONS))
        .argParser(oneOf(Object.keys(GLUE_VERSIONS))),
    )
    .option(
      '--stack <stack>',
      'Stack of the dataset or the pipeline, or with --all, of the datasets (default: all stacks)',
    )
    .option('--synth', 'Run `cdk synth` first')
    .option('--force', 'Rebuild the tables of the dataset even if its source is unchanged')
    .addOption(
      new Option('--allow <gate>', 'Quality gate that can fail in this run; repeatable')
        .choices(GATES)
        .default([], 'none')
        .argParser(addGate),
    )
    .option('--reset-contract', 'Discard the published columns and data types of the dataset and infer them again')
    .addOption(
      repeatable(
        '--secret <name=@file>',
        'Secret and the file with its value; repeatable',
        'environment variable MEDALLION_SECRET_<NAME>',
      ),
    )
    .addOption(
      repeatable('--bucket <name=dir>', 'Source bucket and the folder with its objects; repeatable', 'none'),
    )
    .addOption(
      new Option('--date <date>', 'Load the file of this date, such as 2026-11-02. The URL must contain a date')
        .argParser(parseDate)
        .conflicts('fromRun'),
    )
    .option('--from-run <run_id>', 'Rebuild the tables from the stored originals of this run, without source requests')
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
        process.exitCode = await runDeployed(dataset, { ...globalOptions(), ...options }) ? 0 : 1;
        return;
      }
      requireDeployed({ ...globalOptions(), ...options });
      if (pipeline !== undefined && dataset !== undefined) {
        throw new Failure(`--pipeline cannot be combined with a dataset ("${dataset}"). Omit one of them.`, 2);
      }
      if (pipeline === undefined && options.resume) {
        throw new Failure('--resume requires --pipeline NAME, the pipeline whose last run failed.', 2);
      }
      const hasSucceeded = pipeline === undefined
        ? await run(dataset, { ...globalOptions(), ...options })
        : await runPipeline({ ...globalOptions(), ...options, pipeline });
      process.exitCode = hasSucceeded ? 0 : 1;
    });
  program
    .command('rules')
    .summary('List the data rules of the app, or export them for AWS Glue Data Quality')
    .description(
      'List the data rules of a dataset or of all datasets. With --dqdl, print one ruleset per table in the Data '
        + 'Quality Definition Language of AWS Glue.',
    )
    .argument('[dataset]', 'Name of the dataset, or LAYER/DATASET (default: all datasets)')
    .option('--dqdl', 'Print rulesets of AWS Glue Data Quality')
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .addHelpText('after', example('npx medallion rules', 'npx medallion rules zipcodes --dqdl'))
    .action((dataset: string | undefined, options: Omit<RulesOptions, keyof GlobalOptions>) =>
      rules(dataset, { ...globalOptions(), ...options }));
  withDeployed(program.command('query'), 'Query the lake in AWS with its Athena workgroup')
    .summary('Query the tables and the run records of the lake with SQL')
    .description(
      'Query the tables of the local lake with SQL, by their names in Athena, and the run records: medallion.runs, '
        + '.tables, .columns, .lineage and .rules. The result of each statement is printed. A query does not wait for '
        + 'a run that is active.',
    )
    .argument('[sql]', 'SQL statements in the dialect of DuckDB, or of Athena (default: standard input)')
    .option('-f, --file <file>', 'Read the SQL from a file, - for standard input')
    .addOption(new Option('--line', 'Print one line per value').conflicts('csv'))
    .option('--csv', 'Print CSV with a header. NULL is an empty field, empty text is ""')
    .addHelpText(
      'after',
      example(
        'npx medallion query "SELECT count(*) FROM pp_dw_bronze.zipcodes"',
        'npx medallion query --csv --file report.sql > report.csv',
        'npx medallion query "SELECT dataset, error FROM medallion.runs WHERE status = \'failed\'"',
      ),
    )
    .action((sql: string | undefined, options: Omit<QueryOptions, keyof GlobalOptions>) =>
      query(sql, { ...globalOptions(), ...options }));
  withDeployed(program.command('docs'), 'Read the run records of the lake in AWS')
    .summary('Write a page about the lake: graph, tables, columns, lineage, rules and runs')
    .description(
      'Write a page about the lake as a single HTML file, which works offline: the graph of the datasets with their '
        + 'state, tables, columns and their lineage, rules, gates, runs and errors. Print its path.',
    )
    .option('--out <file>', 'File to write', DEFAULT_PAGE)
    .addHelpText(
      'after',
      example('npx cdk synth && npx medallion docs', 'npx medallion docs --deployed --out public/index.html'),
    )
    .action((options: Omit<DocsOptions, keyof GlobalOptions>) => docs({ ...globalOptions(), ...options }));
  program
    .command('export')
    .summary('Write the rows of a table of the local lake to a file')
    .description(
      'Write the published rows of a table of the local lake to a file. The extension selects the format: .csv, '
        + '.parquet, .xlsx for Excel, or .duckdb for a DuckDB database.',
    )
    .argument('<table>', 'Name of the table in Athena. The database is optional if only one has a table of that name')
    .argument('<file>', 'New file')
    .option('--force', 'Replace an existing file')
    .addHelpText('after', example('npx medallion export pp_dw_bronze.zipcodes zipcodes.xlsx'))
    .action((table: string, file: string, options: { force?: true }) =>
      exportTable(table, file, { ...globalOptions(), ...options }));
  program
    .command('diff')
    .summary('Show what differs between two publications of a dataset')
    .description(
      'Show what differs between two publications of a dataset in the local lake: columns, data types, and rows by '
        + 'business key. Without RUN, compare the current publication with the one before it.',
    )
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .argument('[old_run]', 'ID of the run of the earlier publication, or the start of the ID')
    .argument('[new_run]', 'ID of the run of the later publication (default: the current publication)')
    .option('--samples <n>', 'Maximum number of rows to show per kind of change', positiveInteger, 5)
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText('after', example('npx medallion diff zipcodes', 'npx medallion diff zipcodes 20261123 --json'))
    .action((dataset: string, oldRun: string | undefined, newRun: string | undefined,
      options: Omit<DiffOptions, keyof GlobalOptions>) =>
      diff(dataset, [oldRun, newRun].flatMap(each => each ?? []), { ...globalOptions(), ...options }));
  withDeployed(program.command('status'), 'Read the lake in AWS')
    .summary('Show the state of each dataset: last run, age, freshness, and newer inputs')
    .description(
      'Show the state of each dataset: its last run, the age of its tables, whether they are fresh, and whether an '
        + 'input has published since they were built.',
    )
    .addHelpText('after', example('npx medallion status', 'npx medallion status --deployed --profile prod'))
    .action((options: Omit<HistoryOptions, keyof GlobalOptions>) => status({ ...globalOptions(), ...options }));
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
      runs(name, { ...globalOptions(), ...options }));
  withDeployed(program.command('logs'), 'Read the log in CloudWatch')
    .summary('Print the log of the last run of a dataset, or of another run')
    .description('Print the log of Spark and the job of the last run of a dataset, or of another run.')
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .option('--run <run_id>', 'Run whose log is printed (default: the last run)')
    .option('--tail <n>', 'Print only the last lines', positiveInteger)
    .option('--spark', 'With --deployed, print the log of Spark instead of the log of the job')
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText('after', example('npx medallion logs zipcodes --tail 50', 'npx medallion logs zipcodes --deployed'))
    .action((name: string, options: Omit<LogsOptions, keyof GlobalOptions>) =>
      logs(name, { ...globalOptions(), ...options }));
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
    .addOption(
      new Option('--glue-version <version>', 'Glue version of all tests (default: the version of each dataset)')
        .choices(Object.keys(GLUE_VERSIONS))
        .argParser(oneOf(Object.keys(GLUE_VERSIONS))),
    )
    .option('--stack <stack>', 'Stack of the datasets (default: all stacks)')
    .option('--junit <file>', 'Write a JUnit report to this file')
    .addOption(
      new Option('--record', 'Write a test of the dataset, with rows of the local lake that join')
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
      if (record) {
        // Loaded lazily, as `add`.
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const { recordTest } = require('./test-record') as typeof import('./test-record');
        await recordTest(dataset!, { ...globalOptions(), ...others, output, force });
        return;
      }
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { test } = require('./sql-tests') as typeof import('./sql-tests');
      process.exitCode = await test(dataset, { ...globalOptions(), ...others }) ? 0 : 1;
    });
  program
    .command('rollback')
    .summary('Make an earlier publication of a dataset current again')
    .description(
      'Make an earlier publication of a dataset current again: the snapshots of its Iceberg tables, or the Parquet '
        + 'tables of a bronze dataset, which are rebuilt from the originals. Without --to, list the publications.',
    )
    .argument('<dataset>', 'Name of the dataset, or LAYER/DATASET if several layers have a dataset of that name')
    .option('--to <run_id>', 'Run whose publication becomes current again (default: list the publications)')
    .addOption(
      new Option('--glue-version <version>', 'Glue version of the job (default: the version of the job)')
        .choices(Object.keys(GLUE_VERSIONS))
        .argParser(oneOf(Object.keys(GLUE_VERSIONS))),
    )
    .option('--stack <stack>', 'Stack of the dataset (default: all stacks)')
    .addHelpText(
      'after',
      example(
        'npx medallion rollback zipcodes',
        'npx medallion rollback zipcodes --to 20261123T012048123Z-3f9a1c',
      ),
    )
    .action(async (dataset: string, options: Omit<RollbackOptions, keyof GlobalOptions>) => {
      process.exitCode = await rollback(dataset, { ...globalOptions(), ...options }) ? 0 : 1;
    });
  program
    .command('serve')
    .summary('Serve the local lake to other programs, which read it like AWS')
    .description(
      'Serve the S3 API and the Data Catalog of the local lake on 127.0.0.1 until Ctrl-C, so that other programs read '
        + 'it like AWS. Print the environment variables to set for them. Runs cannot use the lake meanwhile.',
    )
    .option('--port <n>', 'Port (default: a free port)', portNumber)
    .addHelpText('after', example('npx medallion serve', 'npx medallion serve --port 4566 --json'))
    .action((options: Omit<ServeOptions, keyof GlobalOptions>) => serve({ ...globalOptions(), ...options }));
  program
    .command('reset')
    .summary('Delete the local lake, or reset the contract of a dataset')
    .description('Delete the local lake, or reset the schema contract of one dataset.')
    .option('--yes', 'Do not ask for confirmation')
    .option(
      '--contract <dataset>',
      'Reset the contract of this bronze dataset: its next run infers columns and data types again. No data is deleted',
    )
    .option('--stack <stack>', 'Stack of the dataset of --contract (default: all stacks)')
    .addHelpText('after', example('npx medallion reset --yes', 'npx medallion reset --contract zipcodes'))
    .action((options: { yes?: true; contract?: string; stack?: string }) =>
      options.contract === undefined
        ? reset({ ...globalOptions(), ...options })
        : resetContract(options.contract, { ...globalOptions(), ...options }),
    );
  program
    .command('completion')
    .summary('Print a script that completes commands, options and datasets in a shell')
    .description('Print a script that completes commands, options, datasets, pipelines and quality gates in a shell.')
    .addArgument(new Argument('<shell>', 'The shell').choices(SHELLS).argParser(oneOf(SHELLS)))
    .addHelpText(
      'after',
      example(
        'medallion completion bash >> ~/.bashrc',
        'medallion completion zsh > "${fpath[1]}/_medallion"',
        'medallion completion fish > ~/.config/fish/completions/medallion.fish',
      ),
    )
    .action((shell: string) => {
      process.stdout.write(completionScript(shell));
    });
  program.command(COMPLETE_COMMAND, { hidden: true }).argument('[words...]').action((words: string[]) => {
    const candidates = candidatesFor(program, words, {
      datasets: app => readDatasets(app).flatMap(each => [each.dataset, fullName(each)]),
      pipelines: app => readPipelines(app).map(({ pipeline }) => pipeline),
      publications: (app, data, name) =>
        keptPublications(selectDataset(readDatasets(app), name), data).map(each => each.run_id),
      runs: (app, data, name) => runIdsOf(Lake.objectsIn(data), selectDataset(readDatasets(app), name).runs),
    });
    process.stdout.write(candidates.map(each => `${each}\n`).join(''));
  });
  return program;
}

function report(error: unknown): number {
  if (isBrokenPipe(error)) {
    return 0;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0 && process.argv.includes('--json')) {
      const code: FailureCode = 'USAGE';
      process.stdout.write(`${JSON.stringify({ code, error: error.message.replace(/^error: /, '') })}\n`);
    }
    return error.exitCode === 0 ? 0 : 2;
  }
  const line = messageOf(error);
  if (process.argv.includes('--json')) {
    const code: FailureCode = error instanceof Failure ? error.code : 'FAILED';
    process.stdout.write(`${JSON.stringify({ code, error: line })}\n`);
  }
  process.stderr.write(`${paint('red', 'error')}: ${line}\n`);
  return error instanceof Failure ? error.exitCode : 1;
}

/** Whether the reader of the output has closed the pipe, as `| head` does, or the terminal is closed. */
function isBrokenPipe(error: unknown): boolean {
  return ['EPIPE', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}

async function main(): Promise<void> {
  if (process.platform === 'win32') {
    throw new Failure('Windows is not supported. Run medallion in the Windows Subsystem for Linux.', 2);
  }
  await command().parseAsync();
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => {
    if (!isBrokenPipe(error)) {
      throw error;
    }
  });
}

let signals = 0;
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
  process.on(signal, () => {
    signals++;
    // The second signal does not wait until the run records are closed.
    void interrupt(signals > 1).finally(() => {
      process.stderr.write('\nInterrupted.\n');
      process.exit(code);
    });
  });
}

main().catch(async (error: unknown) => {
  await interrupt(true);
  process.exitCode = report(error);
});
