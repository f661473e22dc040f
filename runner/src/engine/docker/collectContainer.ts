/** Brings what a run left from its stopped container: the completion record first, then the outputs. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTarFile } from '../../archive/tarFile';
import { unpackOutputs } from '../../archive/tarUnpack';
import { completionRecordSchema, recordFileName, type CompletionRecord } from '../../domain/completionRecord';
import { messageOf } from '../../domain/errors';
import type { Warning } from '../../domain/run';
import type { Collected, OnProgress, RunRef } from '../engine';
import { base, controlFolder } from './containerSpec';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { readComplaints } from './followContainer';
import { containerPath } from './runObjects';

export interface CollectOptions {
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

const largestRecord = 16 * 1024 * 1024;

export async function collectContainer(
  client: DockerClient,
  ref: RunRef,
  staging: string,
  options: CollectOptions,
): Promise<Collected> {
  const { record, problem } = await readRecord(client, ref, options.signal);
  const warnings: Warning[] = [];
  for (const part of ['package', 'artifacts']) warnings.push(...(await fetchPart(client, ref, part, staging, options)));
  const complaint = record === undefined ? await readComplaints(client, ref, options.signal).catch(() => '') : '';
  const skipped = (record?.skipped ?? []).map(({ path, reason }): Warning => ({
    code: 'output-skipped',
    message: `${path} is not kept: ${reason}.`,
  }));
  return { record, recordProblem: complaint === '' ? problem : complaint, warnings: [...skipped, ...warnings] };
}

async function readRecord(
  client: DockerClient,
  ref: RunRef,
  signal?: AbortSignal,
): Promise<{ record: CompletionRecord | undefined; problem: string }> {
  try {
    const tar = await client.stream(
      'GET',
      `${containerPath(ref)}/archive`,
      { path: `${controlFolder}/${recordFileName}` },
      signal,
    );
    const text = (await readTarFile(tar, recordFileName, largestRecord)).toString('utf8');
    const record = completionRecordSchema.parse(JSON.parse(text));
    if (record.nonce === ref.nonce && record.run === ref.runId) return { record, problem: '' };
    return { record: undefined, problem: 'the record of completion belongs to another run' };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DockerRefusal && error.status === 404) return { record: undefined, problem: '' };
    if (error instanceof DockerRefusal || !isOurs(error)) throw error;
    return { record: undefined, problem: `the record of completion can't be read (${messageOf(error).slice(0, 200)})` };
  }
}

/** A record that is not as the harness writes it, in contrast to an engine that does not answer. */
const isOurs = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  (error as { name?: unknown }).name === 'ZodError' ||
  (error as { name?: unknown }).name === 'TarError';

async function fetchPart(
  client: DockerClient,
  ref: RunRef,
  part: string,
  staging: string,
  options: CollectOptions,
): Promise<readonly Warning[]> {
  const target = join(staging, part);
  await rm(target, { recursive: true, force: true });
  try {
    const tar = await client.stream(
      'GET',
      `${containerPath(ref)}/archive`,
      { path: `${base}/out/${part}` },
      options.signal,
    );
    const { warnings } = await unpackOutputs(tar, target, {
      root: part,
      signal: options.signal,
      onProgress: ({ done }) =>
        options.onProgress({ text: `bringing ${part} from ${client.engine}`, done, unit: 'bytes' }),
    });
    return warnings;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return [];
    throw error;
  }
}
