/** Completion scripts, made from the commands themselves. */
import type { Command, Option } from 'commander';
import { offeredKinds } from './wordsCommand';

export const completionShells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type CompletionShell = (typeof completionShells)[number];

const name = 'training-pipelines';
/** The hidden command that the scripts ask for runs, versions and packages. */
export const wordsName = '__words';

interface OptionWords {
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly takesFolder: boolean;
  readonly choices: readonly string[];
}

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  /** Values of its argument, where they are known. */
  readonly choices: readonly string[];
  /** Its argument names something of the store. */
  readonly isAsked: boolean;
  /** Its argument may be a file or a folder. */
  readonly takesPath: boolean;
}

interface Words {
  readonly commands: readonly CommandWords[];
  readonly globals: readonly OptionWords[];
}

export function completionScript(shell: CompletionShell, program: Command): string {
  const help: OptionWords = {
    flag: '--help',
    description: 'print help',
    takesValue: false,
    takesFolder: false,
    choices: [],
  };
  const words: Words = {
    commands: program.commands.filter(isShown).map((command) => ({
      name: command.name(),
      description: command.description(),
      options: command.options.map(optionWords),
      choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      isAsked: command.name() in offeredKinds,
      takesPath: pathTakers.has(command.name()),
    })),
    globals: [...program.options.map(optionWords), help],
  };
  return scripts[shell](words);
}

const isShown = (command: Command): boolean => command.name() !== wordsName;
const pathTakers: ReadonlySet<string> = new Set(['check', 'publish', 'run', 'versions', 'export', 'import']);

const optionWords = (option: Option): OptionWords => ({
  flag: option.long ?? option.flags,
  description: option.description,
  takesValue: option.required || option.optional,
  takesFolder: /<dir>/.test(option.flags),
  choices: option.argChoices ?? [],
});

const flags = (options: readonly OptionWords[]): string => options.map(({ flag }) => flag).join(' ');

/** Every option that takes a value, once: what may follow it is the same in all commands. */
function valued({ commands, globals }: Words): OptionWords[] {
  const all = [...globals, ...commands.flatMap((command) => command.options)].filter((option) => option.takesValue);
  return [...new Map(all.map((option) => [option.flag, option])).values()];
}

function bash(words: Words): string {
  const { commands, globals } = words;
  const reply = (choices: string): string => `COMPREPLY=($(compgen ${choices} -- "$current"))`;
  const values = valued(words).map((option) => {
    const answer =
      option.choices.length > 0
        ? reply(`-W "${option.choices.join(' ')}"`)
        : option.takesFolder
          ? reply('-d')
          : 'COMPREPLY=()';
    return `    ${option.flag}) ${answer}; return ;;`;
  });
  const takers = valued(words).map(({ flag }) => flag);
  const own = commands.map((command) => `    ${command.name}) words="${flags([...command.options, ...globals])}" ;;`);
  const chosen = commands
    .filter((command) => command.choices.length > 0)
    .map((command) => `    ${command.name}) ${reply(`-W "${command.choices.join(' ')}"`)} ;;`);
  const asked = commands.filter((command) => command.isAsked).map((command) => command.name);
  const paths = commands.filter((command) => command.takesPath).map((command) => command.name);
  return `_training_pipelines() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" i
  local -a place=()
  COMPREPLY=()
  case "$previous" in
${values.join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      --workspace|--store) place+=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i+1]}"); i=$((i + 1)) ;;
      ${takers.join('|')}) i=$((i + 1)) ;;
      -*) ;;
      *) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
    "") words="${commands.map((command) => command.name).join(' ')} ${flags(globals)}" ;;
${own.join('\n')}
  esac
  if [[ "$current" == -* || -z "$command" ]]; then ${reply('-W "$words"')}; return; fi
  case "$command" in
${chosen.join('\n')}
    ${asked.join('|')}) words=$("\${COMP_WORDS[0]}" "\${place[@]}" ${wordsName} "$command" 2>/dev/null | cut -f 1); ${reply('-W "$words"')} ;;
  esac
  case "$command" in
    ${paths.join('|')}) COMPREPLY+=($(compgen -f -- "$current")) ;;
  esac
}
# A version's name holds an @, where bash would begin a new word.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//@}
complete -o filenames -F _training_pipelines ${name}
`;
}

const zshQuote = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&');

function zshOption(option: OptionWords): string {
  const value =
    option.choices.length > 0
      ? `:value:(${option.choices.join(' ')})`
      : option.takesFolder
        ? ':folder:_files -/'
        : ':value:';
  return `'*${option.flag}[${zshQuote(option.description)}]${option.takesValue ? value : ''}'`;
}

function zshArgument({ choices, isAsked, takesPath }: CommandWords): string {
  if (choices.length > 0) return `'1:value:(${choices.join(' ')})'`;
  if (isAsked) return takesPath ? "'*:name:_training_pipelines_words_or_files'" : "'*:name:_training_pipelines_words'";
  return takesPath ? "'*:file:_files'" : '';
}

function zsh({ commands, globals }: Words): string {
  const shared = globals.map(zshOption).join(' ');
  const cases = commands.map((command) => {
    const rest = zshArgument(command);
    return `        ${command.name}) _arguments ${[...command.options.map(zshOption), shared, rest].join(' ')} ;;`;
  });
  return `#compdef ${name}
_training_pipelines_words() {
  local -a found
  found=("\${(@f)$("$training_pipelines" \${(kv)opt_args[(I)--(workspace|store)]} ${wordsName} "$words[1]" 2>/dev/null)}")
  found=("\${(@)found:#}")
  found=("\${(@)found/$'\\t'/:}")
  (( $#found )) && _describe -V 'name' found
}
_training_pipelines_words_or_files() { _alternative 'names:name:_training_pipelines_words' 'files:file:_files' }
_training_pipelines() {
  local context state state_descr line training_pipelines="$words[1]"
  typeset -A opt_args
  local -a commands
  commands=(${commands.map((command) => `'${command.name}:${zshQuote(command.description)}'`).join(' ')})
  _arguments -C ${shared} '1: :->command' '*:: :->rest'
  case "$state" in
    command) _describe 'command' commands ;;
    rest)
      case "$words[1]" in
${cases.join('\n')}
      esac ;;
  esac
}
# Sourced, or loaded by compinit at the first completion.
if [ "$funcstack[1]" = "_training_pipelines" ]; then _training_pipelines "$@"; else compdef _training_pipelines ${name}; fi
`;
}

const fishQuote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fishOption(option: OptionWords, condition: string): string {
  const value =
    option.choices.length > 0
      ? ` -x -a ${fishQuote(option.choices.join(' '))}`
      : option.takesFolder
        ? " -x -a '(__fish_complete_directories)'"
        : option.takesValue
          ? ' -x'
          : '';
  return `complete -c ${name}${condition} -l ${option.flag.slice(2)}${value} -d ${fishQuote(option.description)}`;
}

function fish({ commands, globals }: Words): string {
  const lines = commands.flatMap((command) => {
    const inside = ` -n '__fish_seen_subcommand_from ${command.name}'`;
    return [
      `complete -c ${name} -f -n __fish_use_subcommand -a ${command.name} -d ${fishQuote(command.description)}`,
      ...command.options.map((option) => fishOption(option, inside)),
      ...(command.isAsked
        ? [
            `complete -c ${name}${command.takesPath ? '' : ' -f'}${inside} -a '(${name} ${wordsName} ${command.name} 2>/dev/null)'`,
          ]
        : []),
      ...(command.choices.length > 0
        ? [`complete -c ${name} -f${inside} -a ${fishQuote(command.choices.join(' '))}`]
        : []),
    ];
  });
  return `${[...lines, ...globals.map((option) => fishOption(option, ''))].join('\n')}\n`;
}

const list = (words: readonly string[]): string => `@(${words.map((word) => `'${word}'`).join(', ')})`;

function powershell(words: Words): string {
  const { commands, globals } = words;
  const table = commands.map(
    (command) => `    '${command.name}' = ${list([...command.options.map(({ flag }) => flag), ...command.choices])}`,
  );
  const values = valued(words)
    .filter((option) => option.choices.length > 0)
    .map((option) => `    '${option.flag}' = ${list(option.choices)}`);
  return `Register-ArgumentCompleter -Native -CommandName ${name} -ScriptBlock {
  param($word, $ast, $position)
  $options = @{
${table.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $globals = ${list(globals.map(({ flag }) => flag))}
  $before = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
  $command = $before | Where-Object { $options.ContainsKey($_) } | Select-Object -First 1
  $previous = $before | Select-Object -Last 1
  $asked = ${list(commands.filter((command) => command.isAsked).map((command) => command.name))}
  $names = @(if ($asked -contains $command -and $word -notlike '-*') { & "$($ast.CommandElements[0])" ${wordsName} $command 2>$null | ForEach-Object { ($_ -split "\`t")[0] } })
  $found = if ($previous -and $values.ContainsKey($previous)) { $values[$previous] }
    elseif ($command) { $names + $options[$command] + $globals } else { @($options.Keys) + $globals }
  $found | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}

const scripts: Readonly<Record<CompletionShell, (words: Words) => string>> = { bash, zsh, fish, powershell };
