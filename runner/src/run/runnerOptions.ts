/** What a runner is made of. */
import type { Finding } from '../domain/finding';
import type { Log } from '../domain/log';
import type { Engine } from '../engine/engine';
import type { EngineCatalog } from '../engine/engineCatalog';
import type { Store } from '../store/store';
import type { Clock } from './runDocument';

export interface ParameterRead {
  readonly name: string;
  readonly fallback: string | null;
}

/** What the runner asks of the contract check; the language server's analyses answer. */
export interface PackageCheck {
  /** Findings of one package that are sure to keep it from running. */
  blocking(workspace: string, folder: string): Promise<readonly Finding[]>;
  /** All that is found in one package. */
  findings(workspace: string, folder: string): Promise<readonly Finding[]>;
  /** Folders (absolute) of the workspace that are packages without being configured. */
  discover(workspace: string): Promise<readonly string[]>;
  /** Parameters that `train.py` of a package reads, with what it takes where one is not set (null: nothing). */
  reads(workspace: string, folder: string): Promise<readonly ParameterRead[]>;
}

export interface RunnerOptions {
  /** Absolute, with links resolved. */
  readonly workspace: string;
  readonly store: Store;
  /** In order of preference: without a choice, the first that is ready runs. */
  readonly engines: readonly Engine[];
  /** All that can be chosen by name, the above among them; absent: those alone. */
  readonly catalog?: EngineCatalog;
  readonly check: PackageCheck;
  readonly log: Log;
  readonly clock?: Clock;
  /** After each run, copies of datasets on its engine that no run has had for so many milliseconds are cleared. */
  readonly datasetAge?: number | undefined;
}
