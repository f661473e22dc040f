/** What the runner library does for its callers: the command line, the service process and tests. */
import type { ClearedDatasets, StoredDatasets } from './domain/storedDatasets';
import type { DatasetSelection } from './run/storedDatasets';
import type { EngineFacts } from './domain/engineFacts';
import type { DatasetAccess, Limits, Network } from './domain/pipeline';
import type { Parameters } from './domain/parameters';
import type { Finding } from './domain/finding';
import type { GpuTrouble } from './domain/gpuFacts';
import type { Problem, Run, Warning } from './domain/run';
import type { Deleted, Exported, Imported, Published, Verified, Version, VersionFile } from './domain/version';
import type { HostKey, LogStream, Progress } from './engine/engine';
import type { RunnerViews } from './views';
import type { PlannedEnvironment } from './run/planEnvironment';

/** What to run. What is absent comes from the pipeline, then from the defaults. */
export interface RunRequest {
  /** Folder (absolute or relative to `currentFolder`) or published name; absent: the pipeline's, the current folder, or the only one. */
  readonly package?: string;
  readonly pipeline?: string;
  readonly from?: string;
  readonly dataset?: string;
  readonly datasetAccess?: DatasetAccess;
  readonly engine?: string;
  /** Where neither the request nor the pipeline names one: the user's own choice. Absent: the first that answers. */
  readonly defaultEngine?: string;
  /** As on the command line: `none`, `all`, a count, or ids. */
  readonly gpu?: string;
  readonly image?: string;
  readonly network?: Network;
  readonly parameters?: Parameters;
  /** Values of the run's secrets by name; names that the pipeline lists and that are missing here are refused. */
  readonly secrets?: Parameters;
  readonly limits?: Limits;
  readonly name?: string;
  /** How the run is called in place of the package's name, where no pipeline is named: an edited, unsaved pipeline. */
  readonly title?: string;
  /** True: run although the contract check is sure that it cannot work. */
  readonly noCheck?: boolean;
  /** Against which relative paths are read; absolute. */
  readonly currentFolder: string;
}

export interface LogText {
  readonly runId: string;
  readonly time: number;
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

/** Told while a run goes on. All are optional and must not throw. */
export interface RunEvents {
  /** After every change that was made durable. */
  readonly onRun?: (run: Run) => void;
  readonly onLog?: (text: LogText) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** What the installer printed while the environment was made. */
  readonly onOutput?: (text: string) => void;
}

/** A run that is being driven by this process. */
export interface DrivenRun {
  readonly id: string;
  /** Resolves with the run once it ended, or once it cannot go on for now (`problem` is set then). */
  readonly ended: Promise<Run>;
  /** Stops it: SIGTERM and 10 s, then SIGKILL. A second call, or `now`, kills at once. */
  stop(now?: boolean): Promise<void>;
  /** Ends the driving and leaves the run going. */
  release(): Promise<void>;
}

export interface ImportOptions {
  readonly maxBytes?: number;
  readonly maxEntries?: number;
  readonly anyName?: boolean;
}

export interface RunLogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** What a run with this request would do, found out without starting or writing anything but caches. */
export interface RunPlan {
  readonly package: string;
  /** Folder relative to the workspace, "" where the package has none. */
  readonly folder: string;
  /** The version that it starts from, and whether that is published first. */
  readonly from: string;
  readonly publishes: boolean;
  readonly makes: string;
  /** Since which version the working folder changed, and the paths that did. */
  readonly changedSince: { readonly version: string; readonly paths: readonly string[] } | null;
  readonly engine: string;
  readonly dataset: { readonly path: string };
  readonly gpu: string;
  /** What the run starts from. */
  readonly source: { readonly files: number; readonly bytes: number };
  /** Minors of the same major that are taken already, lowest first. */
  readonly taken: readonly string[];
}

/** What was tried for a run with a request, and what came of it. Null: that was not tried. */
export interface RunPreflight {
  readonly engine: { readonly name: string; readonly milliseconds: number; readonly problem: Problem | null };
  /** Findings of the contract check in the working folder; `blocking` of them would refuse the run. */
  readonly findings: readonly Finding[] | null;
  readonly blocking: number;
  /** What is not allowed in a package, by name. */
  readonly packageProblem: Problem | null;
  /** Whether the version to start from is what was sealed. */
  readonly seal: boolean | null;
  /** Parameters that `train.py` reads. */
  readonly reads: readonly { readonly name: string; readonly fallback: string | null }[];
  readonly gpuProblem: Problem | null;
  /** Why the engine has no GPU to give, whether one is asked for or not; null where it has, or was not asked. */
  readonly gpuTrouble: GpuTrouble | null;
  readonly environment: PlannedEnvironment | null;
  readonly environmentProblem: Problem | null;
  readonly warnings: readonly Warning[];
  /** Bytes that are free where versions and runs are kept. */
  readonly disk: { readonly free: number | null };
}

/** What changed in a dataset since a run with it. */
export interface DatasetChanges {
  readonly run: string;
  /** What that run made, or "". */
  readonly version: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The first of them, in order of path. */
  readonly paths: readonly { readonly path: string; readonly change: 'A' | 'M' | 'D' }[];
}

export interface Runner {
  readonly workspace: string;
  readonly views: RunnerViews;
  readonly storeFolder: string;

  /** Throws ExpectedError before there is a run; afterwards everything is told by the run itself. */
  start(request: RunRequest, events?: RunEvents, signal?: AbortSignal): Promise<DrivenRun>;
  /**
   * Drives an unfinished run on, or watches it where another process drives it. `secrets`: values for those that the run
   * has not been given yet.
   */
  attach(runId: string, events?: RunEvents, secrets?: Parameters): Promise<DrivenRun>;
  /** Stops a run that any process drives, or none; resolves with it once it ended. */
  stop(runId: string, now?: boolean): Promise<Run>;
  plan(request: RunRequest, signal?: AbortSignal): Promise<RunPlan>;
  /** Tries what the run needs; a dataset that is missing keeps nothing else from being tried. */
  preflight(request: RunRequest, signal?: AbortSignal): Promise<RunPreflight>;
  /** Null where no run had the dataset, or where it is too large to look at in passing. */
  datasetChanges(path: string, signal?: AbortSignal): Promise<DatasetChanges | null>;

  /** Newest first. */
  runs(): Promise<readonly Run[]>;
  /** By id, or by a unique beginning of it. */
  run(idOrPrefix: string): Promise<Run>;
  /** The number that is reserved for what the run makes; "" before there is one. */
  reserved(runId: string): Promise<string>;
  /** The newest unfinished run. */
  newestUnfinished(): Promise<Run | undefined>;
  /** Bytes of the log as written, from `offset`. */
  readLog(runId: string, offset: number): AsyncIterable<Uint8Array>;
  /** Line by line; of a `\r` line its last state. `follow`: until the run ended. */
  logLines(
    runId: string,
    options: {
      readonly follow: boolean;
      readonly signal?: AbortSignal;
      /** Told the lines that have not ended yet, each time that all there is was read. */
      readonly onPending?: (lines: readonly RunLogLine[]) => void;
    },
  ): AsyncIterable<RunLogLine>;
  /** Raw bytes, following until the run ended. */
  followLog(runId: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /** What the harness told beside the log: steps, and resource use over time; one JSON object each. */
  runEvents(runId: string): AsyncIterable<unknown>;

  publish(
    target: { readonly package?: string; readonly name?: string; readonly currentFolder: string },
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Published>;
  /** Highest first; of one package or of all. */
  versions(packageNameOrFolder?: string, currentFolder?: string): Promise<readonly Version[]>;
  version(id: string): Promise<{ readonly version: Version; readonly file: VersionFile }>;
  export(id: string, file: string, options: { readonly record: boolean; readonly force: boolean }): Promise<Exported>;
  import(
    file: string,
    options: ImportOptions,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Imported>;
  verify(id?: string, onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<Verified>;
  delete(ids: readonly string[], options: { readonly force: boolean }): Promise<Deleted>;
  prune(keep: number): Promise<Deleted>;

  /** What else was found when the engine was last listed, as sentences. */
  engineNotes(name: string): readonly string[];
  /** The host key that an engine behind ssh shows now; `usage` where it has none. */
  hostKey(engine: string): Promise<HostKey>;
  /** Accepts it for good, where the fingerprint is the one that the user has compared. */
  trustHost(engine: string, fingerprint: string): Promise<void>;
  /** All that are listed, or those named: only what is named is asked where it is no more than offered. */
  /** The copies of datasets that engines elsewhere keep for this store. */
  datasets(selection: DatasetSelection, signal?: AbortSignal): Promise<StoredDatasets>;
  /** Clears those of them that no run has. */
  clearDatasets(selection: DatasetSelection, signal?: AbortSignal): Promise<ClearedDatasets>;
  engines(signal?: AbortSignal, names?: readonly string[]): Promise<readonly EngineFacts[]>;
  /** Packages of the store and of the workspace, for views and completion. */
  packages(): Promise<readonly PackageSummary[]>;
  /** Finds unfinished runs that nobody drives and drives them on. */
  recover(events?: RunEvents): Promise<readonly DrivenRun[]>;
  /** Calls back (debounced) when anything in the store changes, by whatever process. */
  watch(onChange: () => void): { dispose(): void };
}

export interface PackageSummary {
  readonly name: string;
  /** Working folder relative to the workspace, or null (imported, or the folder is gone). */
  readonly folder: string | null;
  /** Highest first. */
  readonly versions: readonly string[];
}
