/** What preparing the environment would do, by looking for the images alone. */
import type { EnvironmentPlan, EnvironmentRequest } from '../engine';
import type { DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import {
  defaultImage,
  dockerfileTag,
  refuseOtherPlatform,
  requirementFiles,
  requirementsKey,
} from './environmentImage';
import { environmentRepository, findImage } from './images';

export async function planImage(
  client: DockerClient,
  info: EngineInfo,
  request: EnvironmentRequest,
  signal?: AbortSignal,
): Promise<EnvironmentPlan> {
  if (request.files.some(({ name }) => name === 'Dockerfile')) {
    const known = request.zip !== '' && (await findImage(client, await dockerfileTag(info, request.zip), signal));
    return { kind: known ? 'ready' : 'build', base: 'Dockerfile', isBaseThere: true, files: ['Dockerfile'] };
  }
  const name = request.image === '' ? defaultImage : request.image;
  const files = requirementFiles(request);
  const plan = { base: name, isBaseThere: true, files: files.map((file) => file.name) };
  const base = await findImage(client, name, signal);
  if (base === undefined) return { ...plan, kind: files.length === 0 ? 'ready' : 'build', isBaseThere: false };
  refuseOtherPlatform(client, info, name, base);
  if (files.length === 0) return { ...plan, kind: 'ready' };
  const key = await requirementsKey(info, base, request.zip, files);
  const made = await findImage(client, `${environmentRepository}:${key}`, signal);
  return { ...plan, kind: made === undefined ? 'build' : 'ready' };
}
