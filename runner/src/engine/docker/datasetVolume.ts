/**
 * The private writable view of a dataset: an overlay over the folder where the engine can mount one, which copies
 * nothing, and otherwise a volume with a copy.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { packTar, type TarSource } from '../../archive/tarPack';
import { ExpectedError } from '../../domain/errors';
import type { RunSpec } from '../engine';
import { containerName } from './containerSpec';
import { labels } from './labels';
import { datasetVolumeName } from './datasetNames';
import { datasetGone, findDataset } from './datasetStore';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { containerUser, type EngineInfo } from './engineInfo';
import { copyVolumeName, ignoring, removeVolume, scratchName } from './runObjects';

export type ViewKind = 'overlay' | 'copied';

/** Characters that mean something in mount options. */
const awkward = /[,:\\"]/;

/** An overlay keeps the owners, so a folder of someone else could not be written. What was sent belongs to the run's user. */
export async function viewKind(spec: RunSpec): Promise<ViewKind> {
  const { path, tree } = spec.dataset;
  if (tree !== undefined) return 'overlay';
  const uid = process.getuid?.();
  if (awkward.test(path) || uid === undefined) return 'copied';
  const found = await stat(path).catch(() => undefined);
  return found?.uid === uid ? 'overlay' : 'copied';
}

/** Whether the engine refused to start a container because it cannot mount the overlay. */
export const isOverlayTrouble = (error: unknown): boolean =>
  error instanceof DockerRefusal && /local volume|overlay|lowerdir/i.test(error.message);

/** Answers the volume's name. What an earlier, interrupted call made is used again or made anew. */
export async function makeView(
  client: DockerClient,
  info: EngineInfo,
  spec: RunSpec,
  kind: ViewKind,
  signal?: AbortSignal,
): Promise<string> {
  return kind === 'overlay' ? makeOverlay(client, info, spec, signal) : makeCopy(client, info, spec, signal);
}

const own = (spec: RunSpec, kind: string) => ({
  [labels.installation]: spec.ref.installation,
  [labels.run]: spec.ref.runId,
  [labels.kind]: kind,
});

const mountpointSchema = z.object({ Mountpoint: z.string() });

async function makeOverlay(client: DockerClient, info: EngineInfo, spec: RunSpec, signal?: AbortSignal) {
  const name = copyVolumeName(spec.ref);
  const scratch = scratchName(spec.ref);
  const request = { body: { Name: scratch, Labels: own(spec, 'dataset') } };
  const { Mountpoint } = await client.post('/volumes/create', mountpointSchema, request, { signal });
  await makeOverlayFolders(client, info, spec, scratch, signal);
  const lower = await pathOnEngine(client, spec, signal);
  const o = `lowerdir=${lower},upperdir=${Mountpoint}/upper,workdir=${Mountpoint}/work`;
  const body = {
    Name: name,
    Labels: own(spec, 'dataset'),
    Driver: 'local',
    DriverOpts: { type: 'overlay', device: 'overlay', o },
  };
  await client.post('/volumes/create', z.unknown(), { body }, { signal });
  return name;
}

async function pathOnEngine(client: DockerClient, spec: RunSpec, signal?: AbortSignal): Promise<string> {
  const { path, tree } = spec.dataset;
  if (tree === undefined) return path;
  const found = await findDataset(client, spec.ref.installation, tree, signal);
  if (found === undefined) throw datasetGone(client.engine);
  return found;
}

/** The folders of the overlay are made inside the scratch volume by way of a container that never starts. */
async function makeOverlayFolders(
  client: DockerClient,
  info: EngineInfo,
  spec: RunSpec,
  scratch: string,
  signal?: AbortSignal,
) {
  const body = {
    Image: spec.environment.target,
    Cmd: ['true'],
    Labels: own(spec, 'scratch'),
    HostConfig: { Mounts: [{ Type: 'volume', Source: scratch, Target: '/scratch' }] },
  };
  await ignoring([409], () =>
    client.post('/containers/create', z.unknown(), { query: { name: scratch }, body }, { signal }),
  );
  const [uid = 0, gid = 0] = containerUser(info).split(':').map(Number);
  const folders: TarSource[] = ['upper', 'work'].map((path) => ({ kind: 'folder', path, mode: 0o755 }));
  const tar = packTar(folders, { uid, gid });
  await client.putTar(`/containers/${scratch}/archive`, { path: '/scratch' }, tar, signal);
  await ignoring([404, 409], () => client.delete(`/containers/${scratch}`, { force: true }, { signal }));
}

const copyCode = [
  'import os,shutil,sys',
  'uid,gid=int(sys.argv[1]),int(sys.argv[2])',
  'shutil.copytree("/from","/to",symlinks=True,dirs_exist_ok=True)',
  'os.chown("/to",uid,gid)',
  '[os.lchown(os.path.join(d,n),uid,gid) for d,ds,fs in os.walk("/to") for n in ds+fs]',
].join('\n');

async function makeCopy(client: DockerClient, info: EngineInfo, spec: RunSpec, signal?: AbortSignal): Promise<string> {
  const name = copyVolumeName(spec.ref);
  const helper = scratchName(spec.ref);
  await ignoring([404, 409], () => client.delete(`/containers/${helper}`, { force: true }, { signal }));
  await removeVolume(client, name, spec.ref.installation, signal);
  await client.post('/volumes/create', z.unknown(), { body: { Name: name, Labels: own(spec, 'dataset') } }, { signal });
  const from = { Target: '/from', ReadOnly: true };
  const { path, tree } = spec.dataset;
  const source =
    tree === undefined
      ? { Type: 'bind', Source: path, ...from }
      : { Type: 'volume', Source: datasetVolumeName(spec.ref.installation, tree), ...from };
  const mounts = [source, { Type: 'volume', Source: name, Target: '/to' }];
  const body = {
    Image: spec.environment.target,
    Entrypoint: ['python3', '-I', '-S', '-c', copyCode],
    Cmd: containerUser(info).split(':'),
    User: '0:0',
    Labels: own(spec, 'scratch'),
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: ['no-new-privileges', ...(info.isLabelled ? ['label=disable'] : [])],
      ...(info.isRemapped ? { UsernsMode: 'host' } : {}),
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: mounts,
    },
  };
  await client.post('/containers/create', z.unknown(), { query: { name: helper }, body }, { signal });
  try {
    await client.post(`/containers/${helper}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 60_000 });
    await waitFor(client, helper, spec, signal);
  } finally {
    await ignoring([404, 409], () => client.delete(`/containers/${helper}`, { force: true }));
  }
  return name;
}

const stateSchema = z.object({ State: z.object({ Running: z.boolean(), ExitCode: z.number() }) });

async function waitFor(client: DockerClient, helper: string, spec: RunSpec, signal?: AbortSignal): Promise<void> {
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    const { State } = await client.get(`/containers/${helper}/json`, stateSchema, { signal });
    if (!State.Running && State.ExitCode === 0) return;
    if (!State.Running) {
      const message = `${client.engine} could not copy the dataset ${spec.dataset.path} for ${containerName(spec.ref.runId)}.`;
      throw new ExpectedError('engine-failed', message, 'Is there room on its disk? Else run with read-only access.');
    }
    await delay(pause, undefined, { signal });
  }
}
