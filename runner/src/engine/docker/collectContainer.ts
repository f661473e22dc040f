/** Brings what a run left from its stopped container: the completion record first, then the outputs. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import * as z from 'zod';
import { packTar } from '../../archive/tarPack';
import { readTarFile } from '../../archive/tarFile';
import { unpackOutputs } from '../../archive/tarUnpack';
import { completionRecordSchema, recordFileName, type CompletionRecord } from '../../domain/completionRecord';
import { messageOf } from '../../domain/errors';
import type { Warning } from '../../domain/run';
import type { Collected, OnProgress, RunRef } from '../engine';
import { harnessSpecSchema } from '../harnessSpec';
import { base, containerName, controlFolder } from './containerSpec';
import { labels } from './labels';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { readComplaints } from './followContainer';
import type { OutputsInLog } from './outputsInLog';
import { containerPath, ignoring } from './runObjects';

export interface CollectOptions {
  readonly outputs: OutputsInLog;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** What the harness handed over; links in it were made while the package lay beside it. */
const outPlace = { root: 'out', place: `${base}/out`, ranIn: base } as const;
const largestRecord = 16 * 1024 * 1024;

export async function collectContainer(
  client: DockerClient,
  ref: RunRef,
  staging: string,
  options: CollectOptions,
): Promise<Collected> {
  const found =
    (await collectFromLog(ref, staging, options)) ??
    (await collectFrom(client, ref, containerPath(ref), staging, options));
  const { record, problem, warnings } = found.isReadable ? found : await collectFromCopy(client, ref, staging, options);
  const complaint = record === undefined ? await readComplaints(client, ref, options.signal).catch(() => '') : '';
  const skipped = (record?.skipped ?? []).map(({ path, reason }): Warning => ({
    code: 'output-skipped',
    message: `${path} is not kept: ${reason}.`,
  }));
  return { record, recordProblem: complaint === '' ? problem : complaint, warnings: [...skipped, ...warnings] };
}

interface FoundOutput extends FoundRecord {
  readonly warnings: readonly Warning[];
  /** False where not even what we put into the container can be read. */
  readonly isReadable: boolean;
}

/** Undefined where the log has not brought all of it: then the container is asked. */
async function collectFromLog(ref: RunRef, staging: string, options: CollectOptions): Promise<FoundOutput | undefined> {
  const sources = options.outputs.collect(ref.runId, 'out');
  if (sources === undefined) return undefined;
  await rm(staging, { recursive: true, force: true });
  const tar = packTar(sources, { uid: 0, gid: 0 });
  const { warnings } = await unpackOutputs(tar, staging, { ...outPlace, signal: options.signal });
  const found = await recordBeside(ref, staging);
  if (found?.record === undefined) return undefined;
  return { ...found, warnings: warnings.map(belowPackage), isReadable: true };
}

/** `container`: path of its API. */
async function collectFrom(
  client: DockerClient,
  ref: RunRef,
  container: string,
  staging: string,
  options: CollectOptions,
): Promise<FoundOutput> {
  await rm(staging, { recursive: true, force: true });
  const warnings = (await fetchFolder(client, container, `${base}/out`, staging, options)).map(belowPackage);
  const beside = await recordBeside(ref, staging);
  const found = beside?.record === undefined ? await readRecord(client, ref, container, options.signal) : beside;
  if (found.record !== undefined) return { ...found, warnings, isReadable: true };
  const rescued = await rescueArtifacts(client, container, staging, options);
  return { ...found, warnings: [...warnings, ...(rescued ?? [])], isReadable: rescued !== undefined };
}

/**
 * The engine gives nothing out of a container that it cannot mount, as when the dataset's folder is gone by now. A copy of
 * it without mounts is read instead.
 */
async function collectFromCopy(
  client: DockerClient,
  ref: RunRef,
  staging: string,
  options: CollectOptions,
): Promise<FoundOutput> {
  const { signal } = options;
  const name = `${containerName(ref.runId)}-copy`;
  const image = `training-pipelines-copy:${ref.runId}`;
  const [repo, tag] = image.split(':');
  const patient = { signal, timeoutMilliseconds: 10 * 60_000 };
  const own = { [labels.installation]: ref.installation, [labels.run]: ref.runId, [labels.kind]: 'copy' };
  try {
    const query = { container: containerName(ref.runId), repo, tag, pause: false };
    await client.post('/commit', z.unknown(), { query, body: {} }, patient);
    const body = { Image: image, Labels: own, HostConfig: { NetworkMode: 'none' } };
    await ignoring([409], () => client.post('/containers/create', z.unknown(), { query: { name }, body }, patient));
    return await collectFrom(client, ref, `/containers/${name}`, staging, options);
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return gone;
    throw error;
  } finally {
    await ignoring([404, 409], () => client.delete(`/containers/${name}`, { v: true, force: true }));
    await ignoring([404, 409], () => client.delete(`/images/${image}`, {}));
  }
}

const gone: FoundOutput = { record: undefined, problem: '', warnings: [], isReadable: false };

/** What lies in the package is named by its path in the package, as its author knows it. */
const belowPackage = ({ code, message }: Warning): Warning => ({
  code,
  message: message.replace(/(^|is a link to |lies below )package\//g, '$1'),
});

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

async function readRecord(
  client: DockerClient,
  ref: RunRef,
  container: string,
  signal?: AbortSignal,
): Promise<FoundRecord> {
  try {
    const text = await readControlFile(client, container, recordFileName, signal);
    return text === undefined ? { record: undefined, problem: '' } : parseRecord(ref, text);
  } catch (error) {
    if ((error as Error).name !== 'TarError') throw error;
    return { record: undefined, problem: `the record of completion can't be read (${messageOf(error)})` };
  }
}

/**
 * A harness that was killed has handed nothing over: the artifacts are still where the training code wrote them.
 * Undefined where the container has no control folder that can be read.
 */
async function rescueArtifacts(
  client: DockerClient,
  container: string,
  staging: string,
  options: CollectOptions,
): Promise<readonly Warning[] | undefined> {
  const text = await readControlFile(client, container, 'spec.json', options.signal).catch((error: unknown) => {
    if ((error as Error).name === 'TarError') return '';
    throw error;
  });
  if (text === undefined) return undefined;
  const spec = harnessSpecSchema.safeParse(parseJson(text));
  const target = join(staging, 'artifacts');
  if (!spec.success || (await isThere(target))) return [];
  return fetchFolder(client, container, `${base}/${spec.data.package}/${spec.data.artifacts}`, target, options);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Undefined where the container has no such file. */
async function readControlFile(
  client: DockerClient,
  container: string,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const path = `${controlFolder}/${name}`;
    const tar = await client.stream('GET', `${container}/archive`, { path }, { signal });
    return (await readTarFile(tar, name, largestRecord)).toString('utf8');
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

/** Brings a folder of the container to `target`; nothing where it is not there. */
async function fetchFolder(
  client: DockerClient,
  container: string,
  path: string,
  target: string,
  options: CollectOptions,
): Promise<readonly Warning[]> {
  try {
    const tar = await client.stream('GET', `${container}/archive`, { path }, { signal: options.signal });
    const text = `bringing the output from ${client.engine}`;
    const { warnings } = await unpackOutputs(tar, target, {
      ...(path === outPlace.place ? outPlace : { root: posix.basename(path), place: path }),
      signal: options.signal,
      onProgress: ({ done }) => options.onProgress({ text, done, unit: 'bytes' }),
    });
    return warnings;
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return [];
    options.signal?.throwIfAborted();
    throw isNoArchive(error) ? client.unreachable('the output that it sends is no whole archive', error) : error;
  }
}

/** The reader of archives has no words of its own for it: everything else that fails here has a code or a type. */
const isNoArchive = (error: unknown): boolean =>
  error instanceof Error && error.name === 'Error' && !('code' in error) && !(error instanceof DockerRefusal);
