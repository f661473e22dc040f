/** What a Docker engine says about itself, and what of it decides how runs are made. */
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import type { DockerClient } from './dockerClient';
import type { EngineVersions } from './knownEscapes';

const text = (value: string | null | undefined): string => value ?? '';
const number = (value: number | null | undefined): number => value ?? 0;
function list<T>(value: readonly T[] | null | undefined): readonly T[] {
  return value ?? [];
}

const infoSchema = z.object({
  ServerVersion: z.string().nullish().transform(text),
  OSType: z.string().nullish().transform(text),
  Architecture: z.string().nullish().transform(text),
  NCPU: z.number().nullish().transform(number),
  MemTotal: z.number().nullish().transform(number),
  SecurityOptions: z
    .array(z.string())
    .nullish()
    .transform(list<string>),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  Plugins: z.object({ Authorization: z.array(z.string()).nullish() }).nullish(),
  CDISpecDirs: z
    .array(z.string())
    .nullish()
    .transform(list<string>),
  DiscoveredDevices: z
    .array(z.object({ Source: z.string(), ID: z.string() }))
    .nullish()
    .transform(list<{ Source: string; ID: string }>),
});
type Info = z.infer<typeof infoSchema>;
interface Component {
  readonly Name: string;
  readonly Version?: string | null | undefined;
}

const versionSchema = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  Arch: z.string().nullish().transform(text),
  Components: z
    .array(z.object({ Name: z.string(), Version: z.string().nullish() }))
    .nullish()
    .transform(list<Component>),
});

export interface EngineInfo {
  readonly version: string;
  readonly apiVersion: string;
  /** "linux/amd64" */
  readonly platform: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly isRootless: boolean;
  readonly isPodman: boolean;
  /** SELinux confines its containers. */
  readonly isLabelled: boolean;
  /** It maps the users of containers to others. */
  readonly isRemapped: boolean;
  readonly gpuStyle: 'nvidia' | 'cdi';
  /** What is known of flaws goes by these. */
  readonly versions: EngineVersions;
}

const leastApi = [1, 41] as const;
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' };

export async function readEngineInfo(client: DockerClient, signal?: AbortSignal): Promise<EngineInfo> {
  const options = { signal, timeoutMilliseconds: 10_000 };
  const [info, version] = await Promise.all([
    client.get('/info', infoSchema, options),
    client.get('/version', versionSchema, options),
  ]);
  refuseOld(client.engine, version.ApiVersion);
  refuseOtherSystem(client.engine, info.OSType);
  const isPodman = version.Components.some((component) => /podman/i.test(component.Name));
  const architecture = version.Arch || info.Architecture;
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    platform: `linux/${architectures[architecture] ?? architecture}`,
    cpus: info.NCPU,
    memory: info.MemTotal,
    isRootless: hasOption(info, 'rootless'),
    isLabelled: hasOption(info, 'selinux'),
    isRemapped: hasOption(info, 'userns'),
    isPodman,
    gpuStyle: isPodman ? 'cdi' : gpuStyle(info),
    versions: {
      engine: isPodman ? '' : version.Version,
      runc: runcOf(version.Components),
      hasAuthorization: (info.Plugins?.Authorization ?? []).length > 0,
    },
  };
}

/** Docker names it as it is, Podman as "OCI Runtime (runc)" with a sentence. */
const runcOf = (components: readonly Component[]): string => {
  const told = components.find(({ Name }) => /\brunc\b/.test(Name))?.Version ?? '';
  return /\d+\.\d+\S*/.exec(told)?.[0] ?? '';
};

/**
 * Whether the engine can be used, by its shortest answer: an engine takes its time to tell all about itself. False where
 * that answer does not say.
 */
export async function greetEngine(client: DockerClient, signal?: AbortSignal): Promise<boolean> {
  const { 'api-version': api, ostype } = await client.ping(signal);
  if (typeof api !== 'string' || !/^\d+\.\d+$/.test(api) || typeof ostype !== 'string') return false;
  refuseOld(client.engine, api);
  refuseOtherSystem(client.engine, ostype);
  return true;
}

/** The platform of this machine's own containers, as far as one can tell without asking. */
export const ownPlatform = (architecture: string = process.arch): string =>
  `linux/${architecture === 'x64' ? 'amd64' : architecture}`;

const hasOption = (info: Info, name: string): boolean =>
  info.SecurityOptions.some((option) => option.split(',')[0]?.replace('name=', '') === name);

/** Podman takes the other way of asking without a word and gives nothing. CDI where the engine lists such devices, or knows of CDI and has no nvidia runtime. */
function gpuStyle(info: Info): EngineInfo['gpuStyle'] {
  const listed = info.DiscoveredDevices.some(({ Source, ID }) => Source === 'cdi' && ID.startsWith('nvidia.com/gpu='));
  const onlyCdi = info.CDISpecDirs.length > 0 && info.Runtimes?.['nvidia'] === undefined;
  return listed || onlyCdi ? 'cdi' : 'nvidia';
}

function refuseOtherSystem(engine: string, system: string): void {
  if (system === 'linux' || system === '') return;
  throw new ExpectedError(
    'engine-unsupported',
    `${engine} runs ${system} containers.`,
    'Switch it to Linux containers.',
  );
}

function refuseOld(engine: string, api: string): void {
  const [major = 0, minor = 0] = api.split('.').map(Number);
  if (major > leastApi[0] || (major === leastApi[0] && minor >= leastApi[1])) return;
  const message = `${engine} is too old: its API is ${api}, and 1.41 (Docker 20.10) is needed.`;
  throw new ExpectedError('engine-unsupported', message, 'Update Docker, or use --engine process.');
}

/** The user of the containers, as `uid:gid`: the caller, so that what they write belongs to the caller. */
export function containerUser(
  info: Pick<EngineInfo, 'isRootless'>,
  uid = process.getuid?.(),
  gid = process.getgid?.(),
): string {
  // In a rootless engine the user is root inside; elsewhere without uids (Windows), any ordinary user will do.
  if (info.isRootless) return '0:0';
  return `${uid ?? 1000}:${gid ?? 1000}`;
}
