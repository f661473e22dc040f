/** The Packaging phase: the version to start from, the dataset's identity, the environment, and the number of the result. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashDataset } from '../archive/dataset';
import { openZip, type ZipReader } from '../archive/zipReader';
import { ExpectedError } from '../domain/errors';
import type { Run, Warning } from '../domain/run';
import type { Engine, HashedFolder, PreparedEnvironment } from '../engine/engine';
import { isOnEngine, pathOnEngine, sensitivePlace } from './engineDataset';
import { refuseArtifactsFolder, type PackageEntry } from './artifactsFolder';
import type { Intent, Packaged } from './intent';
import { publishFolder, scanWorkingFolder } from './publishFolder';
import type { RunContext, SafeEvents } from './runContext';
import { isoTime, withWarnings, type RunDraft } from './runDocument';

export interface PackagingResult {
  readonly packaged: Packaged;
  readonly dataset: { readonly tree: string; readonly files: number; readonly bytes: number };
  readonly warnings: readonly Warning[];
}

export function withPackaged(run: Run, { packaged, dataset, warnings }: PackagingResult): Run {
  const { version, environment } = packaged;
  const known = { from: version, image: environment.image?.name ?? null, dataset: { ...run.dataset, ...dataset } };
  return withWarnings({ ...run, ...known }, warnings);
}

export const environmentFiles: readonly string[] = ['requirements.txt', 'train_requirements.txt', 'Dockerfile'];

/** `onVersion` is told the version to start from as soon as it is known. */
export async function packageRun(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  events: SafeEvents,
  signal: AbortSignal,
  onVersion: (version: string) => void,
): Promise<PackagingResult> {
  const linked = new AbortController();
  const both = AbortSignal.any([signal, linked.signal]);
  const coding = packageCode(context, engine, draft, events, both, onVersion);
  const parts = [coding, hashInput(context, engine, draft, events, coding, both)] as const;
  try {
    const [code, dataset] = await Promise.all(parts);
    const reserved = await context.store.versions.reserve(draft.run.package, code.version, draft.run.id);
    const { version, mountName, environment } = code;
    return {
      packaged: { version, mountName, reserved, environment: { ...environment, warnings: [...environment.warnings] } },
      dataset: { tree: dataset.tree, files: dataset.files, bytes: dataset.bytes },
      warnings: [...code.warnings, ...environment.warnings, ...dataset.warnings],
    };
  } catch (error) {
    linked.abort();
    await Promise.allSettled(parts);
    throw error;
  }
}

interface PackagedCode {
  readonly version: string;
  readonly mountName: string;
  readonly environment: PreparedEnvironment;
  readonly warnings: readonly Warning[];
}

async function packageCode(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  events: SafeEvents,
  signal: AbortSignal,
  onVersion: (version: string) => void,
): Promise<PackagedCode> {
  const { run, intent } = draft;
  const source = await sourceVersion(context, draft, events, signal);
  onVersion(source.version);
  const zip = context.store.versions.zipPath(run.package, source.version);
  const content = await lookInside(zip, intent);
  const environment = await engine.prepare(
    {
      runId: run.id,
      installation: intent.installation,
      image: intent.image,
      python: intent.python,
      files: content.files,
      zip,
      package: run.package,
      network: intent.network,
      cacheFolder: context.store.cacheFolder,
    },
    { onProgress: events.progress, onOutput: (text) => events.output(text) },
    signal,
  );
  events.output(`${environment.summary}\n`);
  const warnings = [...source.warnings, ...content.warnings];
  return { version: source.version, mountName: content.mountName, environment, warnings };
}

async function sourceVersion(context: RunContext, draft: RunDraft, events: SafeEvents, signal: AbortSignal) {
  const { run, intent } = draft;
  if (run.from !== '' || intent.folder === null) return { version: run.from, warnings: [] };
  const scanned = await scanWorkingFolder(intent.folder, signal);
  const createdAt = isoTime(context.clock.now());
  return publishFolder(context.store, run.package, scanned, { createdAt, onProgress: events.progress, signal });
}

/** What the version's content decides: the dataset's name inside, the environment, and collisions with the artifacts folder. */
async function lookInside(path: string, intent: Intent) {
  const zip = await openZip(path);
  try {
    const top = new Set([...zip.entries.map((entry) => entry.path), intent.artifactsDirectory].map(topOf));
    return {
      mountName: mountName(top),
      warnings: artifactsWarnings(zip.entries, intent.artifactsDirectory),
      files: await readEnvironmentFiles(zip),
    };
  } finally {
    await zip.close();
  }
}

export async function readEnvironmentFiles(zip: ZipReader): Promise<{ name: string; text: string }[]> {
  const files = [];
  for (const name of environmentFiles) {
    const there = zip.entries.some((entry) => entry.path === name && entry.mode !== 'dir');
    if (there) files.push({ name, text: (await zip.readFile(name)).toString('utf8') });
  }
  return files;
}

/** `data`, or the first free of `data_directory`, `data_directory_2`, … Names are compared without regard to case. */
export function mountName(taken: ReadonlySet<string>): string {
  const names = ['data', 'data_directory'];
  for (let i = 2; names.every((name) => taken.has(name)); i++) names.push(`data_directory_${i}`);
  return names.find((name) => !taken.has(name)) ?? 'data';
}

const topOf = (path: string): string => (path.split('/')[0] ?? '').toLowerCase();

function artifactsWarnings(entries: readonly PackageEntry[], folder: string): Warning[] {
  refuseArtifactsFolder(entries, folder);
  if (!entries.some((entry) => entry.path === folder || entry.path.startsWith(`${folder}/`))) return [];
  const message = `The package ships a folder "${folder}"; the run starts with an empty one.`;
  return [{ code: 'artifacts-shipped', message }];
}

const datasetCacheFile = (cacheFolder: string, path: string): string =>
  join(cacheFolder, 'datasets', `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.cache`);

/**
 * Hashes the dataset and keeps the list of its entries beside the run, so that a change can be named at the end. On the engine's own
 * machine that takes an image, so it waits for the environment.
 */
async function hashInput(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  events: SafeEvents,
  code: Promise<PackagedCode>,
  signal: AbortSignal,
) {
  const { path } = draft.intent.dataset;
  const hashed = isOnEngine(path)
    ? await hashOnEngine(engine, draft, (await code).environment.target, events, signal)
    : await hashRunDataset(context, path, events, signal);
  await writeFile(datasetListPath(context, draft.run.id), JSON.stringify(hashed.entries));
  return hashed;
}

/** What the dataset is now, wherever it lies. */
export function hashAgain(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  events: SafeEvents,
  signal: AbortSignal,
) {
  const { dataset, packaged } = draft.intent;
  return isOnEngine(dataset.path)
    ? hashOnEngine(engine, draft, packaged?.environment.target ?? '', events, signal)
    : hashRunDataset(context, dataset.path, events, signal);
}

async function hashOnEngine(
  engine: Engine,
  { run, intent }: RunDraft,
  image: string,
  events: SafeEvents,
  signal: AbortSignal,
): Promise<HashedFolder> {
  if (engine.hashFolder === undefined)
    throw new ExpectedError('usage', `${engine.name} runs on this machine.`, 'Give the folder itself.');
  const ref = { runId: run.id, installation: intent.installation };
  const path = pathOnEngine(intent.dataset.path);
  return engine.hashFolder({ ref, path, image, refusal: sensitivePlace, onProgress: events.progress }, signal);
}

export const datasetListPath = (context: RunContext, id: string): string =>
  join(context.store.runs.folder(id), 'dataset.json');

export function hashRunDataset(context: RunContext, path: string, events: SafeEvents, signal?: AbortSignal) {
  return hashDataset(path, {
    cacheFile: datasetCacheFile(context.store.cacheFolder, path),
    signal,
    onProgress: (step) => events.progress({ text: 'reading the dataset', unit: 'bytes', ...step }),
  }).catch((error: unknown) => {
    throw unreadableDataset(error, path);
  });
}

/** A bug stays what it is. */
function unreadableDataset(error: unknown, dataset: string): unknown {
  const { code = '', path = dataset } = error as NodeJS.ErrnoException;
  const reason = {
    EACCES: 'you have no permission',
    EPERM: 'the system does not permit it',
    EIO: 'the disk reports an error',
  }[code];
  if (reason === undefined) return error;
  const hint = 'Give your user the right to read all of the dataset, or take the file out of it.';
  return new ExpectedError('dataset-refused', `The dataset can't be read: ${path}: ${reason}.`, hint, { cause: error });
}
