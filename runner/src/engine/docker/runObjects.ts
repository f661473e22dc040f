/** The container and the volumes of one run on the engine: looked up, checked to be ours, removed. */
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import type { RunRef } from '../engine';
import { containerName } from './containerSpec';
import { labels } from './labels';
import { DockerRefusal, type CallOptions, type DockerClient } from './dockerClient';

export const inspectSchema = z.object({
  Id: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean().nullish(),
    OOMKilled: z.boolean().nullish(),
    ExitCode: z.number().nullish(),
    Error: z.string().nullish(),
    StartedAt: z.string().nullish(),
  }),
  Mounts: z.array(z.object({ Name: z.string().nullish() })).nullish(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});
export type Inspected = z.infer<typeof inspectSchema>;

export const containerPath = (ref: RunRef): string => `/containers/${containerName(ref.runId)}`;

/** Undefined where the engine knows no such container. Throws where one of that name is not ours. */
export async function inspectContainer(
  client: DockerClient,
  ref: RunRef,
  options: CallOptions = {},
): Promise<Inspected | undefined> {
  try {
    const found = await client.get(`${containerPath(ref)}/json`, inspectSchema, options);
    refuseForeign(ref, found);
    return found;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

function refuseForeign(ref: RunRef, found: Inspected): void {
  const own = found.Config.Labels ?? {};
  if (own[labels.nonce] === ref.nonce && own[labels.run] === ref.runId) return;
  const name = containerName(ref.runId);
  throw new ExpectedError(
    'engine-failed',
    `A container ${name} is there that does not belong to this run.`,
    'It was left alone. Remove it by hand if it is yours.',
  );
}

/** States of a container whose process was never started: Docker's word, and those that Podman adds. */
export const notStarted: ReadonlySet<string> = new Set(['created', 'configured', 'initialized']);

export const copyVolumeName = (ref: RunRef): string => `${containerName(ref.runId)}-dataset`;
/** A volume and a helper container that prepare the view of a dataset. */
export const scratchName = (ref: RunRef): string => `${copyVolumeName(ref)}-scratch`;

/** False where nothing else of the run can be there: its container was found, and has no private view of the dataset. */
export async function removeContainer(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<boolean> {
  const found = await inspectContainer(client, ref, { signal });
  if (found === undefined) return true;
  await ignoring([404, 409], () =>
    client.delete(`/containers/${found.Id}`, { v: true, force: true }, { signal, timeoutMilliseconds: 60_000 }),
  );
  return (found.Mounts ?? []).some(({ Name }) => Name === copyVolumeName(ref));
}

/** The helper that makes the view of a dataset, where a start was cut short. */
export async function removeHelper(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<void> {
  const path = `/containers/${scratchName(ref)}`;
  const found = await client.get(`${path}/json`, inspectSchema, { signal }).catch((error: unknown) => {
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  });
  if (found?.Config.Labels?.[labels.installation] !== ref.installation) return;
  await ignoring([404, 409], () => client.delete(path, { v: true, force: true }, { signal }));
}

const volumeSchema = z.object({ Labels: z.record(z.string(), z.string()).nullish() });

export async function removeVolume(
  client: DockerClient,
  name: string,
  installation: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const found = await client.get(`/volumes/${name}`, volumeSchema, { signal });
    if (found.Labels?.[labels.installation] !== installation) return;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return;
    throw error;
  }
  await ignoring([404], () => client.delete(`/volumes/${name}`, {}, { signal }));
}

export async function ignoring(statuses: readonly number[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DockerRefusal && statuses.includes(error.status))) throw error;
  }
}
