/** Lists the datasets that an engine keeps for an installation, and clears those that nothing refers to. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import { datasetVolumeName, plainHash } from './datasetNames';
import { findStore, listDatasets, usersOf, type SentDataset } from './datasetStore';
import { DockerRefusal, type DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import { imagesToAskIn } from './gpus';
import { createHelper, helperAnswers, HelperFailed, removeContainerId, startHelper } from './helperContainer';

export type KeptDataset = Omit<SentDataset, 'volume'> & { readonly users: readonly string[] };

export async function datasetsOf(
  client: DockerClient,
  installation: string,
  signal?: AbortSignal,
): Promise<KeptDataset[]> {
  const found = await listDatasets(client, installation, signal);
  return Promise.all(
    found.map(async ({ volume, ...dataset }) => ({ ...dataset, users: await usersOf(client, volume, signal) })),
  );
}

export interface Clearing {
  readonly installation: string;
  readonly trees: readonly string[];
  readonly harnessFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** A dataset is gone once its volume is, and only then its contents go: the engine refuses to remove what is in use. */
export async function clearDatasets(
  client: DockerClient,
  info: EngineInfo,
  clearing: Clearing,
): Promise<{ readonly cleared: readonly string[]; readonly bytes: number }> {
  const { installation, trees, signal } = clearing;
  const cleared: string[] = [];
  for (const tree of trees) {
    const gone = await removeUnused(client, datasetVolumeName(installation, tree), signal);
    if (gone) cleared.push(tree);
  }
  const bytes = cleared.length === 0 ? 0 : await freeContents(client, info, clearing, cleared);
  return { cleared, bytes };
}

/** Podman answers 500 or 409 where a volume is in use. */
async function removeUnused(client: DockerClient, volume: string, signal?: AbortSignal): Promise<boolean> {
  if ((await usersOf(client, volume, signal)).length > 0) return false;
  try {
    await client.delete(`/volumes/${volume}`, {}, { signal });
    return true;
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    if (error.status === 404) return true;
    if (error.status === 409 || /in use|being used/i.test(error.message)) return false;
    throw error;
  }
}

const answerSchema = z.union([
  z.object({ freed: z.number() }),
  z.object({ busy: z.literal(true) }),
  z.object({ refused: z.string() }),
]);

/** In any image of the engine that has Python; one that has run something of ours has. */
async function freeContents(
  client: DockerClient,
  info: EngineInfo,
  clearing: Clearing,
  cleared: readonly string[],
): Promise<number> {
  const { installation, harnessFolder, signal } = clearing;
  const store = await findStore(client, installation, signal);
  if (store === undefined) return 0;
  const keep = (await listDatasets(client, installation, signal)).map(({ tree }) => plainHash(tree));
  const files = {
    'helper.py': await readFile(join(harnessFolder, 'datastore.py')),
    'request.json': JSON.stringify({ command: 'clear', keep, gone: cleared.map(plainHash) }),
  };
  for (const image of await imagesToAskIn(client, signal)) {
    const runId = randomBytes(6).toString('hex');
    const mounts = [{ Type: 'volume', Source: store.volume, Target: '/store', ReadOnly: false } as const];
    const name = `training-pipelines-clear-${runId}`;
    const id = await createHelper(client, info, { name, image, installation, runId, kind: 'clear', mounts }, signal);
    try {
      await startHelper(client, id, files, signal);
      for await (const answer of helperAnswers(client, id, answerSchema, signal)) return freedBy(client, answer);
    } catch (error) {
      // An image without Python; the next may have it.
      if (!(error instanceof HelperFailed || error instanceof DockerRefusal)) throw error;
    } finally {
      await removeContainerId(client, id).catch(() => undefined);
    }
  }
  return 0;
}

function freedBy(client: DockerClient, answer: z.infer<typeof answerSchema>): number {
  if ('freed' in answer) return answer.freed;
  const why = 'busy' in answer ? 'a dataset is being sent there' : answer.refused;
  const hint = 'Try again later: what they hold is freed by the next clearing.';
  throw new ExpectedError(
    'engine-failed',
    `The copies are gone, their contents not yet: ${why}.`,
    `${client.engine}: ${hint}`,
  );
}
