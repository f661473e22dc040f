/**
 * Finalizing: what the run left is collected, checked, sealed and put into place. Every step can be done again after a
 * crash, and gives the same bytes.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { copyDataset, diffDatasets } from '../archive/dataset';
import { scanOutput } from '../archive/scanOutput';
import { writeZip } from '../archive/writeZip';
import type { CompletionRecord } from '../domain/completionRecord';
import { messageOf } from '../domain/errors';
import { cause, type Cause, type Warning } from '../domain/run';
import type { DatasetEntry, FileEntry } from '../domain/treeHash';
import type { VersionFile } from '../domain/version';
import type { Engine } from '../engine/engine';
import type { Packaged } from './intent';
import { isOnEngine } from './engineDataset';
import { hashAgain } from './packaging';
import type { RunContext, SafeEvents } from './runContext';
import type { RunDraft } from './runDocument';
import { readDatasetList } from './submitRun';

/** A version that is ready to be committed. */
export interface Sealable {
  readonly file: VersionFile;
  readonly zip: string;
}

export interface OutputResult {
  readonly sealable: Sealable | undefined;
  readonly cause: Cause | undefined;
  readonly warnings: readonly Warning[];
  readonly keptDataset: string;
}

export const stagingOf = (context: RunContext, id: string): string => join(context.store.runs.folder(id), 'collected');

/** Moves the artifacts beside `run.json`. Returns "artifacts", or "" where none were written. */
export async function keepArtifacts(context: RunContext, id: string): Promise<string> {
  const target = join(context.store.runs.folder(id), 'artifacts');
  const source = join(stagingOf(context, id), 'artifacts');
  if (await isFolder(source)) {
    const { entries } = await scanOutput(source, { leaveOut: [] });
    if (entries.some((entry) => entry.kind === 'file')) {
      await rm(target, { recursive: true, force: true });
      await rename(source, target);
    }
  }
  return (await isFolder(target)) ? 'artifacts' : '';
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Checks and packs what the package's folder holds now. */
export async function sealOutput(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  record: CompletionRecord,
  events: SafeEvents,
  signal: AbortSignal,
): Promise<OutputResult> {
  const { run, intent } = draft;
  const packaged = intent.packaged as Packaged;
  const folder = join(stagingOf(context, run.id), 'package');
  await mkdir(folder, { recursive: true });
  const [scanned, dataset] = await Promise.all([
    scanOutput(folder, { leaveOut: [packaged.mountName, intent.artifactsDirectory], signal }),
    checkDataset(context, engine, draft, events, signal),
  ]);
  const warnings = [...scanned.warnings, ...dataset.warnings];
  const nothing = { sealable: undefined, warnings, keptDataset: dataset.kept };
  if (!scanned.entries.some((entry) => entry.path === 'train.py' && entry.kind === 'file')) {
    return { ...nothing, cause: invalidOutput };
  }
  const target = join(stagingOf(context, run.id), `${run.package}.zip`);
  await rm(target, { force: true });
  const zip = await writeZip({ entries: scanned.entries, root: run.package, target, signal });
  const source = await context.store.versions.read(run.package, packaged.version);
  if (source?.sealed.tree === zip.tree) warnings.push(noChange(packaged));
  const file: VersionFile = {
    schema: 1,
    package: run.package,
    version: packaged.reserved,
    from: packaged.version,
    run: run.id,
    createdAt: intent.sealedAt ?? run.startedAt,
    sealed: { zip: zip.zip, tree: zip.tree, files: [...zip.files] as FileEntry[] },
    madeFrom: {
      source: { version: packaged.version, tree: source?.sealed.tree ?? zip.tree },
      dataset: {
        name: datasetName(run.dataset.path),
        tree: run.dataset.tree,
        files: run.dataset.files,
        bytes: run.dataset.bytes,
        changed: dataset.changed,
      },
      image: packaged.environment.image,
      python: record.python,
      distributions: record.distributions,
      parameters: run.parameters,
      gpu: record.gpu.got,
      engine: engine.name,
      network: intent.network,
      harness: record.harness,
      resources: { platform: record.platform, cpus: record.resources.cpus, memory: record.resources.memory },
    },
  };
  return { sealable: { file, zip: target }, cause: undefined, warnings, keptDataset: dataset.kept };
}

const datasetName = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '')
    .at(-1) ?? path;

const invalidOutput = cause('invalid-output', 'The run left no train.py, so there is nothing to keep as a version.', {
  hint: 'save() must leave train.py in the package.',
});

const noChange = (packaged: Packaged): Warning => ({
  code: 'save-no-change',
  message: `save() changed nothing in the package, so ${packaged.reserved} holds the same files as ${packaged.version}.`,
});

interface DatasetCheck {
  readonly changed: boolean;
  /** "data_directory" or "". */
  readonly kept: string;
  readonly warnings: readonly Warning[];
}

/** Whether the dataset is still what it was, and the copy of it where one was asked for. */
async function checkDataset(
  context: RunContext,
  engine: Engine,
  draft: RunDraft,
  events: SafeEvents,
  signal: AbortSignal,
): Promise<DatasetCheck> {
  const { run, intent } = draft;
  const before = await readDatasetList(context, run.id);
  try {
    const now = await hashAgain(context, engine, draft, events, signal);
    if (now.tree !== run.dataset.tree) return changed(run.dataset.path, before, now.entries, draft);
    if (intent.saveTrainingData && isOnEngine(intent.dataset.path))
      return { changed: false, kept: '', warnings: [notKept] };
    if (!intent.saveTrainingData) return { changed: false, kept: '', warnings: [] };
    return await keepDataset(context, draft, now.entries, signal);
  } catch (error) {
    signal.throwIfAborted();
    const message = `${run.dataset.path} can't be read any more, so whether it changed is not known: ${messageOf(error)}`;
    return { changed: true, kept: '', warnings: [{ code: 'dataset-changed', message }] };
  }
}

const notKept: Warning = {
  code: 'dataset-on-engine',
  message: 'The dataset lies on the machine of the engine, so no copy of it was kept here.',
};

async function keepDataset(
  context: RunContext,
  draft: RunDraft,
  entries: readonly DatasetEntry[],
  signal: AbortSignal,
): Promise<DatasetCheck> {
  const target = join(context.store.runs.folder(draft.run.id), 'data_directory');
  await rm(target, { recursive: true, force: true });
  const copied = await copyDataset(draft.intent.dataset.path, target, entries, { signal });
  if (copied.changed.length === 0) return { changed: false, kept: 'data_directory', warnings: [] };
  await rm(target, { recursive: true, force: true });
  return changedWarning(draft, copied.changed);
}

function changed(
  path: string,
  before: readonly DatasetEntry[] | undefined,
  now: readonly DatasetEntry[],
  draft: RunDraft,
): DatasetCheck {
  return changedWarning(draft, before === undefined ? [path] : diffDatasets(before, now));
}

function changedWarning({ run, intent }: RunDraft, names: readonly string[]): DatasetCheck {
  const shown = names.slice(0, 10).join(', ');
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  const copy = intent.saveTrainingData ? 'no copy was kept and ' : '';
  const message = `${run.dataset.path} changed during the run (${names.length} files: ${shown}${more}), so ${copy}the result can't be replayed exactly.`;
  return { changed: true, kept: '', warnings: [{ code: 'dataset-changed', message }] };
}
