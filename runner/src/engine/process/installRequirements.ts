/** Installs requirements into a fresh virtual environment, by `uv` where that is found and understands the user's pip settings. */
import { join } from 'node:path';
import { ExpectedError } from '../../domain/errors';
import type { OnProgress } from '../engine';
import { failureOf, InstallWatcher } from './installerOutput';
import type { Interpreter } from './interpreter';
import { uvSettings } from './pipSettings';
import { runTool, type ToolResult } from './runTool';

export interface Installation {
  readonly interpreter: Interpreter;
  /** Folder of the virtual environment; does not exist yet. */
  readonly target: string;
  /** The installer's working directory, where the requirement files are. */
  readonly cwd: string;
  /** Names of the requirement files there. */
  readonly files: readonly string[];
  /** How many requirements they name themselves. */
  readonly direct: number;
}

export interface InstallEvents {
  readonly environment: Readonly<Record<string, string>>;
  readonly onProgress: OnProgress;
  readonly onOutput: (text: string) => void;
}

export const pythonOf = (environment: string): string =>
  process.platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');

/** Throws `requirements`, `disk-full`, `python-missing` or `cancelled`. Returns the installer's name. */
export async function installRequirements(
  installation: Installation,
  events: InstallEvents,
  signal?: AbortSignal,
): Promise<'uv' | 'pip'> {
  const uv = await uvSettings(installation.interpreter, events.environment, signal);
  if (uv !== undefined && (await withUv(installation, { ...events, environment: uv }, signal))) return 'uv';
  // A setting "user" would install past the virtual environment.
  const environment = { ...events.environment, PIP_USER: '0' };
  await withPip(installation, { ...events, environment }, signal);
  return 'pip';
}

/** False where this uv cannot use this interpreter. */
async function withUv(installation: Installation, events: InstallEvents, signal?: AbortSignal): Promise<boolean> {
  const { interpreter, target } = installation;
  const make = ['venv', '--quiet', '--no-project', '--no-config', '--python', interpreter.path, target];
  const made = await run('uv', make, installation, events, signal);
  if (made.code !== 0) return false;
  const install = ['pip', 'install', '--no-config', '--python', pythonOf(target), ...fileArguments(installation)];
  await step('uv', install, installation, events, signal);
  return true;
}

async function withPip(installation: Installation, events: InstallEvents, signal?: AbortSignal): Promise<void> {
  const { interpreter, target } = installation;
  events.onProgress({ text: 'making a virtual environment' });
  const made = await run(interpreter.path, ['-m', 'venv', target], installation, events, signal);
  if (made.code !== 0) throw venvFailed(made, interpreter);
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  await step(pythonOf(target), [...install, ...fileArguments(installation)], installation, events, signal);
}

const fileArguments = ({ files }: Installation): string[] => files.flatMap((file) => ['-r', file]);

function venvFailed({ output, error }: ToolResult, { path, version }: Interpreter): ExpectedError {
  if (/No space left on device/.test(output)) return diskFull(output);
  const minor = version.split('.').slice(0, 2).join('.');
  const missing = /ensurepip|No module named venv/.test(output);
  const hint = missing
    ? `Install the package python${minor}-venv (Debian and Ubuntu split it off), or install uv.`
    : 'The output of the installer says more.';
  const last = error?.message ?? output.trim().split('\n').at(-1) ?? '';
  return new ExpectedError('requirements', `${path} could not make a virtual environment: ${last}`, hint);
}

const diskFull = (output: string): ExpectedError =>
  new ExpectedError(
    'disk-full',
    'The disk is full: the requirements cannot be installed.',
    'Make room and run again.',
    {
      cause: new Error(output.slice(-2000)),
    },
  );

async function step(
  program: string,
  args: readonly string[],
  installation: Installation,
  events: InstallEvents,
  signal?: AbortSignal,
): Promise<void> {
  const result = await run(program, args, installation, events, signal);
  if (result.code === 0) return;
  if (/No space left on device|not enough space on the disk/i.test(result.output)) throw diskFull(result.output);
  const { message, hint } = failureOf(result.output, result.error);
  throw new ExpectedError('requirements', message, hint);
}

async function run(
  program: string,
  args: readonly string[],
  installation: Installation,
  events: InstallEvents,
  signal?: AbortSignal,
): Promise<ToolResult> {
  const watcher = new InstallWatcher(installation.direct, events.onProgress);
  const result = await runTool(program, args, {
    environment: events.environment,
    cwd: installation.cwd,
    signal,
    onOutput: (text) => {
      events.onOutput(text);
      watcher.push(text);
    },
  });
  if (signal?.aborted === true) throw new ExpectedError('cancelled', 'Installing the requirements was cancelled.');
  return result;
}
