/** Parses the command line of `medallion`. */
export { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
