/** Creates, fills and starts the container of a run; every step can be done again after a crash. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { packTar, type TarSource } from '../../archive/tarPack';
import { ExpectedError, messageOf, type ErrorCode } from '../../domain/errors';
import type { OnProgress, RunSpec } from '../engine';
import type { HarnessSpec } from '../harnessSpec';
import { base, containerName, containerSpec, labels, type ContainerPlace } from './containerSpec';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { containerUser, type EngineInfo } from './engineInfo';
import { containerPath, copyVolumeName, ignoring, inspectContainer } from './runObjects';

export interface StartOptions {
  readonly harnessFolder: string;
  readonly info: EngineInfo;
  readonly secrets: Readonly<Record<string, string>>;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

const createdSchema = z.object({ Id: z.string(), Warnings: z.array(z.string()).nullish() });
const graceSeconds = 10;

export async function startContainer(client: DockerClient, spec: RunSpec, options: StartOptions): Promise<void> {
  const { signal } = options;
  const known = await create(client, spec, options);
  if (known !== 'new' && known !== 'created') return;
  options.onProgress({ text: `sending ${spec.package} to ${client.engine}` });
  await upload(client, spec, options);
  try {
    // 304: it runs already, started by whoever was here before.
    await client.post(`${containerPath(spec.ref)}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 120_000 });
  } catch (error) {
    throw startError(error, spec, client.engine);
  }
}

/** Answers `new`, or the state of the one that an earlier, interrupted call made. */
async function create(client: DockerClient, spec: RunSpec, options: StartOptions): Promise<string> {
  const { signal, info } = options;
  const copyVolume = spec.dataset.access === 'copy' ? await makeCopyVolume(client, spec, signal) : undefined;
  const place: ContainerPlace = {
    user: containerUser(info),
    gpuStyle: info.gpuStyle,
    memory: info.memory,
    ...(copyVolume === undefined ? {} : { copyVolume }),
  };
  const request = { query: { name: containerName(spec.ref.runId) }, body: containerSpec(spec, place) };
  try {
    await client.post('/containers/create', createdSchema, request, { signal, timeoutMilliseconds: 60_000 });
    return 'new';
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    if (error.status !== 409) throw createError(error, spec, client.engine);
    const found = await inspectContainer(client, spec.ref, { signal });
    if (found === undefined) throw error;
    return found.State.Status;
  }
}

/** A view of the dataset that can be written: the folder below an overlay; the engine's local volumes know how. */
async function makeCopyVolume(client: DockerClient, spec: RunSpec, signal?: AbortSignal): Promise<string> {
  const Name = copyVolumeName(spec.ref);
  const own = { [labels.installation]: spec.ref.installation, [labels.run]: spec.ref.runId, [labels.kind]: 'dataset' };
  const scratch = `${Name}-scratch`;
  await client.post('/volumes/create', z.unknown(), { body: { Name: scratch, Labels: own } }, { signal });
  const { Mountpoint } = await client.get(`/volumes/${scratch}`, z.object({ Mountpoint: z.string() }), { signal });
  const folders = await makeOverlayFolders(client, spec, scratch, signal);
  const o = `lowerdir=${spec.dataset.path},upperdir=${Mountpoint}/${folders.upper},workdir=${Mountpoint}/${folders.work}`;
  const body = { Name, Labels: own, Driver: 'local', DriverOpts: { type: 'overlay', device: 'overlay', o } };
  await client.post('/volumes/create', z.unknown(), { body }, { signal });
  return Name;
}

/** The folders of the overlay are made inside the scratch volume by way of a container that never starts. */
async function makeOverlayFolders(client: DockerClient, spec: RunSpec, scratch: string, signal?: AbortSignal) {
  const name = `${containerName(spec.ref.runId)}-scratch`;
  const body = {
    Image: spec.environment.target,
    Cmd: ['true'],
    Labels: { [labels.installation]: spec.ref.installation, [labels.run]: spec.ref.runId, [labels.kind]: 'scratch' },
    HostConfig: { Mounts: [{ Type: 'volume', Source: scratch, Target: '/scratch' }] },
  };
  await ignoring([409], () => client.post('/containers/create', createdSchema, { query: { name }, body }, { signal }));
  const [uid = 0, gid = 0] = containerUser({ isRootless: false }).split(':').map(Number);
  const folders: TarSource[] = ['upper', 'work'].map((path) => ({ kind: 'folder', path, mode: 0o755 }));
  await client.putTar(`/containers/${name}/archive`, { path: '/scratch' }, packTar(folders, { uid, gid }), signal);
  await ignoring([404], () => client.delete(`/containers/${name}`, { force: true }, { signal }));
  return { upper: 'upper', work: 'work' };
}

async function upload(client: DockerClient, spec: RunSpec, options: StartOptions): Promise<void> {
  const [uid = 0, gid = 0] = containerUser(options.info).split(':').map(Number);
  const root = base.slice(1);
  const files: TarSource[] = [
    { kind: 'folder', path: root, mode: 0o755 },
    { kind: 'folder', path: `${root}/control`, mode: 0o700 },
    ...(await harnessFiles(options.harnessFolder, `${root}/control`)),
    { kind: 'file', path: `${root}/control/spec.json`, mode: 0o600, content: JSON.stringify(harnessSpec(spec)) },
    ...secretsFile(spec, options.secrets, `${root}/control/secrets.json`),
    { kind: 'folder', path: `${root}/${spec.package}`, mode: 0o755 },
    { kind: 'zip', path: `${root}/${spec.package}`, zip: spec.zip },
    { kind: 'folder', path: `${root}/out`, mode: 0o755 },
  ];
  await client.putTar(
    `${containerPath(spec.ref)}/archive`,
    { path: '/' },
    packTar(files, { uid, gid }),
    options.signal,
  );
}

async function harnessFiles(folder: string, path: string): Promise<TarSource[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py') && name !== 'install.py').sort();
  return Promise.all(
    names.map(async (name): Promise<TarSource> => {
      const content = await readFile(join(folder, name));
      return { kind: 'file', path: `${path}/${name}`, mode: 0o644, content };
    }),
  );
}

function secretsFile(spec: RunSpec, secrets: Readonly<Record<string, string>>, path: string): TarSource[] {
  if (spec.secretNames.length === 0) return [];
  const given = Object.fromEntries(spec.secretNames.map((name) => [name, secrets[name] ?? '']));
  return [{ kind: 'file', path, mode: 0o600, content: JSON.stringify(given) }];
}

export function harnessSpec(spec: RunSpec): HarnessSpec {
  const { gpu } = spec;
  return {
    schema: 1,
    run: spec.ref.runId,
    nonce: spec.ref.nonce,
    package: spec.package,
    base,
    data: spec.dataset.mountName,
    dataset: { kind: 'mount' },
    artifacts: spec.artifactsDirectory,
    parameters: { ...spec.parameters },
    secretNames: [...spec.secretNames],
    timeoutSeconds: spec.limits.timeoutSeconds,
    graceSeconds,
    gpu: {
      requested: gpu.kind !== 'none',
      count: gpu.kind === 'count' ? gpu.count : gpu.kind === 'ids' ? gpu.ids.length : null,
    },
    log: 'stdout',
    ownsAllProcesses: true,
  };
}

function createError(error: DockerRefusal, spec: RunSpec, engine: string): Error {
  const image = spec.environment.image?.name ?? spec.environment.target;
  if (error.status === 404) {
    return new ExpectedError(
      'image-missing',
      `The image ${image} is not on ${engine} any more.`,
      'Run again: it is made or pulled anew.',
      { cause: error },
    );
  }
  return new ExpectedError('engine-failed', `${engine} refused the container: ${error.message}`, '', { cause: error });
}

interface Refusal {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: (engine: string, image: string) => string;
  readonly hint: string;
}

const refusals: readonly Refusal[] = [
  {
    pattern: /exec format error/i,
    code: 'image-platform',
    message: (engine, image) => `The image ${image} is for another kind of processor than ${engine} has.`,
    hint: 'Choose an image for its platform.',
  },
  {
    pattern: /"?python3"?: (executable file not found|stat .*no such file)/i,
    code: 'image-missing',
    message: (_, image) => `The image ${image} has no python3.`,
    hint: 'Choose an image with Python 3.8 or newer.',
  },
  {
    pattern: /no space left/i,
    code: 'disk-full',
    message: (engine) => `The disk of ${engine} is full.`,
    hint: 'Free some room there and run again.',
  },
];

const gpuTrouble = /could not select device driver|nvidia|cdi|device/i;

function startError(error: unknown, spec: RunSpec, engine: string): unknown {
  if (!(error instanceof DockerRefusal)) return error;
  const text = messageOf(error);
  const known = refusals.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) {
    const image = spec.environment.image?.name ?? spec.environment.target;
    return new ExpectedError(known.code, known.message(engine, image), known.hint, { cause: error });
  }
  if (spec.gpu.kind !== 'none' && gpuTrouble.test(text)) {
    const hint = 'Run without a GPU, or choose an engine that has one.';
    return new ExpectedError('gpu-unavailable', `${engine} can't give the run a GPU: ${text}`, hint, { cause: error });
  }
  return new ExpectedError('engine-failed', `${engine} could not start the container: ${text}`, '', { cause: error });
}
