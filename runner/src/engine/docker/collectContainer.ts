/** Brings what a run left from its stopped container: the completion record first, then the outputs. */
import { readFile, rm } from 'node:fs/promises';
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
  const warnings = await fetchOutput(client, ref, staging, options);
  const { record, problem } = (await recordBeside(ref, staging)) ?? (await readRecord(client, ref, options.signal));
  const complaint = record === undefined ? await readComplaints(client, ref, options.signal).catch(() => '') : '';
  const skipped = (record?.skipped ?? []).map(({ path, reason }): Warning => ({
    code: 'output-skipped',
    message: `${path} is not kept: ${reason}.`,
  }));
  return { record, recordProblem: complaint === '' ? problem : complaint, warnings: [...skipped, ...warnings] };
}

interface FoundRecord {
  readonly record: CompletionRecord | undefined;
  readonly problem: string;
}

/** The harness shows its record beside the output, which saves a call; where it is not there, it is asked for. */
async function recordBeside(ref: RunRef, staging: string): Promise<FoundRecord | undefined> {
  const text = await readFile(join(staging, recordFileName), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseRecord(ref, text);
}

function parseRecord(ref: RunRef, text: string): FoundRecord {
  try {
    const record = completionRecordSchema.parse(JSON.parse(text));
    if (record.nonce === ref.nonce && record.run === ref.runId) return { record, problem: '' };
    return { record: undefined, problem: 'the record of completion belongs to another run' };
  } catch (error) {
    const why = messageOf(error).slice(0, 200);
    return { record: undefined, problem: `the record of completion can't be read (${why})` };
  }
}

async function readRecord(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<FoundRecord> {
  try {
    const path = `${controlFolder}/${recordFileName}`;
    const tar = await client.stream('GET', `${containerPath(ref)}/archive`, { path }, signal);
    return parseRecord(ref, (await readTarFile(tar, recordFileName, largestRecord)).toString('utf8'));
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DockerRefusal && error.status === 404) return { record: undefined, problem: '' };
    throw error;
  }
}

async function fetchOutput(
  client: DockerClient,
  ref: RunRef,
  staging: string,
  options: CollectOptions,
): Promise<readonly Warning[]> {
  await rm(staging, { recursive: true, force: true });
  try {
    const path = `${base}/out`;
    const tar = await client.stream('GET', `${containerPath(ref)}/archive`, { path }, options.signal);
    const text = `bringing the output from ${client.engine}`;
    const { warnings } = await unpackOutputs(tar, staging, {
      root: 'out',
      signal: options.signal,
      onProgress: ({ done }) => options.onProgress({ text, done, unit: 'bytes' }),
    });
    return warnings;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return [];
    throw error;
  }
}
