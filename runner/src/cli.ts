/** The command line: puts the parts together, and turns errors into words and exit codes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { createChecker } from '../../server/src/check';
import type { CommandContext, GlobalOptions } from './cli/commandContext';
import { createProgram } from './cli/program';
import { processSignals } from './cli/processSignals';
import { Terminal } from './cli/terminal';
import { workspaceOf } from './cli/workspaceOf';
import { ExpectedError, exitCodeOf, isExpected, messageOf } from './domain/errors';
import type { Log } from './domain/log';
import { openRunner } from './openRunner';
import { version } from '../../package.json';

const distFolder = __dirname;
const currentFolder = process.cwd();

function terminalFor({ json = false, quiet = false }: GlobalOptions): Terminal {
  const noColour = (process.env['NO_COLOR'] ?? '') !== '';
  const colours = !noColour && !json && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  return new Terminal({ out: process.stdout, err: process.stderr }, { json, quiet, colours });
}

/** Only what a user must know comes out; the rest is for TRAINING_PIPELINES_DEBUG. */
function logTo(terminal: Terminal): Log {
  const isVerbose = (process.env['TRAINING_PIPELINES_DEBUG'] ?? '') !== '';
  const say = (text: unknown): void => {
    if (isVerbose) terminal.error(text instanceof Error ? (text.stack ?? text.message) : String(text));
  };
  return { trace: say, debug: say, info: say, warn: say, error: say };
}

function contextFor(options: GlobalOptions): CommandContext {
  const terminal = terminalFor(options);
  const workspace = (): Promise<string> => workspaceOf(options.workspace, currentFolder);
  let opened: ReturnType<typeof openRunner> | undefined;
  const open = async () =>
    openRunner({
      workspace: await workspace(),
      storeFolder: options.store,
      environment: process.env,
      distFolder,
      log: logTo(terminal),
    });
  const globals = async (): Promise<string[]> => [
    '--workspace',
    await workspace(),
    ...(options.store === undefined ? [] : ['--store', options.store]),
  ];
  return {
    terminal,
    currentFolder,
    environment: process.env,
    workspace,
    runner: async () => (await (opened ??= open())).runner,
    checker: createChecker({ wasmFolder: distFolder }),
    signals: processSignals(process),
    detach: (parameters, secrets) => void globals().then((own) => startDetached([...parameters, ...own], secrets)),
  };
}

function startDetached(parameters: readonly string[], secrets: Readonly<Record<string, string>>): void {
  const program = process.argv[1] ?? join(distFolder, 'cli.js');
  const env = { ...process.env, ...secrets };
  spawn(process.execPath, [program, ...parameters], {
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
    cwd: currentFolder,
    env,
  }).unref();
}

/** Words and exit code of whatever went wrong before there was a run. */
function fail(error: unknown, json: boolean): number {
  const known = asExpected(error);
  const { code, message, hint } = known;
  const terminal = terminalFor({ json });
  if (json) terminal.document({ error: { code, message, hint } });
  else terminal.error([`error: ${message}`, hint].filter((line) => line !== '').join('\n'));
  if (!isExpected(error) && !(error instanceof CommanderError))
    logTo(terminal).error(error instanceof Error ? error : String(error));
  return exitCodeOf(code);
}

function asExpected(error: unknown): ExpectedError {
  if (isExpected(error)) return error;
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return new ExpectedError(
      'usage',
      message.endsWith('.') ? message : `${message}.`,
      'See training-pipelines --help.',
    );
  }
  const hint = 'This is a defect of the program. TRAINING_PIPELINES_DEBUG=1 shows where it happened.';
  return new ExpectedError('engine-failed', `Something unexpected happened: ${messageOf(error)}`, hint);
}

async function main(): Promise<void> {
  // A reader that has gone (`| head`) is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const words = process.argv.slice(2);
  const end = words.indexOf('--');
  const json = (end === -1 ? words : words.slice(0, end)).includes('--json');
  const program = createProgram({
    version,
    context: contextFor,
    onExit: (code) => (process.exitCode = code),
    writeOut: (text) => void process.stdout.write(text),
  });
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(process.argv);
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    process.exitCode = isHelp ? 0 : fail(error, json);
  }
}

void main();
