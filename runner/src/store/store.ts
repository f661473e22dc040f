/**
 * The store on disk: `.training-pipelines/`. The folder is the truth; any index is a cache that can be rebuilt. Every
 * write that matters is temp + fsync + rename + fsync of the folder. Several processes work on one store at once.
 */
import type { Marks } from '../domain/marks';
import type { FileEntry } from '../domain/treeHash';
import type { Run } from '../domain/run';
import type { Results } from '../domain/results';
import type { VersionFile } from '../domain/version';
import type { LogChunk, LogCursor } from '../engine/engine';

export interface Store {
  /** Absolute path. */
  readonly folder: string;
  readonly versions: VersionStore;
  readonly runs: RunStore;
  /** Identifies this store to engines; made once, durable. */
  installation(): Promise<string>;
  /** A folder for caches that may be deleted at any time (hash caches, virtual environments). */
  readonly cacheFolder: string;
  /** A fresh folder on the store's file system for staging; removed by its owner, or by the next start once its owner is dead. */
  staging(): Promise<Staging>;
  watch(onChange: () => void): { dispose(): void };
}

export interface Staging {
  /** Absolute path. */
  readonly path: string;
  /** Never fails: what could not be removed goes with the next start. */
  remove(): Promise<void>;
}

/** What the store remembers of a package name. */
export interface PackageRecord {
  /** As first published (case kept). */
  readonly name: string;
  /** Working folder relative to the workspace with `/` (absolute outside), or null where it came by import and is unclaimed. */
  readonly folder: string | null;
}

/** A sealed zip that waits, on the store's file system, to become a version. */
export interface StagedVersion {
  /** Absolute path; moved into place. */
  readonly zip: string;
  readonly zipDigest: string;
  readonly tree: string;
  readonly files: readonly FileEntry[];
}

export interface SealAsIs {
  /** Undefined where there is none, or none that can be read. */
  readonly file: VersionFile | undefined;
  /** What is there instead of the seal that was made with the version; undefined where it is that. */
  readonly problem: string | undefined;
}

export interface VersionStore {
  packages(): Promise<readonly PackageRecord[]>;
  /** By name, without regard to case. */
  package(name: string): Promise<PackageRecord | undefined>;
  /** The package that was published from this folder; of several, the one whose name it took last. */
  packageOfFolder(folder: string): Promise<PackageRecord | undefined>;
  /** Makes or takes over a name for a folder (null: import). Throws `package-name-taken` where another folder has it. */
  claim(name: string, folder: string | null): Promise<PackageRecord>;
  /** Numbers that exist, highest first. Reads folder names only. */
  numbers(name: string): Promise<readonly string[]>;
  /** Undefined where it does not exist; throws `store-damaged` where it cannot be read. */
  read(name: string, version: string): Promise<VersionFile | undefined>;
  /** The seal as it lies there, and what is wrong with it as a seal: nothing is rebuilt. */
  sealAsIs(name: string, version: string): Promise<SealAsIs>;
  zipPath(name: string, version: string): string;
  /** The highest version with this tree. */
  findIdentical(name: string, tree: string): Promise<string | undefined>;
  /**
   * Publishes as the next major, or finds the version whose content is identical; one publisher of a package at a time,
   * across processes.
   */
  publish(name: string, staged: StagedVersion, createdAt: string): Promise<{ version: string; created: boolean }>;
  /** Every number that is not given again, highest first: versions, deleted ones, and those of runs that go on. */
  taken(name: string): Promise<readonly string[]>;
  /** Reserves the next minor of `from`'s major for a run; the same run asking again gets the same number. */
  reserve(name: string, from: string, runId: string): Promise<string>;
  /** Gives a number back that the run did not use. Idempotent. */
  release(name: string, version: string, runId: string): Promise<void>;
  /** Puts a trained version into place under its reserved number: exactly once; where this run did it already, nothing happens. */
  commit(name: string, file: VersionFile, zip: string): Promise<void>;
  /** Bytes freed. The number is not given again. */
  delete(name: string, version: string): Promise<number>;
}

/** What a run needs to be driven on by anyone; `run.json` is the run document plus this under `intent`. */
export interface RunRecord {
  readonly run: Run;
  /** Opaque to the store. */
  readonly intent: unknown;
}

export interface RunStore {
  /** A new id that sorts by time. */
  newId(now: Date): string;
  folder(id: string): string;
  /** Makes the run's folder with `run.json` and an empty `log.txt`, durably. */
  create(record: RunRecord): Promise<void>;
  /** Replaces `run.json`. With `durable: false` the old one may be back after a power cut. */
  write(record: RunRecord, options?: { readonly durable?: boolean }): Promise<void>;
  /** Undefined where there is none; a damaged file is set aside and rebuilt as far as can be. */
  read(id: string): Promise<RunRecord | undefined>;
  /** Ids, newest first. Folder names only. */
  ids(): Promise<readonly string[]>;
  /** Run documents newest first, through a cache that keeps 10,000 runs under half a second. */
  list(): Promise<readonly Run[]>;
  /** The documents of a few runs, without reading all for them. */
  listSome(ids: readonly string[]): Promise<readonly Run[]>;
  /** Name, star and note: only of the runs that have any. */
  marks(ids: readonly string[]): Promise<ReadonlyMap<string, Marks>>;
  /** Durable. */
  writeMarks(id: string, marks: Marks): Promise<void>;
  writeResults(id: string, results: Results): Promise<void>;
  /** Bytes freed. */
  delete(id: string): Promise<number>;
  /** The right to drive and finalize; undefined while another live process has it. */
  lease(id: string): Promise<Lease | undefined>;
  /** Whether a live process has it. */
  isLeased(id: string): Promise<boolean>;
  /** The durable stop marker. */
  requestStop(id: string, now: boolean): Promise<void>;
  stopRequest(id: string): Promise<{ readonly now: boolean } | undefined>;
  openLog(id: string): Promise<RunLog>;
  /** Bytes of the log from an offset to its present end. */
  readLog(id: string, offset: number): AsyncIterable<Uint8Array>;
  /** Where each piece of the log belongs: time, stream and length, in order, from a byte offset on. */
  readLogIndex(id: string, offset: number): AsyncIterable<LogPiece>;
}

export interface LogPiece {
  readonly offset: number;
  readonly length: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stream: 'stdout' | 'stderr';
}

export interface Lease {
  /** False once another process may have taken over. Checked before every step that publishes. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** The log of a run, written by whoever drives it: no line twice, none missing, whatever dies. */
export interface RunLog {
  /** Where to follow from; null at the start. */
  readonly cursor: LogCursor | null;
  readonly bytes: number;
  /** Appends pieces in order; those at or below the cursor are passed over. Events (`event`) go to `events.jsonl`. */
  append(chunks: readonly { readonly chunk: LogChunk; readonly cursor: LogCursor }[]): Promise<void>;
  /** Writes a note of ours (not from the run), like "--- log starts over ---". */
  note(text: string, time: number): Promise<void>;
  /** SHA-256 (hex) of all stdout and stderr bytes of the run, notes not counted. */
  digest(): Promise<string>;
  /** Starts over: empties the log and the cursor. */
  reset(): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
