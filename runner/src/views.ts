/** What the views of an editor ask for beyond what the command line does. */
import type { Marks } from './domain/marks';
import type { Run } from './domain/run';
import type { RunFilter } from './domain/runFilter';
import type { Version } from './domain/version';

export interface RunQuery {
  readonly filter: RunFilter;
  /** How many runs at most, from the top of the list. */
  readonly limit: number;
  /**
   * True: only the newest runs are looked at, for a first sight of a long history. Filters do not reach further then, and
   * an unfinished run that is older is not among them.
   */
  readonly quick: boolean;
}

export interface RunPage {
  /** In progress first, then newest first. */
  readonly runs: readonly Run[];
  /** By the run's id, only of the runs that have any. */
  readonly marks: Readonly<Record<string, Marks>>;
  /** How many runs the filter lets through. */
  readonly matching: number;
  readonly total: number;
  /** What a filter can choose from. */
  readonly facets: {
    readonly packages: readonly string[];
    readonly pipelines: readonly string[];
    readonly engines: readonly string[];
  };
}

export type Letter = 'A' | 'M' | 'D';

export interface FileChange {
  readonly path: string;
  readonly letter: Letter;
  /** Bytes before and after; 0 where there is no file. */
  readonly before: number;
  readonly after: number;
}

export interface VersionFileChange extends FileChange {
  /** Lines of text; null where it is no text or too long to compare. */
  readonly lines: { readonly added: number; readonly removed: number } | null;
  /** True where training wrote it in the later version. */
  readonly madeByTraining: boolean;
}

export interface VersionDifference {
  readonly changes: readonly VersionFileChange[];
  /** Files that are the same in both. */
  readonly same: number;
}

/** How the working folder of a package stands to its versions. */
export interface WorkingFolder {
  readonly package: string;
  /** Relative to the workspace. */
  readonly folder: string;
  /** The version with the same content. */
  readonly sameAs: string | null;
  /** The version that the changes are told against: the nearest of the newest ones; null before the first. */
  readonly since: string | null;
  readonly changes: readonly FileChange[];
}

export interface TakeOver {
  readonly package: string;
  readonly version: string;
  readonly folder: string;
  readonly changes: readonly FileChange[];
  /** The version that holds what the working folder held: present once it was done. */
  readonly kept: string | null;
}

export interface Restored {
  /** Absolute. */
  readonly path: string;
  readonly files: number;
}

export interface DataDifference {
  /** False where one of the lists was not kept, so that only the digests can be compared. */
  readonly known: boolean;
  readonly same: boolean;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The first of them, in order of path. */
  readonly changes: readonly FileChange[];
}

export interface RunnerViews {
  page(query: RunQuery): Promise<RunPage>;
  marks(runId: string): Promise<Marks>;
  /** Answers with all marks of the run. */
  mark(runId: string, change: Partial<Marks>): Promise<Marks>;
  /** By ids like `digits@1.1`; what is not there or can't be read is left out. */
  versions(ids: readonly string[]): Promise<readonly Version[]>;
  working(packageName: string, signal?: AbortSignal): Promise<WorkingFolder>;
  compareVersions(left: string, right: string): Promise<VersionDifference>;
  /** Lays a version's files out as a new folder (absolute path); nothing of that name may be there. */
  restore(id: string, folder: string): Promise<Restored>;
  /** What taking a version over into the working folder would change. */
  planTakeOver(id: string): Promise<TakeOver>;
  /** Keeps the working folder as a version first, then makes it hold what the version holds. */
  takeOver(id: string): Promise<TakeOver>;
  /** The datasets of two runs, by the names and hashes that were recorded when they ran. */
  compareData(leftRun: string, rightRun: string): Promise<DataDifference>;
  /** The dataset of a run as it was then against what its folder holds now. */
  checkData(runId: string): Promise<DataDifference>;
}
