import type { Browser } from 'playwright-core';

export interface WorkbenchOptions {
  readonly folder: string;
  /** The packaged extension: what `packageExtension` answers. */
  readonly vsix: string;
  /** False: the workspace is in restricted mode. */
  readonly trusted?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Further settings of the user. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Workbench {
  readonly url: string;
  readonly home: string;
  output(): string;
  stop(): Promise<void>;
}

/** Why no workbench can be had here, and what to do; undefined where one can. */
export function workbenchProblem(): string | undefined;
export function installNode(): Promise<string>;
export function installWorkbench(): Promise<{ readonly node: string; readonly program: string }>;
export function packageExtension(): Promise<string>;
export function startWorkbench(options: WorkbenchOptions): Promise<Workbench>;
export function openBrowser(): Promise<Browser>;
