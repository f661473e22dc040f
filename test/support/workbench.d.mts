import type { Browser } from 'playwright-core';

export interface Workbench {
  readonly url: string;
  /** Everything of its own: settings, extensions, logs. */
  readonly home: string;
  /** The last of what the server said. */
  output(): string;
  stop(): Promise<void>;
}

export interface WorkbenchOptions {
  readonly folder: string;
  readonly vsix: string;
  readonly trusted?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of the user. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Why no workbench can be had here, and what to do; undefined where one can. */
export function workbenchProblem(): string | undefined;
export function installNode(): Promise<string>;
export function installWorkbench(): Promise<{ readonly node: string; readonly program: string }>;
/** `npm run package`; answers the path of the `.vsix`. */
export function packageExtension(): Promise<string>;
export function startWorkbench(options: WorkbenchOptions): Promise<Workbench>;
export function openBrowser(): Promise<Browser>;
