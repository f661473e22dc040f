/**
 * Makes an environment image: the installer runs in a container of the base, which is then committed. The user's index
 * addresses, credentials and certificates lie on a volume that is removed afterwards, never in the image or its history.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { packTar, type TarSource } from '../../archive/tarPack';
import { ExpectedError } from '../../domain/errors';
import type { EnvironmentRequest } from '../engine';
import { failureOf, InstallWatcher } from '../process/installerOutput';
import { labels } from './labels';
import { demux } from './demux';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { environmentRepository, findImage, type Image, type PrepareEvents } from './images';
import { pipFiles } from './pipFiles';
import { ignoring } from './runObjects';

export interface Installation {
  readonly request: EnvironmentRequest;
  readonly base: Image;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly key: string;
  readonly tag: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute path of `install.py`. */
  readonly installer: string;
}

const mount = '/training-pipelines-build';
const cacheVolume = 'training-pipelines-pip-cache';
const outputKept = 64 * 1024;
const pollMilliseconds = 500;

export async function installImage(
  client: DockerClient,
  installation: Installation,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<{ readonly id: string; readonly built: boolean }> {
  const name = `${environmentRepository}-${installation.key}`;
  while (!(await createInstaller(client, name, installation, signal))) {
    events.onProgress({ text: 'waiting for another run that makes the same image' });
    const other = await waitForOther(client, name, installation, signal);
    if (other !== undefined) return { id: other.Id, built: false };
  }
  try {
    await fillAndRun(client, name, installation, events, signal);
    events.onProgress({ text: 'keeping the image' });
    await commit(client, name, installation);
  } finally {
    await cleanUp(client, name);
  }
  const made = await findImage(client, installation.tag, signal);
  if (made === undefined) throw new Error(`the committed image ${installation.tag} is not there`);
  return { id: made.Id, built: true };
}

/** The name is the lock: false where another builder has it. */
async function createInstaller(
  client: DockerClient,
  name: string,
  { request, base }: Installation,
  signal?: AbortSignal,
): Promise<boolean> {
  const own = { [labels.kind]: 'installer', [labels.installation]: request.installation };
  const body = {
    Image: base.Id,
    Entrypoint: ['python3'],
    Cmd: [`${mount}/install.py`],
    User: '0:0',
    Labels: own,
    HostConfig: {
      Init: true,
      CapDrop: ['ALL'],
      // The folders of a base image may belong to another user than root.
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID'],
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: request.network === 'none' ? 'bridge' : request.network,
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: [
        { Type: 'volume', Source: name, Target: mount, VolumeOptions: { Labels: own } },
        {
          Type: 'volume',
          Source: cacheVolume,
          Target: `${mount}-cache`,
          VolumeOptions: { Labels: { [labels.kind]: 'cache' } },
        },
      ],
    },
  };
  try {
    await client.post(
      '/containers/create',
      z.unknown(),
      { query: { name }, body },
      { signal, timeoutMilliseconds: 60_000 },
    );
    return true;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 409) return false;
    throw error;
  }
}

const stateSchema = z.object({
  State: z.object({
    Running: z.boolean().nullish(),
    Status: z.string(),
    ExitCode: z.number().nullish(),
  }),
});

/** How many looks in a row may find an installer that is over before its builder is taken for dead. */
const patienceForOver = 20;
const patienceForFilling = 240;

/** Resolves with the image of the other builder, or undefined once it is gone without one. Finishes what a dead one left. */
async function waitForOther(
  client: DockerClient,
  name: string,
  installation: Installation,
  signal?: AbortSignal,
): Promise<Image | undefined> {
  for (let over = 0; ;) {
    const image = await findImage(client, installation.tag, signal);
    if (image !== undefined) return image;
    const found = await state(client, name, signal);
    if (found === undefined) return findImage(client, installation.tag, signal);
    over = found.State.Running === true ? 0 : over + 1;
    const isFilled = found.State.Status !== 'created';
    if (over > (isFilled ? patienceForOver : patienceForFilling)) {
      // Its builder died between two steps. Committing twice does no harm: both images are the same.
      if (isFilled && found.State.ExitCode === 0) await commit(client, name, installation);
      await cleanUp(client, name);
    }
    await delay(pollMilliseconds, undefined, { signal });
  }
}

async function state(
  client: DockerClient,
  name: string,
  signal?: AbortSignal,
): Promise<z.infer<typeof stateSchema> | undefined> {
  try {
    return await client.get(`/containers/${name}/json`, stateSchema, { signal });
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

async function fillAndRun(
  client: DockerClient,
  name: string,
  installation: Installation,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<void> {
  const { files } = installation;
  const settings = await pipFiles(installation.environment, mount);
  const sources: TarSource[] = [
    { kind: 'file', path: 'install.py', mode: 0o644, content: await readFile(installation.installer) },
    {
      kind: 'file',
      path: 'install.json',
      mode: 0o600,
      content: JSON.stringify({ environment: settings.environment, files: files.map((file) => file.name) }),
    },
    ...settings.files,
    { kind: 'folder', path: 'package', mode: 0o755 },
    { kind: 'zip', path: 'package', zip: installation.request.zip },
  ];
  await client.putTar(`/containers/${name}/archive`, { path: mount }, packTar(sources, { uid: 0, gid: 0 }), signal);
  await client.post(`/containers/${name}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 60_000 });
  const output = await watchOutput(client, name, files, events, signal);
  const code = await exitCode(client, name, signal);
  if (code === 0) return;
  const noPip = /No module named pip/.test(output);
  if (noPip)
    throw new ExpectedError(
      'requirements',
      `The image ${installation.request.image} has no pip, so requirements can't be installed.`,
      'Choose an image with pip, or give the package a Dockerfile.',
    );
  const failure = failureOf(output, undefined);
  const place = placeOf(failure.message, files);
  throw new ExpectedError('requirements', failure.message, `${place}${failure.hint}`);
}

/** "requirements.txt:3. " where a line of the files names what the message is about. */
export function placeOf(message: string, files: Installation['files']): string {
  const words = new Set(message.split(/[\s"',;()]+/).map(plainName));
  for (const { name, text } of files) {
    const line = text.split('\n').findIndex((entry) => {
      const requirement = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(entry)?.[1];
      return requirement !== undefined && words.has(plainName(requirement));
    });
    if (line !== -1) return `${name}:${line + 1}. `;
  }
  return '';
}

const plainName = (text: string): string =>
  (/^[A-Za-z0-9._-]+/.exec(text)?.[0] ?? '')
    .replace(/[._-]+/g, '-')
    .replace(/-$/, '')
    .toLowerCase();

async function watchOutput(
  client: DockerClient,
  name: string,
  files: Installation['files'],
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<string> {
  const direct = files.flatMap(({ text }) => text.split('\n')).filter((line) => !/^\s*(#.*)?$/.test(line)).length;
  const watcher = new InstallWatcher(direct, events.onProgress);
  const stream = await client.stream(
    'GET',
    `/containers/${name}/logs`,
    { stdout: true, stderr: true, follow: true },
    { signal, idleMilliseconds: 0 },
  );
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let output = '';
  for await (const { stream: which, data } of demux(stream)) {
    const text = decoders[which].decode(data, { stream: true });
    output = (output + text).slice(-outputKept);
    events.onOutput(text);
    watcher.push(text);
  }
  signal?.throwIfAborted();
  return output;
}

async function exitCode(client: DockerClient, name: string, signal?: AbortSignal): Promise<number> {
  for (;;) {
    const found = await state(client, name, signal);
    if (found === undefined)
      throw new ExpectedError('engine-failed', 'The container of the installer was removed by someone.', 'Run again.');
    if (found.State.Running !== true) return found.State.ExitCode ?? -1;
    await delay(100, undefined, { signal });
  }
}

/** The base's own settings come back, so that nothing of the installer's is in the image. */
async function commit(client: DockerClient, name: string, { base, key, tag, request }: Installation): Promise<void> {
  const [repo, imageTag] = tag.split(':');
  const settings = base.Config ?? {};
  const kept = Object.fromEntries(
    ['Env', 'Cmd', 'Entrypoint', 'WorkingDir', 'User', 'ExposedPorts', 'Volumes'].map((field) => [
      field,
      settings[field] ?? null,
    ]),
  );
  const own = { [labels.kind]: 'environment', [labels.key]: key, [labels.installation]: request.installation };
  const body = { ...kept, Labels: { ...(settings['Labels'] as object | null), ...own } };
  await client.post(
    '/commit',
    z.object({ Id: z.string() }),
    { query: { container: name, repo, tag: imageTag, pause: false }, body },
    { timeoutMilliseconds: 30 * 60_000 },
  );
}

async function cleanUp(client: DockerClient, name: string): Promise<void> {
  await ignoring([404, 409], () =>
    client.delete(`/containers/${name}`, { force: true }, { timeoutMilliseconds: 60_000 }),
  );
  await ignoring([404, 409], () => client.delete(`/volumes/${name}`, { force: true }));
}
