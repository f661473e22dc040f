/** The identity of a dataset that lies on the engine's own machine: listed and hashed there, in a helper that can only read it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { treeDigest } from '../../archive/hashTree';
import { ExpectedError } from '../../domain/errors';
import { formatCount } from '../../domain/format';
import { printable } from '../../domain/printable';
import type { Warning } from '../../domain/run';
import { comparePaths, type DatasetEntry } from '../../domain/treeHash';
import type { HashedFolder, HashFolderRequest } from '../engine';
import { DockerRefusal, type DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import {
  createHelper,
  helperAnswers,
  HelperFailed,
  helperTrouble,
  removeContainerId,
  startHelper,
} from './helperContainer';

const modes = ['644', '755', 'dir', 'link'] as const;
const answerSchema = z.union([
  z.object({ place: z.string() }),
  z.object({ entries: z.array(z.tuple([z.enum(modes), z.string(), z.number(), z.string()])) }),
  z.object({ skipped: z.array(z.tuple([z.string(), z.string()])) }),
  z.object({ refused: z.string() }),
]);

export async function hashFolder(
  client: DockerClient,
  info: EngineInfo,
  request: HashFolderRequest,
  harnessFolder: string,
  signal?: AbortSignal,
): Promise<HashedFolder> {
  const { ref, path, image } = request;
  const mounts = [{ Type: 'bind', Source: path, Target: '/dataset', ReadOnly: true } as const];
  const name = `training-pipelines-${ref.runId}-hash`;
  const spec = { name, image, kind: 'hash', installation: ref.installation, runId: ref.runId, mounts };
  let id: string | undefined;
  const found: Found = { entries: [], warnings: [] };
  try {
    id = await createHelper(client, info, spec, signal);
    await startHelper(client, id, { 'helper.py': await readFile(join(harnessFolder, 'hostfolder.py')) }, signal);
    for await (const answer of helperAnswers(client, id, answerSchema, signal)) take(client, request, answer, found);
  } catch (error) {
    throw explained(client, path, error);
  } finally {
    if (id !== undefined) await removeContainerId(client, id).catch(() => undefined);
  }
  const entries = found.entries.sort((a, b) => comparePaths(a.path, b.path));
  const files = entries.filter(({ mode }) => mode !== 'dir');
  const bytes = files.reduce((sum, entry) => sum + (entry.mode === 'link' ? 0 : entry.bytes), 0);
  return { tree: treeDigest(entries), files: files.length, bytes, ...found };
}

interface Found {
  readonly entries: DatasetEntry[];
  readonly warnings: Warning[];
}

function take(client: DockerClient, request: HashFolderRequest, answer: z.infer<typeof answerSchema>, found: Found) {
  const { path } = request;
  if ('refused' in answer) throw missing(client, path, answer.refused);
  if ('place' in answer) {
    const problem = request.refusal(answer.place);
    if (problem !== undefined) throw refused(client, path, problem);
  } else if ('skipped' in answer) {
    for (const [entry, reason] of answer.skipped)
      found.warnings.push({ code: 'dataset-link', message: `${printable(entry)} ${reason}; it is passed over.` });
  } else {
    for (const [mode, sha256, bytes, entry] of answer.entries) found.entries.push({ mode, sha256, bytes, path: entry });
    const count = formatCount(found.entries.length);
    request.onProgress({ text: `reading the dataset on ${client.engine}: ${count} files` });
  }
}

function explained(client: DockerClient, path: string, error: unknown): unknown {
  if (error instanceof HelperFailed) return helperTrouble(client.engine, error, `read ${path}`);
  if (error instanceof DockerRefusal && /bind source path does not exist|no such file|statfs/i.test(error.message))
    return missing(client, path, 'there is no such folder');
  return error;
}

const missing = (client: DockerClient, path: string, why: string): ExpectedError =>
  new ExpectedError(
    'dataset-missing',
    `${path} can't be read on ${client.engine}: ${why}.`,
    'Give a folder of that machine.',
  );

const refused = (client: DockerClient, path: string, problem: string): ExpectedError =>
  new ExpectedError(
    'dataset-refused',
    `${path} on ${client.engine} can't be the dataset: it ${problem}.`,
    'Give a folder that holds only the data.',
  );
