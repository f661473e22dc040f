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
  /** Of this program. */
  readonly version: string;
  /** Absolute. */
  readonly currentFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Made on first use. */
  readonly runner: () => Promise<Runner>;
  readonly workspace: () => Promise<string>;
  readonly checker: Checker;
  readonly signals: Signals;
  /** Starts this program again in the background, with these arguments; the secrets travel in its environment. */
  readonly detach: (parameters: readonly string[], secrets: Readonly<Record<string, string>>) => Promise<void>;
}

/** Ctrl-C, SIGTERM and SIGHUP, told to whoever listens; without a listener they end the program as usual. */
export interface Signals {
  onInterrupt(handle: () => void): { dispose(): void };
  onHangUp(handle: () => void): { dispose(): void };
}
