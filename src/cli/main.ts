#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AddOptions } from './add';
import { interrupt } from './child';
import { GLUE_VERSIONS } from './environment';
import { Failure, FailureCode, messageOf } from './failure';
import { init, InitOptions, LANGUAGES } from './init';
import { DEFAULT_DATA } from './lake';
import { list } from './list';
import { paint } from './progress';
import { query } from './query';
import { reset } from './reset';
import { resetContract } from './reset-contract';
import { run, RunOptions } from './run';
import { DataSizeCategory } from '../sizing';

/** The options that every command takes. */
interface GlobalOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
}

/** The options of `run` alone. */
type RunCommandOptions = Omit<RunOptions, keyof GlobalOptions>;

/** Collects an option that is given several times. */
const all = (value: string, before: string[]): string[] => [...before, value];

/** The options of `run` that ask something of one run. */
const SINGLE_RUN_OPTIONS = ['force', 'allow', 'resetContract', 'fromRun'];

function atLeastOne(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) {
    throw new InvalidArgumentError('It is a number, 1 at least.');
  }
  return Number(value);
}

function command(): Command {
  const program = new Command('medallion')
    .description(
      'Runs the Glue jobs of a synthesized CDK app on this machine: real Spark, a real S3 API, no AWS account.',
    )
    .option('--app <dir>', 'the assembly that `cdk synth` wrote', 'cdk.out')
    .option('--data <dir>', 'where the local lake lies', DEFAULT_DATA)
    .option('--json', 'one JSON document on standard output, for programs', false)
    .showHelpAfterError('(medallion --help shows how it is used)')
    .addHelpText(
      'after',
      '\nTo begin: npx medallion init DIR. In an app: npx cdk synth, then npx medallion run DATASET, or run '
        + '--all.\nExit codes: 0 done, 1 failed, 2 usage error, 130 interrupted.',
    );
  const globalOptions = () => program.opts<GlobalOptions>();

  program.command('init').description('begin a CDK app of config files, with one sample dataset')
    .argument('<dir>', 'a new or empty folder')
    .addOption(new Option('--language <language>', 'of the app').choices(LANGUAGES).default('typescript'))
    .option('--prefix <prefix>', 'of every name of the lake, default: the name of the folder')
    .action((folder: string, own: Omit<InitOptions, 'json'>) => init(folder, { ...globalOptions(), ...own }));
  program
    .command('add')
    .description('look at a file of data, and write the config.json of a bronze dataset that reads it')
    .argument('<source>', 'the address of a file, or a file on this machine')
    .option('--lake <dir>', "the folder of the core's config.json, default: found here or one folder down")
    .option('--name <dataset>', 'default: the name of the file')
    .option('--url <url>', 'where the job is to fetch what is a file here')
    .addOption(
      new Option('--size <category>', 'default: by the size of the file').choices(Object.values(DataSizeCategory)),
    )
    .option(
      '--key <column>',
      'a column of the business key; may be given several times; default: a column that is other in every row',
      all,
      [],
    )
    .option('--delimiter <text>', 'default: found out')
    .option('--encoding <name>', 'default: found out')
    .option('--no-header', 'the first record is data')
    .option('--force', 'replace a config.json that is there')
    .option('--dry-run', 'print the config.json, and write nothing')
    .action(async (source: string, own: Omit<AddOptions, 'json'>) => {
      // It brings all of CDK, and the other commands start in a tenth of the time without.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { add } = require('./add') as typeof import('./add');
      await add(source, { ...globalOptions(), ...own });
    });
  program.command('list').description('the datasets of the app')
    .action(() => list(globalOptions()));
  program
    .command('run')
    .description(
      'run the deployed job of a dataset, after those of its inputs that have no table yet, and show what came out',
    )
    .argument('[dataset]', 'its name; LAYER/DATASET where several layers have one of that name')
    .addOption(
      new Option(
        '--all',
        'run every dataset of the app, or of --stack, each after its inputs, and show a line of each',
      ).conflicts(SINGLE_RUN_OPTIONS),
    )
    .option('--with-inputs', 'run all of its inputs first, and theirs, whether they have tables or not')
    .option('--jobs <n>', 'how many datasets run at once, default: as many as cores and memory allow', atLeastOne)
    .addOption(
      new Option('--glue-version <version>', "of all that is run, default: each job's own").choices(
        Object.keys(GLUE_VERSIONS),
      ),
    )
    .option('--stack <stack>', 'where several stacks have a dataset of that name')
    .option('--force', 'make the tables of this dataset anew although its source is unchanged')
    .option(
      '--allow <gate>',
      'a quality gate that may fail this once, as the job names it; may be given several times',
      all,
      [],
    )
    .option('--reset-contract', 'forget the published columns and types of this dataset, and guess anew')
    .option(
      '--secret <name=@file>',
      'a secret of the job and the file with its value; may be given several times; default: the environment '
        + 'variable MEDALLION_SECRET_NAME',
      all,
      [],
    )
    .option(
      '--bucket <name=dir>',
      "a bucket that is not the lake's own, and a folder with its files; may be given several times",
      all,
      [],
    )
    .option(
      '--from-run <run_id>',
      'make the tables anew from the originals that this run kept, without asking the source',
    )
    .action(async (dataset: string | undefined, own: RunCommandOptions) => {
      process.exitCode = (await run(dataset, { ...globalOptions(), ...own })) ? 0 : 1;
    });
  program.command('query').description('answer SQL over the tables, named as in Athena')
    .argument('<sql>', 'for example "SELECT * FROM pp_dw_bronze.zipcodes"')
    .action((sql: string) => query(sql, globalOptions()));
  program
    .command('reset')
    .description('remove the local lake, or forget what a dataset published')
    .option('--yes', 'do not ask', false)
    .option(
      '--contract <dataset>',
      'forget the columns and types of a bronze dataset alone: its next run guesses anew, and its tables stay '
        + 'till then',
    )
    .option('--stack <stack>', 'where several stacks have a dataset of that name')
    .action((own: { yes: boolean; contract?: string; stack?: string }) =>
      own.contract === undefined
        ? reset({ ...globalOptions(), ...own })
        : resetContract(own.contract, { ...globalOptions(), ...own }),
    );

  // A program that asked for JSON gets its errors as JSON too, and options may stand before or after the command's
  // name.
  for (const each of [program, ...program.commands]) {
    each.exitOverride();
    if (process.argv.includes('--json')) {
      each.configureOutput({ writeErr: () => undefined });
    }
  }
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

/** Whether the reader of our output has closed it: `| head` does, when it has its lines. */
function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}

async function main(): Promise<void> {
  if (process.platform === 'win32') {
    throw new Failure('medallion runs on Linux and macOS. On Windows, use it in the Windows Subsystem for Linux.', 2);
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

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
  process.on(signal, () => {
    void interrupt().finally(() => {
      process.stderr.write('\nStopped. What was published before is unchanged.\n');
      process.exit(code);
    });
  });
}

main().catch(async (error: unknown) => {
  await interrupt();
  process.exitCode = report(error);
});
