#!/usr/bin/env node
import * as fs from 'fs';
import * as path from 'path';
import { DEFAULT_APP } from './assembly';
import { interrupt } from './child';
import { addAddCommand } from './commands/add';
import { addCompleteCommand } from './commands/complete';
import { addCompletionCommand } from './commands/completion';
import { addDevCommand } from './commands/dev';
import { addDiffCommand } from './commands/diff';
import { addDocsCommand } from './commands/docs';
import { addExportCommand } from './commands/export';
import { addInitCommand } from './commands/init';
import { addListCommand } from './commands/list';
import { addLogsCommand } from './commands/logs';
import { repeatable } from './commands/options';
import { addQueryCommand } from './commands/query';
import { addResetCommand } from './commands/reset';
import { addRollbackCommand } from './commands/rollback';
import { addRulesCommand } from './commands/rules';
import { addRunCommand } from './commands/run';
import { addRunsCommand } from './commands/runs';
import { addServeCommand } from './commands/serve';
import { addStatusCommand } from './commands/status';
import { addTestCommand } from './commands/test-command';
import { Failure, FailureCode, messageOf } from './failure';
import { DEFAULT_DATA } from './lake';
import { paint } from './progress';
import { Command, CommanderError } from '../private/dependencies/commander';

/** The commands, in the order in which the help lists them. */
const COMMANDS = [
  addInitCommand,
  addAddCommand,
  addListCommand,
  addRunCommand,
  addDevCommand,
  addRulesCommand,
  addQueryCommand,
  addDocsCommand,
  addExportCommand,
  addDiffCommand,
  addStatusCommand,
  addRunsCommand,
  addLogsCommand,
  addTestCommand,
  addRollbackCommand,
  addServeCommand,
  addResetCommand,
  addCompletionCommand,
  addCompleteCommand,
];

function version(): string {
  const file = path.join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

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
  COMMANDS.forEach(addCommand => addCommand(program));
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

/** Whether the program that reads the output has closed the pipe, as `head` does, or the terminal was closed. */
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
    // After a second signal, the command ends without waiting until the run records are closed.
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
