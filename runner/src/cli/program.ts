/** The commands with their options and help; what they do is in the other files of this folder. */
import { Command, Option } from 'commander';
import { attachCommand, runCommand, stopCommand, type RunOptions } from './runCommand';
import { checkCommand } from './checkCommand';
import type { CommandContext, GlobalOptions } from './commandContext';
import { completionScript } from './completion';
import { enginesCommand, logsCommand, runsCommand, showCommand, verifyCommand, versionsCommand } from './readCommands';
import {
  deleteCommand,
  exportCommand,
  importCommand,
  pruneCommand,
  publishCommand,
  type ImportCommandOptions,
} from './writeCommands';

export interface ProgramOptions {
  readonly version: string;
  /** Made once the options are known. */
  readonly context: (options: GlobalOptions) => CommandContext;
  readonly onExit: (code: number) => void;
  readonly writeOut: (text: string) => void;
}

const collect = (value: string, all: readonly string[]): string[] => [...all, value];

/** Throws CommanderError for what cannot be parsed, and for `--help` and `--version`. */
export function createProgram(options: ProgramOptions): Command {
  const program = new Command('training-pipelines');
  program
    .description('Trains ML packages in containers and keeps every result as a sealed version.')
    .version(options.version, '--version', 'print the version of this program')
    .option(
      '--workspace <dir>',
      'the workspace (default: the nearest folder upwards with a store or a configuration file)',
    )
    .option('--store <dir>', 'where versions and runs are kept (default: .training-pipelines in the workspace)')
    .option('--json', 'print exactly one JSON document to stdout; log and progress go to stderr')
    .option('--quiet', 'print no progress')
    .helpOption('--help', 'print help')
    .helpCommand(false)
    .showHelpAfterError(false)
    .configureOutput({ writeOut: options.writeOut, writeErr: () => undefined })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExample:\n  $ training-pipelines run digits --dataset data/digits\n\nEvery command has its own --help with an example.',
    );

  const context = (): CommandContext => options.context(program.opts<GlobalOptions>());
  const done = async (work: Promise<number>): Promise<void> => options.onExit(await work);
  const add = (usage: string, description: string, example: string): Command =>
    program
      .command(usage)
      .description(description)
      .helpOption('--help', 'print help')
      .configureOutput({ writeOut: options.writeOut, writeErr: () => undefined })
      .exitOverride()
      .addHelpText('after', `\nExample:\n  $ training-pipelines ${example}`);

  add('check [packages...]', 'find what keeps a package from running', 'check digits')
    .addOption(new Option('--format <format>', 'text, json or sarif'))
    .option('--upload', 'also what the validator of the platform that packages come from would refuse')
    .action((packages: string[], own: { format?: string; upload?: boolean }) =>
      done(checkCommand(context(), packages, own)),
    );

  add('publish [package]', 'publish the working folder as the next major version', 'publish digits')
    .option('--name <name>', 'the name of the package (default: the folder’s)')
    .action((target: string | undefined, own: { name?: string }) => done(publishCommand(context(), target, own)));

  addRun(add).action((target: string | undefined, own: RunOptions) => done(runCommand(context(), target, own)));

  add('runs', 'list the runs, newest first', 'runs').action(() => done(runsCommand(context())));
  add('versions [package]', 'list the versions, highest first', 'versions digits').action(
    (target: string | undefined) => done(versionsCommand(context(), target)),
  );
  add('show <run-or-version>', 'show a run, or a version as PACKAGE@VERSION', 'show digits@1.1').action((id: string) =>
    done(showCommand(context(), id)),
  );
  add('logs <run>', 'print the log of a run as it was written', 'logs 20260102-101500-000-abc123 --follow')
    .option('--follow', 'go on until the run has ended')
    .action((id: string, own: { follow?: boolean }) => done(logsCommand(context(), id, own)));
  add('stop <run>', 'stop a run: SIGTERM and 10 s, then SIGKILL', 'stop 20260102-101500-000-abc123').action(
    (id: string) => done(stopCommand(context(), id)),
  );
  add('attach [run]', 'go on with an unfinished run, or watch it (default: the newest)', 'attach').action(
    (id: string | undefined) => done(attachCommand(context(), id)),
  );
  add('export <version> <file>', 'write the zip of a version to a file', 'export digits@1.1 digits.zip')
    .option('--record', 'also write FILE.version.json')
    .option('--force', 'replace a file that is there')
    .action((id: string, file: string, own: { record?: boolean; force?: boolean }) =>
      done(exportCommand(context(), id, file, own)),
    );
  add('import <file>', 'take in a package zip as the next major version', 'import digits.zip')
    .option('--max-bytes <size>', 'refuse what unpacks to more (default: 64g)')
    .option('--max-entries <count>', 'refuse more entries (default: 200000)')
    .option('--any-name', 'allow names that some systems cannot hold')
    .action((file: string, own: ImportCommandOptions) => done(importCommand(context(), file, own)));
  add('verify [version]', 'hold versions against their seals (default: all)', 'verify digits@1.1').action(
    (id: string | undefined) => done(verifyCommand(context(), id)),
  );
  add('delete <ids...>', 'delete runs and versions, all or nothing', 'delete digits@1.1')
    .option('--force', 'also versions that kept ones came from')
    .action((ids: string[], own: { force?: boolean }) => done(deleteCommand(context(), ids, own)));
  add('prune', 'delete all but the newest versions and runs of each package', 'prune --keep 5')
    .requiredOption('--keep <count>', 'how many versions and runs of each package stay')
    .action((own: { keep: string }) => done(pruneCommand(context(), own)));
  add('engines', 'list where runs can run', 'engines').action(() => done(enginesCommand(context())));
  add(
    'completion <shell>',
    'print a completion script for bash, zsh, fish or powershell',
    'completion bash > ~/.local/share/bash-completion/completions/training-pipelines',
  ).action((shell: string) => {
    options.writeOut(completionScript(shell, program));
    options.onExit(0);
  });
  return program;
}

function addRun(add: (usage: string, description: string, example: string) => Command): Command {
  return add(
    'run [package]',
    'train a package on a dataset; the result is the next minor version',
    'run digits --dataset data/digits',
  )
    .option('--dataset <dir>', 'the folder with the data')
    .option('--pipeline <name>', 'a pipeline of .vscode/training-pipelines.json')
    .option('--from <version>', 'start from this version (default: the working folder)')
    .option(
      '--engine <name>',
      'where to run, as `engines` lists it (default: Docker, or the local Python where none answers)',
    )
    .option('--gpu <gpus>', 'none, all, a count, or ids with commas (default: none)')
    .option('--image <image>', 'base image of the container (default: python:3.12-slim)')
    .option('--env <key=value>', 'a parameter; can be given more than once', collect, [])
    .option(
      '--secret <key>',
      'a secret parameter, taken from the environment, or as KEY=@3 from a file descriptor',
      collect,
      [],
    )
    .option('--dataset-access <mode>', 'read-only, or copy for a private writable view (default: read-only)')
    .option('--network <mode>', 'bridge or none (default: bridge)')
    .option('--memory <size>', 'memory limit, like 8g')
    .option('--cpus <number>', 'CPU limit, like 4')
    .option('--shm <size>', 'size of /dev/shm, like 2g')
    .option('--timeout <time>', 'time limit, like 2h')
    .option('--name <name>', 'a name for the run')
    .option('--detach', 'start it and return; it goes on in the background')
    .option('--no-check', 'run although the contract check is sure that it cannot work');
}
