/** Which GPUs an engine can give. */
import { ExpectedError } from '../../domain/errors';
import type { EngineGpu } from '../../domain/engineFacts';
import type { GpuRequest } from '../../domain/gpuRequest';
import type { DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import { DockerRefusal } from './dockerClient';
import * as z from 'zod';
import { labels } from './containerSpec';

/** The API names no GPUs; what a run got is looked up inside of it. */
export const readGpus = (): EngineGpu[] => [];

/**
 * Asks the engine for the GPU without running anything: a container is created and started with a command that does not
 * exist, and the engine looks for the device driver before it looks for the command. Needs some image on the engine.
 */
export async function checkGpu(
  client: DockerClient,
  info: EngineInfo,
  gpu: GpuRequest,
  signal?: AbortSignal,
): Promise<void> {
  const image = await anyImage(client, signal);
  if (image === undefined) return;
  const complaint = await tryGpu(client, info, gpu, image, signal);
  if (complaint === undefined) return;
  const message = `${client.engine} has no GPU that it can give: ${complaint}`;
  throw new ExpectedError(
    'gpu-unavailable',
    message,
    'Run with --gpu none, or choose an engine that has a GPU and its container toolkit.',
  );
}

const imagesSchema = z.array(z.object({ Id: z.string() }));

async function anyImage(client: DockerClient, signal?: AbortSignal): Promise<string | undefined> {
  return (await client.get('/images/json', imagesSchema, { signal }))[0]?.Id;
}

const missingCommand = '/training-pipelines-gpu-probe';

async function tryGpu(
  client: DockerClient,
  info: EngineInfo,
  gpu: GpuRequest,
  image: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const device = info.gpuStyle === 'cdi' ? cdiProbe(gpu) : nvidiaProbe(gpu);
  const body = {
    Image: image,
    Entrypoint: [missingCommand],
    Cmd: [],
    Labels: { [labels.kind]: 'probe' },
    HostConfig: { DeviceRequests: [device], NetworkMode: 'none' },
  };
  let id: string | undefined;
  try {
    id = (await client.post('/containers/create', z.object({ Id: z.string() }), { body }, { signal })).Id;
    await client.post(`/containers/${id}/start`, z.unknown(), {}, { signal, timeoutMilliseconds: 30_000 });
    return undefined;
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    return error.message.includes(missingCommand) ? undefined : error.message;
  } finally {
    if (id !== undefined) await client.delete(`/containers/${id}`, { force: true }).catch(() => undefined);
  }
}

const nvidiaProbe = (gpu: GpuRequest) => ({
  Driver: '',
  Capabilities: [['gpu']],
  ...(gpu.kind === 'ids' ? { DeviceIDs: [...gpu.ids] } : { Count: gpu.kind === 'count' ? gpu.count : -1 }),
});

const cdiProbe = (gpu: GpuRequest) => ({
  Driver: 'cdi',
  DeviceIDs:
    gpu.kind === 'ids'
      ? gpu.ids.map((id) => `nvidia.com/gpu=${id}`)
      : gpu.kind === 'count'
        ? Array.from({ length: gpu.count }, (_, i) => `nvidia.com/gpu=${i}`)
        : ['nvidia.com/gpu=all'],
});
