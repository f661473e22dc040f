/** Runs a short-lived program with a deadline, and hands its output on as it comes. */
import { spawn } from 'node:child_process';

export interface ToolResult {
  /** Null where a signal or the deadline ended it. */
  readonly code: number | null;
  /** The last of what it wrote, stdout and stderr together. */
  readonly output: string;
  /** Set where it could not be run. */
  readonly error: NodeJS.ErrnoException | undefined;
}

export interface ToolOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMilliseconds?: number;
  readonly onOutput?: (text: string) => void;
}

const kept = 256 * 1024;

export function runTool(program: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  return new Promise((resolve) => {
    const posix = process.platform !== 'win32';
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // A group of its own, so that cancelling reaches the installer's children too.
      detached: posix,
    });
    let output = '';
    const take = (text: string): void => {
      output = (output + text).slice(-kept);
      options.onOutput?.(text);
    };
    const kill = (): void => {
      try {
        if (posix && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const timer = options.timeoutMilliseconds === undefined ? undefined : setTimeout(kill, options.timeoutMilliseconds);
    options.signal?.addEventListener('abort', kill, { once: true });
    const settle = (result: ToolResult): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      resolve(result);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => settle({ code: null, output, error }));
    child.on('close', (code) => settle({ code, output, error: undefined }));
    if (options.signal?.aborted === true) kill();
  });
}
