/** The commands with their options and help; what they do is in the other files of this folder. */
import { Argument, Command, Option } from 'commander';
import { datasetAccessModes, networkModes } from '../domain/pipeline';
import { ExpectedError } from '../domain/errors';
import { checkCommand, checkFormats, type CheckOptions } from './checkCommand';
import type { CommandContext, GlobalOptions } from './commandContext';
import { completionScript, completionShells, wordsName } from './completion';
import { datasetsCommand, type DatasetsOptions } from './datasetsCommand';
import { enginesCommand, type EnginesOptions } from './enginesCommand';
import { logsCommand, runsCommand, showCommand, verifyCommand, versionsCommand } from './readCommands';
import { attachCommand, runCommand, stopCommand } from './runCommand';
import type { RunOptions } from './runOptions';
import { wordsCommand } from './wordsCommand';
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

const programName = 'training-pipelines';
const packageText = 'the folder with train.py, or the name of a published package';
const versionText = 'a version, like digits@1.1';
const runText = 'the id of a run, or the beginning of it';
const exampleRun = '20260102-101500';

/** Throws CommanderError for what cannot be parsed, and for `--help` and `--version`. */
export function createProgram(options: ProgramOptions): Command {
  const program = quietly(new Command(programName), options)
    .description('Trains ML packages in containers and keeps every result as a sealed version.')
    .version(options.version, '--version', 'print the version of this program')
    .option(
      '--workspace <dir>',
      'the workspace (default: the nearest folder upwards with .training-pipelines/ or .vscode/training-pipelines.json)',
    )
    .option('--store <dir>', 'where versions and runs are kept (default: .training-pipelines in the workspace)')
    .option('--json', 'print exactly one JSON document to stdout; log and progress go to stderr')
    .option('--quiet', 'print neither progress nor the log of a run, only the outcome')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Example:
  $ ${programName} run digits --dataset data/digits

Every command has its own --help with an example. Exit codes: 0 successful, 1 training failed or a finding,
2 bad input or usage, 3 engine or environment, 130 killed.`,
    );
  program.hook('preAction', (_, command) => refuseEmptyTexts(command));

  const context = (): CommandContext => options.context(program.opts<GlobalOptions>());
  const done = async (work: Promise<number>): Promise<void> => options.onExit(await work);
  const add = (name: string, description: string, example: string): Command =>
    quietly(program.command(name), options)
      .description(description)
      .configureHelp({ showGlobalOptions: true })
      .addHelpText('after', `\nExample:\n  $ ${programName} ${example}`);

  add('check', 'find what keeps a package from running', 'check digits --upload')
    .argument('[package...]', `${packageText} (default: every package of the workspace)`)
    .addOption(new Option('--format <format>', 'how findings are printed (default: text)').choices(checkFormats))
    .option('--upload', 'also find what the validator of the platform that packages come from would refuse')
    .action((targets: string[], own: CheckOptions) => done(checkCommand(context(), targets, own)));

  add('publish', 'make the working folder the next major version', 'publish digits')
    .argument('[package]', `${packageText} (default: the current folder, else the only package)`)
    .option('--name <name>', 'the name of the package (default: the name it has had, else the folder’s)')
    .action((target: string | undefined, own: { name?: string }) => done(publishCommand(context(), target, own)));

  addRunOptions(
    add(
      'run',
      'train a package on a dataset; the result is the next minor version',
      'run digits --dataset data/digits --env epochs=20 --gpu 1',
    ).argument('[package]', `${packageText} (default: the current folder, else the only package)`),
  ).action((target: string | undefined, own: RunOptions) => done(runCommand(context(), target, own)));

  add('runs', 'list the runs, newest first', 'runs --json').action(() => done(runsCommand(context())));
  add('versions', 'list the versions, highest first', 'versions digits')
    .argument('[package]', `${packageText} (default: all)`)
    .action((target: string | undefined) => done(versionsCommand(context(), target)));
  add('show', 'show a run or a version', 'show digits@1.1')
    .argument('<run-or-version>', `${runText}; or ${versionText}`)
    .action((id: string) => done(showCommand(context(), id)));
  add('logs', 'print the log of a run as it was written', `logs ${exampleRun} --follow`)
    .argument('<run>', runText)
    .option('--follow', 'go on until the run has ended')
    .action((id: string, own: { follow?: boolean }) => done(logsCommand(context(), id, own)));
  add('stop', 'stop a run: SIGTERM and 10 s, then SIGKILL', `stop ${exampleRun}`)
    .argument('<run>', runText)
    .action((id: string) => done(stopCommand(context(), id)));
  add('attach', 'watch a run to its end, and take it there where nobody does; Ctrl-C leaves it running', 'attach')
    .argument('[run]', `${runText} (default: the newest unfinished one)`)
    .action((id: string | undefined) => done(attachCommand(context(), id)));

  add('export', 'write the zip of a version to a file', 'export digits@1.1 digits.zip --record')
    .argument('<version>', versionText)
    .argument('<file>', 'the file to write, or a folder to write it into')
    .option('--record', 'also write FILE.version.json, the seal of the version')
    .option('--force', 'replace a file that is there')
    .action((id: string, file: string, own: { record?: boolean; force?: boolean }) =>
      done(exportCommand(context(), id, file, own)),
    );
  add('import', 'take in a package zip as the next major version', 'import digits.zip')
    .argument('<file>', 'the zip')
    .option('--max-bytes <size>', 'refuse what unpacks to more (default: 64g)')
    .option('--max-entries <count>', 'refuse more entries than this (default: 200000)')
    .option('--any-name', 'allow file names that some systems cannot hold')
    .action((file: string, own: ImportCommandOptions) => done(importCommand(context(), file, own)));
  add('verify', 'hold versions against their seals and name the first difference', 'verify digits@1.1')
    .argument('[version]', `${versionText} (default: all)`)
    .action((id: string | undefined) => done(verifyCommand(context(), id)));
  add('delete', 'delete runs and versions, all of them or none', 'delete digits@1.1')
    .argument('<id...>', `${versionText}, or ${runText}`)
    .option('--force', 'also delete versions that kept ones came from')
    .action((ids: string[], own: { force?: boolean }) => done(deleteCommand(context(), ids, own)));
  add('prune', 'delete all but the newest versions and runs of each package', 'prune --keep 5')
    .requiredOption('--keep <count>', 'how many versions and runs of each package stay')
    .action((own: { keep: string }) => done(pruneCommand(context(), own)));
  add('engines', 'list where runs can run, and what each place has', 'engines')
    .argument('[name...]', 'ask these alone, also hosts of your ssh configuration (default: all that are set up)')
    .option('--trust <name>', 'show the host key of an engine behind ssh, so that you can compare its fingerprint')
    .option('--fingerprint <text>', 'with --trust: accept the host key that has this fingerprint')
    .action((names: string[], own: EnginesOptions) => done(enginesCommand(context(), names, own)));
  add(
    'datasets',
    'list the copies of datasets that engines elsewhere keep, and clear them',
    'datasets --clear --unused-for 30d',
  )
    .argument('[dataset...]', 'names of the folders, or beginnings of tree hashes (default: all)')
    .option('--engine <name>', 'only what this engine keeps')
    .option('--clear', 'clear those that no run has; they are sent again when a run needs them')
    .option('--unused-for <age>', 'only those that no run has had for so long, like 30d or 12h')
    .action((wanted: string[], own: DatasetsOptions) => done(datasetsCommand(context(), wanted, own)));
  add('completion', 'print a completion script for a shell', `completion bash > ~/.${programName}.bash`)
    .addArgument(new Argument('<shell>', 'the shell').choices(completionShells))
    .action((shell: (typeof completionShells)[number]) => {
      options.writeOut(completionScript(shell, program));
      options.onExit(0);
    });
  quietly(program.command(wordsName, { hidden: true }), options)
    .argument('<command>')
    .action((command: string) => done(wordsCommand(context(), command)));
  return program;
}

/** Errors are thrown, and worded by whoever catches them. */
function quietly(command: Command, { writeOut }: ProgramOptions): Command {
  return command
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError(false)
    .configureOutput({ writeOut, writeErr: () => undefined })
    .exitOverride();
}

/** `--dataset "$UNSET"` must not mean the current folder. A parameter may well be empty, but never is here: it holds its name. */
function refuseEmptyTexts(command: Command): void {
  const empty = Object.entries(command.optsWithGlobals<Record<string, unknown>>()).find(([, value]) => value === '');
  const option =
    empty && [...command.options, ...(command.parent?.options ?? [])].find((one) => one.attributeName() === empty[0]);
  if (option !== undefined) throw emptyText(option.long ?? empty?.[0] ?? '');
  if (command.args.includes('')) throw emptyText('An argument');
}

const emptyText = (what: string): ExpectedError =>
  new ExpectedError('usage', `${what} is empty.`, 'Give it a value, or leave it out.');

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];

function addRunOptions(command: Command): Command {
  const access = new Option(
    '--dataset-access <mode>',
    'copy gives training a private writable view (default: read-only)',
  );
  const network = new Option('--network <mode>', 'none cuts the run off the network (default: bridge)');
  return command
    .option('--dataset <dir>', 'the folder with the data')
    .option('--pipeline <name>', 'take what is not given here from this pipeline of .vscode/training-pipelines.json')
    .option('--from <version>', 'start from this version, like 1.0 (default: the working folder)')
    .option(
      '--engine <name>',
      'where to run, as `engines` lists it (default: docker, or process where no Docker answers)',
    )
    .option('--gpu <gpus>', 'none, all, a count, or ids with commas (default: none)')
    .option('--image <image>', 'base image of the container (default: python:3.12-slim)')
    .option('--env <key=value>', 'a parameter of the run; can be given more than once', collect)
    .option(
      '--secret <key>',
      'a secret parameter, taken from the environment, or as KEY=@3 from a file descriptor',
      collect,
    )
    .addOption(access.choices(datasetAccessModes))
    .addOption(network.choices(networkModes))
    .option('--memory <size>', 'memory limit, like 8g (default: none)')
    .option('--cpus <number>', 'CPU limit, like 4 or 1.5 (default: none)')
    .option('--shm <size>', 'size of /dev/shm, like 2g')
    .option('--timeout <time>', 'time limit, like 2h, 90m or 45s (default: none)')
    .option('--name <name>', 'a name for the run')
    .option('--detach', 'start it, print it and return; it goes on in the background')
    .option('--no-check', 'run although the contract check is sure that it cannot work');
}
