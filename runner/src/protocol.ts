/**
 * The door between the extension and the runner process: JSON-RPC over the process's stdin and stdout. Requests that fail
 * in an expected way answer with the error data below, so that the other side can rebuild the ExpectedError.
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { EngineDefinition } from './domain/engineDefinition';
import type { EngineFacts } from './domain/engineFacts';
import type { Finding } from './domain/finding';
import type { Run } from './domain/run';
import type { Deleted, Exported, Imported, Published, Verified, Version, VersionFile } from './domain/version';
import type {
  DatasetChanges,
  ImportOptions,
  PackageSummary,
  RunLogLine,
  RunPlan,
  RunPreflight,
  RunRequest,
} from './runner';
import type { HostKey, Progress } from './engine/engine';
import type { Metric } from './domain/metrics';
import type { Marks } from './domain/marks';
import type { RunFilter } from './domain/runFilter';
import type {
  DataDifference,
  FileChange,
  Letter,
  Restored,
  RunPage,
  RunQuery,
  TakeOver,
  VersionDifference,
  VersionFileChange,
  WorkingFolder,
} from './views';

export type { DatasetChanges, ImportOptions, PackageSummary, Progress, RunLogLine, RunPlan, RunPreflight, RunRequest };
export type { Marks, RunFilter, RunPage, RunQuery, DataDifference, FileChange, Letter, Restored, TakeOver };
export type { VersionDifference, VersionFileChange, WorkingFolder };

/** JSON-RPC error code of an expected error; its data is ExpectedErrorData. */
export const expectedErrorCode = -32_001;
export interface ExpectedErrorData {
  readonly code: string;
  readonly hint: string;
}

export interface OpenParams {
  /** Absolute path of the workspace folder. */
  readonly workspace: string;
  /** Absolute path of the store; absent: `.training-pipelines` in the workspace. */
  readonly store?: string;
  /** False in an untrusted workspace: nothing runs and nothing connects; reading is all. */
  readonly trusted: boolean;
  /** What the user's own settings define of engines, never a workspace's. */
  readonly engines?: readonly EngineDefinition[];
}

/** First of all. Recovers unfinished runs where the workspace is trusted. Answers with the store's folder. */
export const openRequest = new RequestType<OpenParams, { readonly storeFolder: string }, ExpectedErrorData>('open');

/** Answers with the run's id as soon as the run exists; everything else comes as notifications. */
export const startRunRequest = new RequestType<RunRequest, { readonly id: string }, ExpectedErrorData>('run/start');
/** Tries what a run with this request needs; nothing is made or sent. */
export const preflightRequest = new RequestType<RunRequest, RunPreflight, ExpectedErrorData>('run/preflight');
/** The last of what a run printed. */
export const runTailRequest = new RequestType<{ readonly id: string }, RunTail, ExpectedErrorData>('run/tail');
export interface RunTail {
  /** The last line that is no metric, or "". */
  readonly line: string;
  /** The newest value of each, in the order in which they were printed first. */
  readonly metrics: readonly Metric[];
  /** Milliseconds since the epoch of the last line; 0 where there is none. */
  readonly heardAt: number;
  /** The number that is reserved for what the run makes; "" before there is one. */
  readonly makes: string;
}
export const planRunRequest = new RequestType<RunRequest, RunPlan, ExpectedErrorData>('run/plan');
/** Drives an unfinished run on, or watches it; notifications follow. */
export const attachRunRequest = new RequestType<{ readonly id: string }, null, ExpectedErrorData>('run/attach');
/** Answers once the run has ended. */
export const stopRunRequest = new RequestType<{ readonly id: string; readonly now: boolean }, Run, ExpectedErrorData>(
  'run/stop',
);
/** Newest first. */
export const listRunsRequest = new RequestType0<readonly Run[], ExpectedErrorData>('run/list');
export const getRunRequest = new RequestType<{ readonly id: string }, Run, ExpectedErrorData>('run/get');
/** The lines of a log from a line number on (zero-based), 10,000 at most an answer; `more` says whether there are others now. */
export const readLogRequest = new RequestType<
  { readonly id: string; readonly from: number },
  { readonly lines: readonly RunLogLine[]; readonly more: boolean },
  ExpectedErrorData
>('run/log');
/** From now on `logAppended` tells the lines of this log from a line number on, until the run has ended or `unwatchLog`. */
export const watchLogRequest = new RequestType<{ readonly id: string; readonly from: number }, null, ExpectedErrorData>(
  'run/watchLog',
);
export const unwatchLogRequest = new RequestType<{ readonly id: string }, null, ExpectedErrorData>('run/unwatchLog');
/** Numbers that training printed as JSON lines, in order; and resource use over time. */
export const readMetricsRequest = new RequestType<{ readonly id: string }, RunMetrics, ExpectedErrorData>(
  'run/metrics',
);

export interface MetricPoint {
  readonly metric: string;
  readonly value: number;
  readonly step: number | null;
  /** Milliseconds since the epoch. */
  readonly time: number;
}
export interface UsagePoint {
  readonly time: number;
  /** CPUs in use. */
  readonly cpu: number | null;
  /** Bytes. */
  readonly memory: number | null;
  readonly gpu: readonly { readonly utilization: number | null; readonly memory: number | null }[];
}
export interface RunMetrics {
  readonly metrics: readonly MetricPoint[];
  readonly usage: readonly UsagePoint[];
}

/** Resource use from an index on (zero-based, of the samples so far), cheap enough to ask for each second. */
export const readUsageRequest = new RequestType<
  { readonly id: string; readonly from: number },
  readonly UsagePoint[],
  ExpectedErrorData
>('run/usage');

/** The history as a view shows it. */
export const runPageRequest = new RequestType<RunQuery, RunPage, ExpectedErrorData>('run/page');
export const markRunRequest = new RequestType<
  { readonly id: string; readonly change: Partial<Marks> },
  Marks,
  ExpectedErrorData
>('run/mark');
export const compareDataRequest = new RequestType<
  { readonly left: string; readonly right: string },
  DataDifference,
  ExpectedErrorData
>('run/compareData');
/** Reads the dataset's folder as it is now. */
export const checkDataRequest = new RequestType<{ readonly id: string }, DataDifference, ExpectedErrorData>(
  'run/checkData',
);
export const workingFolderRequest = new RequestType<{ readonly package: string }, WorkingFolder, ExpectedErrorData>(
  'package/working',
);
/** By ids like `digits@1.1`; what is not there is left out. */
export const someVersionsRequest = new RequestType<
  { readonly ids: readonly string[] },
  readonly Version[],
  ExpectedErrorData
>('version/some');
/** Ids like `digits@1.1`. */
export const compareVersionsRequest = new RequestType<
  { readonly left: string; readonly right: string },
  VersionDifference,
  ExpectedErrorData
>('version/compare');
/** `folder`: absolute, not there yet. */
export const restoreVersionRequest = new RequestType<
  { readonly id: string; readonly folder: string },
  Restored,
  ExpectedErrorData
>('version/restore');
/** `apply` false: only what would change. Else the working folder is kept as a version first. */
export const takeOverRequest = new RequestType<
  { readonly id: string; readonly apply: boolean },
  TakeOver,
  ExpectedErrorData
>('version/takeOver');

export const packagesRequest = new RequestType0<readonly PackageSummary[], ExpectedErrorData>('package/list');
export const publishRequest = new RequestType<
  { readonly package?: string; readonly name?: string },
  Published,
  ExpectedErrorData
>('package/publish');
/** Findings of one package folder (relative to the workspace). */
export const checkRequest = new RequestType<{ readonly folder: string }, readonly Finding[], ExpectedErrorData>(
  'package/check',
);

export const listVersionsRequest = new RequestType<
  { readonly package?: string },
  readonly Version[],
  ExpectedErrorData
>('version/list');
export const getVersionRequest = new RequestType<
  { readonly id: string },
  { readonly version: Version; readonly file: VersionFile },
  ExpectedErrorData
>('version/get');
export const exportVersionRequest = new RequestType<
  { readonly id: string; readonly file: string; readonly record: boolean; readonly force: boolean },
  Exported,
  ExpectedErrorData
>('version/export');
export const importRequest = new RequestType<
  { readonly file: string; readonly options: ImportOptions },
  Imported,
  ExpectedErrorData
>('version/import');
export const verifyRequest = new RequestType<{ readonly id?: string }, Verified, ExpectedErrorData>('version/verify');
export const deleteRequest = new RequestType<
  { readonly ids: readonly string[]; readonly force: boolean },
  Deleted,
  ExpectedErrorData
>('delete');
export const pruneRequest = new RequestType<{ readonly keep: number }, Deleted, ExpectedErrorData>('prune');

export const enginesRequest = new RequestType0<readonly EngineFacts[], ExpectedErrorData>('engine/list');

/** Those that are named, also where they are no more than offered: whoever asks has chosen them. */
export const askEnginesRequest = new RequestType<
  { readonly names: readonly string[] },
  readonly EngineFacts[],
  ExpectedErrorData
>('engine/ask');
/** The host key that an engine behind ssh shows now, for the user to compare. */
export const hostKeyRequest = new RequestType<{ readonly engine: string }, HostKey, ExpectedErrorData>(
  'engine/hostKey',
);
/** Accepts it for good; refused where the host shows another key by now. */
export const trustHostRequest = new RequestType<
  { readonly engine: string; readonly fingerprint: string },
  null,
  ExpectedErrorData
>('engine/trustHost');

/** A look inside a dataset folder (absolute or relative to the workspace). */
export const peekDatasetRequest = new RequestType<
  {
    readonly path: string;
    /** True: only the names of its folders, nothing is counted. */
    readonly namesOnly?: boolean;
  },
  DatasetPeek,
  ExpectedErrorData
>('dataset/peek');
export interface DatasetPeek {
  /** As shown: relative to the workspace where it lies inside. */
  readonly path: string;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** True where counting was cut short; the numbers are lower bounds then. */
  readonly partial: boolean;
  /** First entries of the top level, folders first. */
  readonly entries: readonly {
    readonly name: string;
    readonly kind: 'file' | 'folder';
    readonly files: number;
    readonly bytes: number;
  }[];
  /** Names of all top-level folders, for the choice of a sub-folder; 200 at most. */
  readonly subFolders: readonly string[];
  /** Small pictures (32 KB at most each, 10 at most) as data URIs, one of each folder first. */
  readonly pictures: readonly { readonly name: string; readonly source: string }[];
}
/** A dataset that was not counted in time is counted on; told about twice a second until `partial` is false. */
export const datasetCounted = new NotificationType<DatasetPeek>('dataset/counted');
/** What changed since the last run with the dataset; null where there was none, or too much to look at. */
export const datasetChangesRequest = new RequestType<
  { readonly path: string },
  DatasetChanges | null,
  ExpectedErrorData
>('dataset/changes');

/** After every change of a run that this process drives or watches. */
export const runChanged = new NotificationType<Run>('run/changed');
/** New lines of a run's log; `from` is the number of the first one. What was told from there on before is replaced. */
export const logAppended = new NotificationType<{
  readonly id: string;
  readonly from: number;
  readonly lines: readonly RunLogLine[];
  /** True with the last piece: the run has ended and all of its log was told. */
  readonly ended: boolean;
  /** How many of the lines, at their end, have not ended (progress bars that `\r` rewrites); they are told again. */
  readonly pending: number;
}>('run/logAppended');
export const progressChanged = new NotificationType<{ readonly id: string; readonly progress: Progress }>(
  'run/progress',
);
/** Anything in the store changed, by whatever process. */
export const storeChanged = new NotificationType<null>('store/changed');
