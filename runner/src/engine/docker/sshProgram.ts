/** The system's own ssh: how it is called, and how one call of it ends. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import type { SshTarget } from './sshTarget';

export interface SshProgram {
  /** `ssh`, or what the user's environment names. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

export const sshProgram = (
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): SshProgram => ({ command: environment['TRAINING_PIPELINES_SSH'] || 'ssh', environment, platform });

/** OpenSSH for Windows can't share a connection. */
export const canShare = ({ platform }: SshProgram): boolean => platform !== 'win32';

export const connectSeconds = 5;

/**
 * Given on the command line, these win over the user's configuration. Nothing is ever asked on the terminal; only a known
 * host key is taken; and nothing is forwarded to the far side, whatever the configuration says for other uses of the host.
 */
const always = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  ConnectTimeout: String(connectSeconds),
  ConnectionAttempts: '1',
  ServerAliveInterval: '15',
  ServerAliveCountMax: '3',
  ForwardAgent: 'no',
  ForwardX11: 'no',
  PermitLocalCommand: 'no',
  RemoteCommand: 'none',
  RequestTTY: 'no',
  Tunnel: 'no',
  // Learning further keys would write known_hosts behind the user's back.
  UpdateHostKeys: 'no',
};

export type SshOptions = Readonly<Record<string, string>>;

const optionWords = (options: SshOptions): string[] =>
  Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);

/** The words after `ssh`. The `--` keeps the host from being an option, whatever it looks like. */
export function sshWords({ user, host, port }: SshTarget, options: SshOptions, command: readonly string[]): string[] {
  return [
    '-T',
    ...optionWords({ ...always, ...options }),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    host,
    ...command,
  ];
}

/** Words to a connection that is there already; no configuration is read for these. */
export const controlWords = (controlPath: string, request: string, words: readonly string[] = []): string[] => [
  '-F',
  'none',
  '-o',
  `ControlPath=${controlPath}`,
  '-O',
  request,
  ...words,
  '--',
  'shared',
];

/** In a session of its own: Ctrl-C of the terminal must not cut the connection, and no prompt can reach the terminal. */
export function spawnSsh(program: SshProgram, words: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const env = { ...program.environment, LC_ALL: 'C', SSH_ASKPASS_REQUIRE: 'never' };
  return spawn(program.command, words, {
    env,
    detached: program.platform !== 'win32',
    windowsHide: true,
    ...options,
  });
}

export interface SshResult {
  /** Null where it could not be started, or did not end in time and was ended. */
  readonly code: number | null;
  readonly out: string;
  /** What ssh and the far side said. */
  readonly err: string;
  readonly timedOut: boolean;
}

const longestText = 64 * 1024;
const lastWordsMilliseconds = 200;

/**
 * Resolves when the program has ended, also while something it left in the background still holds its streams (a shared
 * connection does).
 */
export function runSsh(
  program: SshProgram,
  words: readonly string[],
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal?: AbortSignal | undefined },
): Promise<SshResult> {
  return new Promise((resolve, reject) => {
    const child = spawnSsh(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { out: '', err: '' };
    let timedOut = false;
    const take = (name: 'out' | 'err') => (part: Buffer) => {
      if (texts[name].length < longestText) texts[name] += part.toString('utf8');
    };
    child.stdout?.on('data', take('out'));
    child.stderr?.on('data', take('err'));
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, milliseconds);
    const onAbort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    const end = (code: number | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      child.stdout?.destroy();
      child.stderr?.destroy();
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ code, ...texts, timedOut });
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      texts.err = error.code === 'ENOENT' ? `${program.command} is not installed` : error.message;
      end(null);
    });
    // `close` would wait for whoever else holds the streams.
    child.once('exit', (code) => setTimeout(() => end(code), lastWordsMilliseconds));
    child.once('close', (code) => end(code));
  });
}
