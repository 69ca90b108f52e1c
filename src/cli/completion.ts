import { Command, Option } from '../private/dependencies/commander';

/** The shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'];

/** The hidden command that prints the candidates, one per line. */
export const COMPLETE_COMMAND = '__complete';

const SCRIPTS: Record<string, string> = {
  bash: `_medallion() {
  local IFS=$'\\n'
  COMPREPLY=($(medallion ${COMPLETE_COMMAND} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _medallion medallion
`,
  zsh: `#compdef medallion
_medallion() {
  local -a candidates
  candidates=("\${(@f)$(medallion ${COMPLETE_COMMAND} -- "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  if [[ -n "$candidates" ]]; then
    compadd -- "\${candidates[@]}"
  else
    _files
  fi
}
# The first completion calls this file as the function, if it is in a folder of fpath.
if [[ "$funcstack[1]" == _medallion ]]; then
  _medallion "$@"
else
  compdef _medallion medallion
fi
`,
  fish: `function __medallion
  set -l words (commandline -opc) (commandline -ct)
  medallion ${COMPLETE_COMMAND} -- $words[2..-1] 2>/dev/null
end
complete -c medallion -a '(__medallion)'
`,
};

/** The script that enables completion in a shell. */
export function completionScript(shell: string): string {
  return SCRIPTS[shell];
}

/** Functions that read names for completion from an app and its local lake. Each of the functions can fail. */
export interface AppNames {
  datasets(app: string): string[];
  pipelines(app: string): string[];
  /** The IDs of the runs that a dataset can be rolled back to. */
  publications(app: string, data: string, dataset: string): string[];
  /** The IDs of the runs of a dataset. */
  runs(app: string, data: string, dataset: string): string[];
}

/**
 * The candidates for the last word of an incomplete command line. Empty if the shell should complete a file name.
 *
 * @param program the command with its subcommands
 * @param words the words after `medallion`; the last one is incomplete and can be empty
 * @param appNames reads the names in the app and its local lake
 */
export function candidatesFor(program: Command, words: string[], appNames: AppNames): string[] {
  const current = words[words.length - 1] ?? '';
  const earlier = words.slice(0, -1);
  let command = program;
  let { app, data } = program.opts<{ app: string; data: string }>();
  let dataset: string | undefined;
  let pending: Option | undefined;
  for (const word of earlier) {
    if (pending) {
      app = pending.long === '--app' ? word : app;
      data = pending.long === '--data' ? word : data;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(program, command).find(each => each.short === word || each.long === word);
      pending = option?.required ? option : undefined;
    } else if (command === program) {
      command = program.commands.find(each => each.name() === word) ?? program;
    } else {
      dataset ??= word;
    }
  }
  return withPrefix(valuesFor(), current);

  function valuesFor(): string[] {
    if (pending) {
      switch (pending.long) {
        case '--contract': return orNone(() => appNames.datasets(app));
        case '--pipeline': return orNone(() => appNames.pipelines(app));
        case '--run': return orNone(() => appNames.runs(app, data, dataset ?? ''));
        case '--to': return orNone(() => appNames.publications(app, data, dataset ?? ''));
        default: return pending.argChoices ?? [];
      }
    }
    if (current.startsWith('-')) {
      return optionsOf(program, command).filter(each => !each.hidden).flatMap(each => each.long ?? []);
    }
    if (command === program) {
      return program.commands.map(each => each.name()).filter(name => name !== COMPLETE_COMMAND);
    }
    const [argument] = command.registeredArguments;
    return ['run', 'rollback', 'runs', 'logs'].includes(command.name())
      ? orNone(() => appNames.datasets(app))
      : argument?.argChoices ?? [];
  }
}

function orNone(names: () => string[]): string[] {
  try {
    return names();
  } catch {
    return [];
  }
}

function optionsOf(program: Command, command: Command): readonly Option[] {
  const own = command === program ? [] : command.options;
  return [...own, ...program.options, new Option('-h, --help')];
}

function withPrefix(candidates: string[], prefix: string): string[] {
  return [...new Set(candidates)].filter(each => each.startsWith(prefix));
}
