/** Images of the engine, and what is told while one is made. */
import * as z from 'zod';
import type { OnProgress } from '../engine';
import { DockerRefusal, type DockerClient } from './dockerClient';

export const environmentRepository = 'training-pipelines-env';

export interface PrepareEvents {
  readonly onProgress: OnProgress;
  readonly onOutput: (text: string) => void;
}

const imageSchema = z.object({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  Os: z.string(),
  Architecture: z.string(),
  Config: z.record(z.string(), z.unknown()).nullish(),
});
export type Image = z.infer<typeof imageSchema>;

export async function findImage(client: DockerClient, name: string, signal?: AbortSignal): Promise<Image | undefined> {
  try {
    return await client.get(`/images/${name}/json`, imageSchema, { signal });
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  }
}
