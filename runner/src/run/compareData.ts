/** Datasets by their recorded names and hashes: this holds also after the folder has changed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashDataset } from '../archive/dataset';
import type { Run } from '../domain/run';
import type { DatasetEntry } from '../domain/treeHash';
import type { Store } from '../store/store';
import type { DataDifference } from '../views';
import { fileChanges } from './fileChanges';
import { absolutePath } from './paths';

const toldChanges = 1_000;

export async function recordedData(store: Store, runId: string): Promise<readonly DatasetEntry[] | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(store.runs.folder(runId), 'dataset.json'), 'utf8'));
    return Array.isArray(parsed) ? (parsed as DatasetEntry[]) : undefined;
  } catch {
    return undefined;
  }
}

export async function compareRunData(store: Store, left: Run, right: Run): Promise<DataDifference> {
  const same = left.dataset.tree !== '' && left.dataset.tree === right.dataset.tree;
  if (same) return { known: true, same, added: 0, changed: 0, removed: 0, changes: [] };
  const [before, after] = await Promise.all([recordedData(store, left.id), recordedData(store, right.id)]);
  return difference(before, after, same);
}

export async function checkRunData(store: Store, workspace: string, run: Run): Promise<DataDifference> {
  const path = absolutePath(workspace, run.dataset.path);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32);
  const now = await hashDataset(path, { cacheFile: join(store.cacheFolder, 'datasets', `${name}.cache`) });
  const same = now.tree === run.dataset.tree;
  return difference(await recordedData(store, run.id), now.entries, same);
}

function difference(
  before: readonly DatasetEntry[] | undefined,
  after: readonly DatasetEntry[] | undefined,
  same: boolean,
): DataDifference {
  if (before === undefined || after === undefined)
    return { known: false, same, added: 0, changed: 0, removed: 0, changes: [] };
  const changes = fileChanges(before, after);
  const count = (letter: string): number => changes.filter((change) => change.letter === letter).length;
  return {
    known: true,
    same: changes.length === 0,
    added: count('A'),
    changed: count('M'),
    removed: count('D'),
    changes: changes.slice(0, toldChanges),
  };
}
