import { oneOf } from './option-values';
import { Command, Option } from '../../private/dependencies/commander';
import { GLUE_VERSIONS } from '../environment';

/** The options of every command. */
export interface GlobalOptions {
  readonly app: string;
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
}

/** The values of the options of every command. Call this function in the action of a command. */
export function globalOptions(program: Command): GlobalOptions {
  return { json: false, ...program.opts<Omit<GlobalOptions, 'json'>>() };
}

/**
 * An option that can be repeated.
 *
 * @param defaultText the default value as the help shows it
 */
export function repeatable(flags: string, description: string, defaultText: string): Option {
  return new Option(flags, description)
    .default([], defaultText)
    .argParser((value: string, previous: string[]) => [...previous, value]);
}

/** An option whose value must be one of several names. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser(oneOf(choices));
}

/** The option for the Glue version of local jobs. */
export function glueVersion(description: string): Option {
  return choice('--glue-version <version>', description, Object.keys(GLUE_VERSIONS));
}

/** The option for the secrets of local jobs. */
export function secretOption(): Option {
  return repeatable(
    '--secret <name=@file>',
    'Name of a secret, and file with its value; repeatable',
    'environment variable MEDALLION_SECRET_<NAME>',
  );
}

/** The option for the source buckets of local jobs. */
export function bucketOption(): Option {
  return repeatable('--bucket <name=dir>', 'Source bucket, and local folder with its objects; repeatable', 'none');
}

/** Adds the options of commands that read the lake in AWS. */
export function withDeployed(subcommand: Command, description: string): Command {
  return subcommand
    .option('--deployed', description)
    .option('--profile <profile>', 'With --deployed, the AWS profile (default: AWS_PROFILE or the default credentials)')
    .option('--region <region>', 'With --deployed, the Region (default: Region of the stack or of the credentials)');
}
