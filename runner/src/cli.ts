/** The command line: puts the parts together, and turns errors into words and exit codes. */
import { createChecker } from '../../server/src/check';
import { version } from '../../package.json';
import type { CommandContext, GlobalOptions } from './cli/commandContext';
import { startDetached } from './cli/startDetached';
import { fail } from './cli/fail';
import { createProgram } from './cli/program';
import { processSignals } from './cli/processSignals';
import { Terminal } from './cli/terminal';
import { workspaceOf } from './cli/workspaceOf';
import { exitCodeOf } from './domain/errors';
import type { Log } from './domain/log';
import { openRunner } from './openRunner';

const distFolder = __dirname;
const { env, stdout, stderr } = process;
const currentFolder = process.cwd();
const isSet = (name: string): boolean => (env[name] ?? '') !== '';

function terminalFor({ json = false, quiet = false }: GlobalOptions): Terminal {
  const isDumb = env['TERM'] === 'dumb';
  const colours = stdout.isTTY && !json && !isDumb && !isSet('NO_COLOR');
  const live = stderr.isTTY && !isDumb;
  const columns = /^[1-9]\d{0,4}$/.test(env['COLUMNS'] ?? '') ? Number(env['COLUMNS']) : undefined;
  const terminal = new Terminal({ out: stdout, err: stderr }, { json, quiet, colours, live, columns }, () =>
    performance.now(),
  );
  stdout.on('error', () => terminal.noticeClosed());
  return terminal;
}

/** Only what a user must know comes out; the rest is for TRAINING_PIPELINES_DEBUG. */
function logTo(write: (text: string) => void): Log {
  const isVerbose = isSet('TRAINING_PIPELINES_DEBUG');
  const say = (text: unknown): void => {
    if (isVerbose) write(text instanceof Error ? (text.stack ?? text.message) : String(text));
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
      environment: env,
      distFolder,
      log: logTo((text) => terminal.error(text)),
    });
  const runner = async () => (await (opened ??= open())).runner;
  return {
    terminal,
    version,
    currentFolder,
    environment: env,
    workspace,
    runner,
    checker: createChecker({ wasmFolder: distFolder }),
    signals: processSignals(process),
    detach: async (parameters, secrets) => {
      const { workspace, storeFolder } = await runner();
      const place = ['--workspace', workspace, '--store', storeFolder];
      await startDetached(distFolder, [...parameters, ...place], { ...env, ...secrets });
    },
  };
}

/**
 * A reader that has gone (`| head`, a closed window) is no error, and no reason to leave a run alone. Output that cannot be
 * written (a full disk) is one, but none that ends a run either: it is told once, and shows in the exit code.
 */
function passOverClosedReaders(): void {
  for (const stream of [stdout, stderr]) {
    let isTold = false;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isTold || error.code === 'EPIPE' || error.code === 'EIO') return;
      isTold = true;
      process.once('exit', () => (process.exitCode = exitCodeOf('disk-full')));
      if (stream === stdout) stderr.write(`error: The output can't be written: ${error.message}.\n`);
    });
  }
}

async function main(words: readonly string[]): Promise<void> {
  passOverClosedReaders();
  const program = createProgram({
    version,
    context: contextFor,
    onExit: (code) => (process.exitCode = code),
    writeOut: (text) => void stdout.write(text),
  });
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    const json = isJsonAsked(words);
    process.exitCode = fail(
      error,
      terminalFor({ json }),
      logTo((text) => void stderr.write(`${text}\n`)),
    );
  }
}

/** Also where the rest cannot be parsed. */
function isJsonAsked(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--json');
}

void main(process.argv.slice(2));
