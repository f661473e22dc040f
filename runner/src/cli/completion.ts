/** Completion scripts, made from the commands themselves. */
import type { Command } from 'commander';
import { ExpectedError } from '../domain/errors';

const name = 'training-pipelines';

interface Words {
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    readonly options: readonly string[];
  }[];
  readonly globals: readonly string[];
}

export function completionScript(shell: string, program: Command): string {
  const words: Words = {
    commands: program.commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      options: optionsOf(command),
    })),
    globals: optionsOf(program),
  };
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      return `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
    case 'fish':
      return fish(words);
    case 'powershell':
      return powershell(words);
    default:
      throw new ExpectedError('usage', `There is no completion for "${shell}".`, 'Use bash, zsh, fish or powershell.');
  }
}

const optionsOf = (command: Command): string[] =>
  command.options.map((option) => option.long ?? '').filter((long) => long !== '');

function bash({ commands, globals }: Words): string {
  const cases = commands.map(
    (command) => `    ${command.name}) words="${[...command.options, ...globals].join(' ')}" ;;`,
  );
  return `_training_pipelines() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -*) ;; *) command="\${COMP_WORDS[i]}"; break ;; esac
  done
  case "$command" in
    "") words="${[...commands.map((command) => command.name), ...globals].join(' ')}" ;;
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) if [ -z "$command" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _training_pipelines ${name}
`;
}

function fish({ commands, globals }: Words): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
    ...command.options.map(
      (option) => `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}' -l ${option.slice(2)}`,
    ),
  ]);
  return `${[...lines, ...globals.map((option) => `complete -c ${name} -l ${option.slice(2)}`)].join('\n')}\n`;
}

function powershell({ commands, globals }: Words): string {
  const table = commands.map(
    (command) => `    '${command.name}' = @(${command.options.map((option) => `'${option}'`).join(', ')})`,
  );
  return `Register-ArgumentCompleter -Native -CommandName ${name} -ScriptBlock {
  param($word, $ast, $position)
  $options = @{
${table.join('\n')}
  }
  $globals = @(${globals.map((option) => `'${option}'`).join(', ')})
  $command = $ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" } | Where-Object { $options.ContainsKey($_) } | Select-Object -First 1
  $words = if ($command) { $options[$command] + $globals } else { $options.Keys + $globals }
  $words | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}
