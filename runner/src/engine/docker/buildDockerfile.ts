/** Builds the image of a package's own Dockerfile, with the version's content as its context. */
import { packTar } from '../../archive/tarPack';
import { ExpectedError } from '../../domain/errors';
import type { EnvironmentRequest } from '../engine';
import { labels } from './labels';
import type { DockerClient } from './dockerClient';
import type { PrepareEvents } from './images';
import { engineLines, type EngineLine } from './pullImage';

export interface DockerfileBuild {
  readonly request: EnvironmentRequest;
  readonly tag: string;
}

export async function buildDockerfile(
  client: DockerClient,
  { request, tag }: DockerfileBuild,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<void> {
  events.onProgress({ text: 'building the image from the Dockerfile' });
  const context = packTar([{ kind: 'zip', path: '.', zip: request.zip }], { uid: 0, gid: 0 });
  const own = { [labels.kind]: 'environment', [labels.installation]: request.installation };
  const query = {
    t: tag,
    rm: true,
    forcerm: true,
    labels: own,
    networkmode: request.network === 'none' ? 'none' : 'default',
  };
  // The context may be large, and a step silent for long.
  const { headers } = await client.registries.forBuild(baseImages(request));
  const patient = { signal, timeoutMilliseconds: 0, idleMilliseconds: 0, headers };
  const body = await client.stream('POST', '/build', query, patient, context);
  for await (const line of engineLines(body)) take(line, events);
  signal?.throwIfAborted();
}

/** What the Dockerfile builds on; a name that is an argument is not known before. */
function baseImages({ files }: EnvironmentRequest): string[] {
  const text = files.find(({ name }) => name === 'Dockerfile')?.text ?? '';
  return [...text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*([^\s$]+)(?:\s|$)/gim)].map(([, image = '']) => image);
}

const noImage = /pull access denied|manifest unknown|manifest for .* not found|lookup .*no such host|registry/i;

function take({ stream, error }: EngineLine, events: PrepareEvents): void {
  const said = stream ?? '';
  if (said !== '') events.onOutput(said);
  const [, done, total, what = ''] = /^Step (\d+)\/(\d+) : (.*)/.exec(said) ?? [];
  if (done !== undefined) {
    const text = `building the image: ${what}`.slice(0, 120);
    events.onProgress({ text, done: Number(done), total: Number(total), unit: 'steps' });
  }
  if ((error ?? '') !== '') throw buildError((error ?? '').trim());
}

function buildError(error: string): ExpectedError {
  if (noImage.test(error)) {
    const hint = 'Check its name, or pull it on the engine first.';
    return new ExpectedError('image-missing', `The Dockerfile's base image can't be had: ${error}`, hint);
  }
  return new ExpectedError('requirements', `The Dockerfile can't be built: ${error}`, 'The output says at which line.');
}
