import { example } from './help-text';
import { oneOf } from './option-values';
import { Argument, Command } from '../../private/dependencies/commander';
import { completionScript, SHELLS } from '../completion';

/** Adds `medallion completion`. */
export function addCompletionCommand(program: Command): void {
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
}
