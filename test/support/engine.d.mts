export type EngineKind = 'docker-20' | 'docker-26' | 'podman';

export interface SharedEngine {
  /** `named`: the one that TRAINING_PIPELINES_TEST_DOCKER_HOST names. */
  readonly kind: EngineKind | 'named';
  /** `unix://…` */
  readonly host: string;
  readonly apiVersion: string;
  /** Where an own engine keeps all that it has, its `log` among it. */
  readonly folder?: string;
  /** False: it can be neither killed nor restarted. */
  readonly isOwn: boolean;
}

export interface TestEngine extends SharedEngine {
  /** Ends it and removes all that it had. */
  stop(): Promise<void>;
  /** SIGKILL to the daemon; containers go on. */
  kill(): Promise<void>;
  /** Ends it in order; `launch` starts it again with what it has. */
  halt(): Promise<void>;
  /** Starts it again after `kill` or `halt`, at the same address. */
  launch(): Promise<void>;
  restart(): Promise<void>;
  pid(): number | undefined;
}

export interface EngineOptions {
  readonly kind?: EngineKind;
  /** With a stand-in for NVIDIA's runtime, so that DeviceRequests are accepted. Podman takes them silently and gives none. */
  readonly gpu?: boolean;
  /** With GPUs `nvidia.com/gpu=0`, `=1` and `=all` by CDI (docker-26 and podman). */
  readonly cdi?: boolean;
  /** Containers go on while the daemon is away, also when it comes back. */
  readonly liveRestore?: boolean;
  /** `testImage` unless said otherwise; `gpuImage` comes by itself where there are GPUs. */
  readonly images?: readonly string[];
}

export const cacheFolder: string;
export const kinds: readonly EngineKind[];
/** Debian's Python and pip. */
export const testImage: string;
/** With an nvidia-smi that shows the stand-in GPUs that the container was given. */
export const gpuImage: string;
/** With Debian's scikit-learn and matplotlib; made in 90 s when first asked for. */
export const mlImage: string;
/** Why no engine of this kind can be had here, and what to do; undefined where one can. */
export function engineProblem(kind?: EngineKind): string | undefined;
/** An engine of one's own. It ends with this process at the latest. */
export function startEngine(options?: EngineOptions): Promise<TestEngine>;
/** The engine that all test files of a run share. */
export function sharedEngine(options?: EngineOptions): Promise<SharedEngine>;
export interface FarSshd {
  readonly port: number;
  readonly pid: number;
  /** Type and key, as known_hosts holds them after the name. */
  readonly hostKey: string;
  log(): string;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly port?: number;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
  /** Name of the host key's file; another name is another key. */
  readonly hostKey?: string;
}

export interface SshClient {
  /** A program that is the system's ssh with a configuration of the test's own. */
  readonly command: string;
  readonly known: string;
  readonly config: string;
  setKnown(text: string): void;
  setConfig(lines?: readonly string[]): void;
}

/** A second machine: own address, own /tmp and /run, own sshd and engine. */
export interface FarEngine extends TestEngine {
  readonly folder: string;
  readonly address: string;
  readonly sshd: FarSshd;
  readonly client: SshClient;
  /** Paths. */
  readonly certificates: Readonly<Record<'ca' | 'cert' | 'key' | 'serverCert' | 'serverKey', string>>;
  startSshd(options?: SshdOptions): Promise<FarSshd>;
  makeClient(name: string): SshClient;
  command(program: string, args: readonly string[]): [string, string[]];
}

export function startFarEngine(options?: EngineOptions): Promise<FarEngine>;
/** Ends what the test files of a run shared. `owner`: the process id of that run. */
export function stopShared(owner: number): Promise<void>;
export function ensureImage(host: string, name: string): Promise<void>;

/** Stand-ins for NVIDIA's hook, for an engine started with `gpu`; `folder` is the engine's. */
export function standInCards(folder: string, change?: (text: string) => string): void;
export function standInRefusal(folder: string, text: string | undefined): void;
