/**
 * The one interface of all engines. A run is known to an engine by its deterministic name and nonce, and every call works
 * from those alone, days later, whether or not anyone watched. `start` means accepted; only the harness's completion
 * record makes a run successful; `unknown` and `forgotten` change nothing until that record was looked for.
 */
import type { CompletionRecord } from '../domain/completionRecord';
import type { EngineFacts } from '../domain/engineFacts';
import type { GpuFacts } from '../domain/gpuFacts';
import type { GpuRequest } from '../domain/gpuRequest';
import type { DatasetAccess, Network } from '../domain/pipeline';
import type { Warning } from '../domain/run';
import type { StoredDataset } from '../domain/storedDatasets';
import type { DatasetEntry } from '../domain/treeHash';

/** What identifies a run to an engine; durable in the run's intent before anything is started. */
export interface RunRef {
  readonly runId: string;
  /** 32 hex digits; the record and the engine's object carry it. */
  readonly nonce: string;
  /** This store's installation id; clean-up touches nothing of others. */
  readonly installation: string;
  /** Absolute path of a folder that the engine may use for this run (logs of a local process, staged input). */
  readonly workFolder: string;
}

/** Bytes, CPUs and seconds; null means no limit. */
export interface ResourceLimits {
  readonly memory: number | null;
  readonly cpus: number | null;
  /** Size of /dev/shm; null: the engine's own sane default. */
  readonly shm: number | null;
  readonly timeoutSeconds: number | null;
}

/** Everything that a run needs of an engine, as a plain value. Kept in the intent, so it holds no secret values. */
export interface RunSpec {
  readonly ref: RunRef;
  readonly package: string;
  /** Absolute path of the sealed zip that is laid out as the working directory; its root folder is `package`. */
  readonly zip: string;
  readonly dataset: {
    /** Absolute path on this machine. */
    readonly path: string;
    readonly access: DatasetAccess;
    /** Name inside the package: `data`, or the first free of `data_directory`, … */
    readonly mountName: string;
    /** Its tree hash where the engine has a copy of its own (`send`); absent where it reads `path`. */
    readonly tree?: string;
  };
  readonly environment: PreparedEnvironment;
  readonly parameters: Readonly<Record<string, string>>;
  /** Names of parameters whose values come separately and are masked in the log. */
  readonly secretNames: readonly string[];
  /** Relative to the package. */
  readonly artifactsDirectory: string;
  readonly gpu: GpuRequest;
  readonly network: Network;
  readonly limits: ResourceLimits;
  /** What others are told that wait for what this run has. */
  readonly title?: string;
}

/** What the environment of a run is made from. */
export interface EnvironmentRequest {
  readonly runId: string;
  readonly installation: string;
  /** Base image, or "" for the engine's default. Ignored by `process`. */
  readonly image: string;
  /** Wanted Python for `process`, like "3.11" or a path; "" for the default. */
  readonly python: string;
  /** The package's files that decide the environment, from the version's zip: name and content. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Absolute path of the sealed zip: the context of a package's own Dockerfile. */
  readonly zip: string;
  readonly package: string;
  readonly network: Network;
  /** Absolute path of a folder for virtual environments and installer caches that survive between runs. */
  readonly cacheFolder: string;
}

/** A ready environment; plain data that goes into the intent. */
export interface PreparedEnvironment {
  /** Image reference or id to run, or the interpreter's absolute path with `process`. */
  readonly target: string;
  /** Null with `process`. */
  readonly image: { readonly name: string; readonly digest: string; readonly platform: string } | null;
  /** "Reused the cached image: requirements unchanged." or what was built and why. */
  readonly summary: string;
  /** False where everything was there already. */
  readonly built: boolean;
  readonly warnings: readonly Warning[];
}

/** What `prepare` would do. */
export interface EnvironmentPlan {
  /** `ready`: nothing to install. `build`: what `files` ask for is installed (or built) first. */
  readonly kind: 'ready' | 'build';
  /** The base image, or "Python 3.11.2". */
  readonly base: string;
  /** False where the base image is to be pulled first. */
  readonly isBaseThere: boolean;
  /** The package's files that decide: requirement files that hold any, or its Dockerfile. */
  readonly files: readonly string[];
}

export interface Progress {
  /** What it is about: "installing torch 2.5.1", "sending data/digits". */
  readonly text: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: 'bytes' | 'files' | 'steps';
}
export type OnProgress = (progress: Progress) => void;

/** What an engine needs to know early, so that a run is refused before anything is packaged. */
export interface RunDemand {
  readonly gpu: GpuRequest;
  readonly image: string;
  readonly python: string;
  readonly datasetAccess: DatasetAccess;
  readonly network: Network;
  readonly limits: ResourceLimits;
  /** Whether the package has a Dockerfile or requirements. */
  readonly hasDockerfile: boolean;
}

export type EngineState =
  /** Accepted but its input is not there yet or it was never started: `start` may go on. */
  | { readonly kind: 'created' }
  | { readonly kind: 'queued'; readonly reason: string }
  | { readonly kind: 'running'; readonly where: string }
  | {
      readonly kind: 'ended';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly outOfMemory: boolean;
      /** The engine's own complaint, or "". */
      readonly error: string;
    }
  | { readonly kind: 'unknown'; readonly why: string }
  /** The engine answers, and knows nothing of the run. */
  | { readonly kind: 'forgotten' };

export type LogStream = 'stdout' | 'stderr' | 'event';

export interface LogChunk {
  /** Counted from 1 by the harness, without a gap. */
  readonly sequence: number;
  /** Milliseconds since the epoch, by the clock of the place where the run is. */
  readonly time: number;
  /** `event` carries one JSON object of the harness (phase, usage), never the user's bytes. */
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

/** The place in the log after a chunk. Opaque to all but the engine, save `sequence`. Durable beside the log. */
export interface LogCursor {
  readonly sequence: number;
  readonly hint: string;
}

export interface FollowOptions {
  /** Everything after this; null from the start. */
  readonly after: LogCursor | null;
  /** True: wait for more until the run is over. False: what there is now. */
  readonly live: boolean;
  readonly signal: AbortSignal;
}

export interface Collected {
  /** Undefined where there is none, or where its nonce is not the run's. */
  readonly record: CompletionRecord | undefined;
  /** Why there is no record, or "". */
  readonly recordProblem: string;
  /** Entries that were left out or renamed on the way, by name. */
  readonly warnings: readonly Warning[];
}

/** A dataset that an engine elsewhere is to have a copy of. */
export interface SendRequest {
  readonly ref: Pick<RunRef, 'runId' | 'installation'>;
  /** Absolute path on this machine. */
  readonly path: string;
  /** What it is called in lists. */
  readonly name: string;
  readonly tree: string;
  readonly files: number;
  readonly bytes: number;
  readonly entries: readonly DatasetEntry[];
  /** Target of the run's environment: what the far side needs is done in it. */
  readonly image: string;
  /** Absolute path of a folder that survives between runs. */
  readonly cacheFolder: string;
  readonly onProgress: OnProgress;
}

/** A folder of the engine's own machine. */
export interface HashFolderRequest {
  readonly ref: Pick<RunRef, 'runId' | 'installation'>;
  /** Absolute, there. */
  readonly path: string;
  /** Target of the run's environment. */
  readonly image: string;
  /** What is wrong with the folder, by its path with links resolved. */
  readonly refusal: (path: string) => string | undefined;
  readonly onProgress: OnProgress;
}

export interface HashedFolder {
  readonly tree: string;
  readonly files: number;
  readonly bytes: number;
  readonly entries: readonly DatasetEntry[];
  readonly warnings: readonly Warning[];
}

export interface EngineDatasets {
  list(
    installation: string,
    signal?: AbortSignal,
  ): Promise<readonly (Omit<StoredDataset, 'engine' | 'usedAt' | 'users'> & { readonly users: readonly string[] })[]>;
  /** Those that a run has stay. `bytes`: what is free by that. */
  clear(
    installation: string,
    trees: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly cleared: readonly string[]; readonly bytes: number }>;
}

export interface StopOptions {
  /** Seconds between SIGTERM and SIGKILL; 0 kills at once. */
  readonly graceSeconds: number;
  readonly signal?: AbortSignal;
}

/** What is known once a run is accepted. */
export interface StartedRun {
  readonly warnings: readonly Warning[];
  /** True where accepted means running; absent where the run may wait in a queue. */
  readonly isRunning?: boolean;
}

/** The key by which a host proves that it is the one it was. */
export interface HostKey {
  /** "SHA256:…", as ssh-keygen -l shows it. */
  readonly fingerprint: string;
  /** "ssh-ed25519" and the like. */
  readonly type: string;
  /** The engine's address. */
  readonly host: string;
}

/** Only engines behind ssh have one. */
export interface HostTrust {
  /** The key that the host shows now, known or not. */
  read(): Promise<HostKey>;
  /** Accepts the key for good, where its fingerprint is the one that the user has compared. */
  accept(fingerprint: string): Promise<void>;
}

export interface Engine {
  readonly hostTrust?: HostTrust;
  readonly name: string;
  /** Its address, as facts show it; absent where it is this machine itself. */
  readonly endpoint?: string;
  readonly kind: 'docker' | 'process';
  /** Never throws for an engine that is not there: the facts carry the problem. */
  probe(signal?: AbortSignal): Promise<EngineFacts>;
  /** What else was found at the last probe and is worth a sentence. */
  notes?(): readonly string[];
  /** Throws where the engine cannot do it: `gpu-unavailable`, `engine-unreachable`, `engine-permission`, `image-missing`, … */
  demand(demand: RunDemand, signal?: AbortSignal): Promise<readonly Warning[]>;
  /** Makes or finds the environment. Throws `requirements`, `image-missing`, `image-platform`, `python-missing`, `disk-full`, `cancelled`. */
  prepare(
    request: EnvironmentRequest,
    events: { readonly onProgress: OnProgress; readonly onOutput: (text: string) => void },
    signal?: AbortSignal,
  ): Promise<PreparedEnvironment>;
  /**
   * What `prepare` would do for the request, found out in a moment: nothing is made and no registry is asked. `zip` may be ""
   * where the package has no Dockerfile and its requirements refer to no other file. Absent where the engine cannot tell.
   */
  planEnvironment?(request: EnvironmentRequest, signal?: AbortSignal): Promise<EnvironmentPlan>;
  /**
   * Only on engines that cannot read this machine's files: sees to it that a dataset is there, sending only what is not. Throws
   * `disk-full`, and `engine-unreachable` where the connection stays cut; a later call goes on from there.
   */
  send?(request: SendRequest, signal?: AbortSignal): Promise<void>;
  /** The identity of a dataset that lies on its own machine. Throws `dataset-missing`, `dataset-refused`. */
  hashFolder?(request: HashFolderRequest, signal?: AbortSignal): Promise<HashedFolder>;
  /** The copies of datasets that it keeps for an installation, where it keeps any. */
  readonly datasets?: EngineDatasets;
  /** What GPUs it really has, found out by asking on it; remembered for a while. */
  gpus?(signal?: AbortSignal): Promise<GpuFacts>;
  /** Whether a run that asks for this could have it now: the GPUs, or else an engine that runs nothing of ours. */
  isFree?(gpu: GpuRequest, signal?: AbortSignal): Promise<boolean>;
  /**
   * Waits in line until the run can have the GPUs that it asks for. Answers what it gets; `done` is called when it runs, or will
   * not. Where the run was started already, or the engine can't tell its GPUs apart, there is nothing to wait for.
   */
  waitForGpus?(
    spec: RunSpec,
    options: { readonly onWaiting: (text: string) => void; readonly signal?: AbortSignal },
  ): Promise<{ readonly gpu: GpuRequest; readonly done: () => Promise<void> }>;
  /**
   * Idempotent: adopts what an earlier, interrupted call left. Resolves once the run is started on the engine. Throws
   * `dataset-missing` where the copy of the dataset that `spec` names is not there (any more).
   */
  start(
    spec: RunSpec,
    secrets: Readonly<Record<string, string>>,
    options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
  ): Promise<StartedRun>;
  inspect(ref: RunRef, signal?: AbortSignal): Promise<EngineState>;
  /** Ends at the end of the log (or of what there is). Throws when the connection is lost; follow again from the last cursor. */
  follow(ref: RunRef, options: FollowOptions): AsyncIterable<{ readonly chunk: LogChunk; readonly cursor: LogCursor }>;
  /** SIGTERM, then SIGKILL. Resolves when the run is over. The log stays. */
  stop(ref: RunRef, options: StopOptions): Promise<void>;
  /**
   * Brings what the run left into `staging` (absolute, empty or left by an earlier try): `staging/package/…` and
   * `staging/artifacts/…`. Only for a run that has ended. Nothing is ever written outside of `staging`.
   */
  collect(
    ref: RunRef,
    staging: string,
    options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
  ): Promise<Collected>;
  /** Removes everything that the run has on the engine; nothing of others. Idempotent. */
  remove(ref: RunRef, signal?: AbortSignal): Promise<void>;
}
