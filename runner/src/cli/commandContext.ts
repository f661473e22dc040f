/** What every command is given. */
import type { Checker } from '../../../server/src/check';
import type { Runner } from '../runner';
import type { Terminal } from './terminal';

export interface GlobalOptions {
  readonly workspace?: string;
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface CommandContext {
  readonly terminal: Terminal;
  /** Absolute. */
  readonly currentFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Made on first use. */
  readonly runner: () => Promise<Runner>;
  readonly workspace: () => Promise<string>;
  readonly checker: Checker;
  readonly signals: Signals;
  /** Starts this program again, detached, with these arguments. */
  readonly detach: (args: readonly string[], secrets: Readonly<Record<string, string>>) => void;
}

/** Ctrl-C, SIGTERM and SIGHUP, told to whoever listens; without a listener they end the program as usual. */
export interface Signals {
  onInterrupt(handle: () => void): { dispose(): void };
  onHangUp(handle: () => void): { dispose(): void };
}

/** A command answers its exit code. */
export type Handler<A extends readonly unknown[]> = (context: CommandContext, ...parameters: A) => Promise<number>;
