/** The environment of a run as an image: the base itself, or one with the package's requirements, made once and found again. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import type { EnvironmentRequest, PreparedEnvironment, RunDemand } from '../engine';
import { buildDockerfile } from './buildDockerfile';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { ownPlatform, type EngineInfo } from './engineInfo';
import { isLocal } from './endpoint';
import { environmentRepository, findImage, type Image, type PrepareEvents } from './images';
import { installImage } from './installImage';
import { pullImage } from './pullImage';
import { referencedFiles } from './referencedFiles';

export interface ImageOptions {
  /** Absolute path of `install.py`. */
  readonly installer: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const defaultImage = 'python:3.12-slim';
const environmentSchemaVersion = '1';

/** Before anything is packaged: an image that is neither there nor known to a registry refuses the run. */
export async function checkImage(
  client: DockerClient,
  known: () => Promise<EngineInfo>,
  demand: RunDemand,
  signal?: AbortSignal,
): Promise<void> {
  if (demand.hasDockerfile) return;
  const name = demand.image === '' ? defaultImage : demand.image;
  const image = await findImage(client, name, signal);
  if (image !== undefined) {
    if (isLocal(client.endpoint) && platformOf(image) === ownPlatform()) return;
    return refuseOtherPlatform(client, await known(), name, image);
  }
  const info = await known();
  const { headers, problem } = await client.registries.forPull(name);
  await client
    .get(`/distribution/${name}/json`, z.unknown(), { signal, timeoutMilliseconds: 15_000, headers })
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      // Engines without this call (Podman) answer 404 for all; pulling tells.
      if (error instanceof DockerRefusal && error.status === 404 && info.isPodman) return;
      throw problem ?? missing(client, name, error);
    });
}

const missing = (client: DockerClient, name: string, cause: unknown): ExpectedError =>
  new ExpectedError(
    'image-missing',
    `${name} is not on ${client.engine} and no registry answers for it.`,
    'Choose an image that is there with --image, or pull it first.',
    { cause },
  );

const platformOf = (image: Image): string => `${image.Os}/${image.Architecture}`;

export function refuseOtherPlatform(client: DockerClient, info: EngineInfo, name: string, image: Image): void {
  const platform = platformOf(image);
  if (platform === info.platform) return;
  const message = `${name} is an image for ${platform}, and ${client.engine} runs ${info.platform}.`;
  throw new ExpectedError('image-platform', message, `Choose an image for ${info.platform}.`);
}

export async function prepareImage(
  client: DockerClient,
  info: EngineInfo,
  request: EnvironmentRequest,
  options: ImageOptions,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<PreparedEnvironment> {
  if (request.files.some(({ name }) => name === 'Dockerfile'))
    return fromDockerfile(client, info, request, events, signal);
  const name = request.image === '' ? defaultImage : request.image;
  const base = await baseImage(client, info, name, events, signal);
  const files = requirementFiles(request);
  const digest = base.RepoDigests?.[0]?.split('@')[1] ?? base.Id;
  if (files.length === 0) {
    const summary = `Uses ${name}; the package has no requirements.`;
    return { target: base.Id, image: { name, digest, platform: info.platform }, summary, built: false, warnings: [] };
  }
  const key = await requirementsKey(info, base, request.zip, files);
  const tag = `${environmentRepository}:${key}`;
  const image = { name, digest, platform: info.platform };
  const known = await findImage(client, tag, signal);
  if (known !== undefined) {
    return {
      target: known.Id,
      image,
      summary: 'Reused the cached image: requirements unchanged. Nothing to install.',
      built: false,
      warnings: [],
    };
  }
  const made = await installImage(client, { request, base, files, key, tag, ...options }, events, signal);
  const summary = made.built
    ? `Built the image: ${files.map((file) => file.name).join(' and ')} are new for ${name}.`
    : 'Reused the image that another run has built.';
  return { target: made.id, image, summary, built: made.built, warnings: [] };
}

async function baseImage(
  client: DockerClient,
  info: EngineInfo,
  name: string,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<Image> {
  let image = await findImage(client, name, signal);
  if (image === undefined) {
    await pullImage(client, name, events, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error instanceof DockerRefusal ? missing(client, name, error) : error;
    });
    image = await findImage(client, name, signal);
  }
  if (image === undefined) throw missing(client, name, undefined);
  refuseOtherPlatform(client, info, name, image);
  return image;
}

async function fromDockerfile(
  client: DockerClient,
  info: EngineInfo,
  request: EnvironmentRequest,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<PreparedEnvironment> {
  const tag = await dockerfileTag(info, request.zip);
  const known = await findImage(client, tag, signal);
  const warnings = [
    {
      code: 'dockerfile-used',
      message: 'The package has a Dockerfile, so its image is used; requirements and the chosen image are not.',
    },
  ];
  if (known === undefined) await buildDockerfile(client, { request, tag }, events, signal);
  const image = known ?? (await findImage(client, tag, signal));
  if (image === undefined)
    throw new ExpectedError('requirements', 'The Dockerfile was built, and its image is not there.', 'Run again.');
  const summary =
    known === undefined
      ? 'Built the image from the package’s Dockerfile.'
      : 'Reused the image of the package’s Dockerfile: the package is unchanged.';
  return {
    target: image.Id,
    image: { name: 'Dockerfile', digest: image.Id, platform: info.platform },
    summary,
    built: known === undefined,
    warnings,
  };
}

export const requirementFiles = (request: Pick<EnvironmentRequest, 'files'>): EnvironmentRequest['files'] =>
  request.files.filter(({ text }) => hasRequirements(text));

export const requirementsKey = async (
  info: EngineInfo,
  base: Image,
  zip: string,
  files: EnvironmentRequest['files'],
): Promise<string> =>
  keyOf([
    environmentSchemaVersion,
    base.Id,
    info.platform,
    ...files.flatMap(({ name, text }) => [name, text]),
    ...(zip === '' ? [] : await referencedFiles(zip, files)),
  ]);

export const dockerfileTag = async (info: EngineInfo, zip: string): Promise<string> =>
  `${environmentRepository}:${keyOf([environmentSchemaVersion, 'Dockerfile', info.platform, await zipKey(zip)])}`;

async function zipKey(zip: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(zip)) hash.update(part as Buffer);
  return hash.digest('hex');
}

const keyOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** Anything but blank lines and comments. */
const hasRequirements = (text: string): boolean => text.split(/\r?\n/).some((line) => !/^\s*(#.*)?$/.test(line));
