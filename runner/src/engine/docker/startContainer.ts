/** Creates, fills and starts the container of a run; every step can be done again after a crash. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { packTar, type TarSource } from '../../archive/tarPack';
import { ExpectedError, messageOf, type ErrorCode } from '../../domain/errors';
import type { OnProgress, RunSpec } from '../engine';
import { packageFolder, type HarnessSpec } from '../harnessSpec';
import { base, containerName, containerSpec, type ContainerPlace } from './containerSpec';
import { datasetVolumeName } from './datasetNames';
import { datasetGone, findDataset } from './datasetStore';
import { isOverlayTrouble, makeView, viewKind, type ViewKind } from './datasetVolume';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { containerUser, type EngineInfo } from './engineInfo';
import {
  copyVolumeName,
  ignoring,
  inspectContainer,
  notStarted,
  removeContainer,
  removeVolume,
  type Inspected,
} from './runObjects';

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
  const kind = spec.dataset.access === 'copy' ? await viewKind(spec) : undefined;
  try {
    await startOnce(client, spec, options, kind);
  } catch (error) {
    if (kind !== 'overlay' || !isOverlayTrouble(error)) throw startError(error, spec, client.engine);
    await removeContainer(client, spec.ref, options.signal);
    await removeVolume(client, copyVolumeName(spec.ref), spec.ref.installation, options.signal);
    await startOnce(client, spec, options, 'copied').catch((second: unknown) => {
      throw startError(second, spec, client.engine);
    });
  }
}

/** All is done by the container's id: whoever else starts the same run never writes into a container of ours. */
async function startOnce(client: DockerClient, spec: RunSpec, options: StartOptions, view?: ViewKind): Promise<void> {
  const { signal } = options;
  const id = await create(client, spec, options, view);
  if (id === undefined) return;
  options.onProgress({ text: `sending ${spec.package} to ${client.engine}` });
  try {
    const whole = refuseGone(client, spec, id, signal);
    // Where the dataset is gone, that is why the upload failed.
    const uploaded = upload(client, spec, id, options).catch(async (error: unknown) => {
      await whole;
      throw error;
    });
    await Promise.all([uploaded, whole]);
    await client.post(`/containers/${id}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 120_000 });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(await isTakenOver(client, spec, id, signal))) throw error;
  }
}

/**
 * From now on the container keeps its dataset from being cleared. Where that happened before, the engine has made an empty volume
 * in its place, which goes with the container.
 */
async function refuseGone(client: DockerClient, spec: RunSpec, id: string, signal?: AbortSignal): Promise<void> {
  const { tree } = spec.dataset;
  if (tree === undefined) return;
  if ((await findDataset(client, spec.ref.installation, tree, signal)) !== undefined) return;
  await ignoring([404, 409], () => client.delete(`/containers/${id}`, { v: true, force: true }, { signal }));
  await ignoring([404, 409], () => client.delete(`/volumes/${datasetVolumeName(spec.ref.installation, tree)}`, {}));
  throw datasetGone(client.engine);
}

const attempts = 5;

/** The id of a fresh container, or undefined where an earlier or another call has started one already. */
async function create(
  client: DockerClient,
  spec: RunSpec,
  options: StartOptions,
  view?: ViewKind,
): Promise<string | undefined> {
  const { signal, info } = options;
  for (let i = 0; i < attempts; i++) {
    if (i > 0 && (await isStarted(client, spec, signal))) return undefined;
    const copyVolume = view === undefined ? undefined : await makeView(client, info, spec, view, signal);
    const id = await createNew(client, spec, placeOf(info, copyVolume), signal);
    if (id !== undefined) return id;
  }
  throw new ExpectedError('engine-failed', `Others on ${client.engine} keep making a container for the same run.`, '');
}

const startPolls = 10;

/**
 * Whether the container of that name was started; whoever made it is given some time for that. One that never was goes:
 * what a call that was cut short left in it is unknown.
 */
async function isStarted(client: DockerClient, spec: RunSpec, signal?: AbortSignal): Promise<boolean> {
  let found: Inspected | undefined;
  for (let i = 0; i < startPolls; i++) {
    await delay(100, undefined, { signal });
    found = await inspectContainer(client, spec.ref, { signal });
    if (found !== undefined && !notStarted.has(found.State.Status)) return true;
  }
  if (found === undefined) return false;
  // Without force, so that one that is being started meanwhile stays.
  const path = `/containers/${found.Id}`;
  await ignoring([404, 409], () => client.delete(path, { v: true }, { signal }));
  return false;
}

/** Undefined where the name is taken: it is the lock. */
async function createNew(
  client: DockerClient,
  spec: RunSpec,
  place: ContainerPlace,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const request = { query: { name: containerName(spec.ref.runId) }, body: containerSpec(spec, place) };
  const options = { signal, timeoutMilliseconds: 60_000 };
  try {
    return (await client.post('/containers/create', createdSchema, request, options)).Id;
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    if (error.status === 409) return undefined;
    throw createError(error, spec, client.engine);
  }
}

function placeOf(info: EngineInfo, copyVolume: string | undefined): ContainerPlace {
  const { gpuStyle, memory, isLabelled, isRemapped } = info;
  const place = { user: containerUser(info), gpuStyle, memory, isLabelled, isRemapped };
  return copyVolume === undefined ? place : { ...place, copyVolume };
}

const takeOverPolls = 100;

/** Whether another call has replaced our container and started its own; it is given some time for that. */
async function isTakenOver(client: DockerClient, spec: RunSpec, id: string, signal?: AbortSignal): Promise<boolean> {
  for (let i = 0; i < takeOverPolls; i++) {
    const found = await inspectContainer(client, spec.ref, { signal }).catch(() => undefined);
    if (found === undefined || found.Id === id) return false;
    if (!notStarted.has(found.State.Status)) return true;
    await delay(200, undefined, { signal });
  }
  return false;
}

async function upload(client: DockerClient, spec: RunSpec, id: string, options: StartOptions): Promise<void> {
  const [uid = 0, gid = 0] = containerUser(options.info).split(':').map(Number);
  const root = base.slice(1);
  const files: TarSource[] = [
    { kind: 'folder', path: root, mode: 0o755 },
    { kind: 'folder', path: `${root}/control`, mode: 0o700 },
    ...(await harnessFiles(options.harnessFolder, `${root}/control`)),
    { kind: 'file', path: `${root}/control/spec.json`, mode: 0o600, content: JSON.stringify(harnessSpec(spec)) },
    ...secretsFile(spec, options.secrets, `${root}/control/secrets.json`),
    { kind: 'folder', path: `${root}/${packageFolder(spec.package)}`, mode: 0o755 },
    { kind: 'zip', path: `${root}/${packageFolder(spec.package)}`, zip: spec.zip },
    { kind: 'folder', path: `${root}/out`, mode: 0o755 },
  ];
  const tar = packTar(files, { uid, gid });
  await client.putTar(`/containers/${id}/archive`, { path: '/' }, tar, options.signal);
}

/** Python of ours that runs elsewhere. */
const notTheHarness: ReadonlySet<string> = new Set(['install.py', 'datastore.py', 'hostfolder.py']);

async function harnessFiles(folder: string, path: string): Promise<TarSource[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py') && !notTheHarness.has(name)).sort();
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
    package: packageFolder(spec.package),
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
    pattern: /invalid mount option/i,
    code: 'engine-failed',
    message: (engine) => `${engine} can't mount the dataset: its path holds a colon or a comma.`,
    hint: 'Rename the folder.',
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
