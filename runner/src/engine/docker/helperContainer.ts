/** Helper containers: a Python file of ours in some image that is there anyway, without network, that answers in JSON lines. */
import * as z from 'zod';
import { packTar, type TarSource } from '../../archive/tarPack';
import { ExpectedError } from '../../domain/errors';
import { LineSplitter } from '../logFrames';
import { labels } from './labels';
import { demux } from './demux';
import { DockerRefusal, type DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import { ignoring } from './runObjects';

export interface HelperMount {
  readonly Type: 'volume' | 'bind';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
}

export interface HelperSpec {
  readonly name: string;
  readonly image: string;
  readonly installation: string;
  readonly runId: string;
  readonly kind: string;
  readonly mounts: readonly HelperMount[];
}

/** What it may do as root: read and own files of any user, nothing else. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'];

export function helperBody(spec: HelperSpec, info: EngineInfo) {
  return {
    Image: spec.image,
    Entrypoint: ['python3', '-I', '-S', '/request/helper.py'],
    Cmd: [],
    User: '0:0',
    WorkingDir: '/',
    Healthcheck: { Test: ['NONE'] },
    Tty: false,
    OpenStdin: false,
    Env: ['LANG=C.UTF-8', 'PYTHONIOENCODING=utf-8'],
    Labels: { [labels.installation]: spec.installation, [labels.run]: spec.runId, [labels.kind]: spec.kind },
    HostConfig: {
      Init: true,
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: capabilities,
      SecurityOpt: ['no-new-privileges', ...(info.isLabelled ? ['label=disable'] : [])],
      ...(info.isRemapped ? { UsernsMode: 'host' } : {}),
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: [...spec.mounts],
    },
  };
}

const createdSchema = z.object({ Id: z.string() });

/** Answers the id. One of that name that an earlier, interrupted call left is removed first. */
export async function createHelper(
  client: DockerClient,
  info: EngineInfo,
  spec: HelperSpec,
  signal?: AbortSignal,
): Promise<string> {
  const request = { query: { name: spec.name }, body: helperBody(spec, info) };
  const create = async (): Promise<string> => {
    const made = await client.post('/containers/create', createdSchema, request, {
      signal,
      timeoutMilliseconds: 60_000,
    });
    return made.Id;
  };
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof DockerRefusal && error.status === 409)) throw error;
    await removeHelperNamed(client, spec.name, spec.installation, signal);
    return create();
  }
}

const labelledSchema = z.object({
  Id: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});

/** Only what is this installation's. */
export async function removeHelperNamed(
  client: DockerClient,
  name: string,
  installation: string,
  signal?: AbortSignal,
): Promise<void> {
  await ignoring([404, 409], async () => {
    const found = await client.get(`/containers/${name}/json`, labelledSchema, { signal });
    if (found.Config.Labels?.[labels.installation] !== installation) return;
    await client.delete(`/containers/${found.Id}`, { v: true, force: true }, { signal, timeoutMilliseconds: 60_000 });
  });
}

export const removeContainerId = (client: DockerClient, id: string): Promise<void> =>
  ignoring([404, 409], () => client.delete(`/containers/${id}`, { v: true, force: true }));

export async function startHelper(
  client: DockerClient,
  id: string,
  files: Readonly<Record<string, Buffer | string>>,
  signal?: AbortSignal,
): Promise<void> {
  const sources: TarSource[] = [
    { kind: 'folder', path: 'request', mode: 0o700 },
    ...Object.entries(files).map(([name, content]): TarSource => ({
      kind: 'file',
      path: `request/${name}`,
      mode: 0o600,
      content,
    })),
  ];
  await client.putTar(`/containers/${id}/archive`, { path: '/' }, packTar(sources, { uid: 0, gid: 0 }), signal);
  await client.post(`/containers/${id}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 60_000 });
}

const longestLine = 4 * 1024 * 1024;
const complaintKept = 2_000;

/** What a started helper says, each line parsed, until it ends. Throws where it ends badly without having said why. */
export async function* helperAnswers<T>(
  client: DockerClient,
  id: string,
  schema: z.ZodType<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  const query = { stdout: true, stderr: true, follow: true };
  const stream = await client.stream('GET', `/containers/${id}/logs`, query, { signal, idleMilliseconds: 0 });
  let complaint = '';
  let answered = 0;
  try {
    const lines = new LineSplitter(longestLine);
    for await (const { stream: from, data } of demux(stream)) {
      if (from === 'stderr') complaint = `${complaint}${data.toString('utf8')}`.slice(-complaintKept);
      else {
        for (const line of lines.push(data)) {
          answered += 1;
          yield schema.parse(JSON.parse(line.toString('utf8')));
        }
      }
    }
    signal?.throwIfAborted();
  } finally {
    stream.destroy();
  }
  const why = complaint.trim().split('\n').at(-1) ?? '';
  if (answered === 0 || why !== '') throw new HelperFailed(why);
}

/** A helper ended, or its log did, before it had said what it was asked. */
export class HelperFailed extends Error {}

export const helperTrouble = (engine: string, error: HelperFailed, what: string): ExpectedError =>
  new ExpectedError(
    'engine-failed',
    `${engine} could not ${what}${error.message === '' ? '' : `: ${error.message}`}.`,
    'Try again; the log of the engine may say more.',
    { cause: error },
  );
