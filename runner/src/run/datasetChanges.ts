/** What changed in a dataset since the last run with it: by length and times, and by content where those leave a doubt. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { hashFiles } from '../archive/hashFiles';
import { walkDataset, type FoundEntry } from '../archive/walkDataset';
import { hasEnded, type Run } from '../domain/run';
import type { DatasetChanges } from '../runner';
import { shownPath } from './paths';

const entrySchema = z.object({ path: z.string(), mode: z.string(), bytes: z.number(), sha256: z.string() });
const listSchema = z.array(entrySchema);
type Entry = z.infer<typeof entrySchema>;

export interface DatasetHistory {
  readonly workspace: string;
  /** Newest first. */
  readonly runs: readonly Run[];
  /** The list of a run's dataset; rejects where there is none. */
  readonly listFile: (runId: string) => string;
}

const shownPaths = 200;
/** What is read at most to tell a touched file from a changed one. */
const mostBytes = 500_000_000;

/** Null where no run had this dataset, or where it is too large to look at in passing. */
export async function datasetChanges(
  history: DatasetHistory,
  path: string,
  signal?: AbortSignal,
): Promise<DatasetChanges | null> {
  const folder = resolve(history.workspace, path);
  const shown = shownPath(history.workspace, folder);
  for (const run of history.runs) {
    if (run.dataset.path !== shown || !hasEnded(run.state)) continue;
    const before = await readList(history.listFile(run.id));
    if (before !== undefined) return compare(run, before, folder, signal);
  }
  return null;
}

async function readList(file: string): Promise<Entry[] | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return listSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function compare(
  run: Run,
  before: readonly Entry[],
  folder: string,
  signal?: AbortSignal,
): Promise<DatasetChanges | null> {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const found = (await walkDataset(folder, [], signal)).filter((entry) => entry.kind !== 'dir');
  const added = found.filter(({ path }) => !old.has(path)).map(({ path }) => path);
  const there = new Set(found.map(({ path }) => path));
  const removed = before.filter(({ path, mode }) => mode !== 'dir' && !there.has(path)).map(({ path }) => path);
  const changed = await changedFiles(old, found, folder, Date.parse(run.startedAt), signal);
  if (changed === undefined) return null;
  const paths = [
    ...added.map((path) => ({ path, change: 'A' as const })),
    ...changed.map((path) => ({ path, change: 'M' as const })),
    ...removed.map((path) => ({ path, change: 'D' as const })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const counts = { added: added.length, changed: changed.length, removed: removed.length };
  return { run: run.id, version: run.version, ...counts, paths: paths.slice(0, shownPaths) };
}

/** Undefined where there would be too much to read. */
async function changedFiles(
  old: ReadonlyMap<string, Entry>,
  found: readonly FoundEntry[],
  folder: string,
  since: number,
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  const known = found.filter((entry) => entry.kind === 'file' && old.has(entry.path));
  const surely = known.filter(
    ({ path, bytes, mode }) => old.get(path)?.bytes !== bytes || old.get(path)?.mode !== mode,
  );
  const doubtful = known.filter((entry) => entry.changed >= since && !surely.includes(entry));
  if (doubtful.reduce((sum, { bytes }) => sum + bytes, 0) > mostBytes) return undefined;
  const files = doubtful.map(({ path, bytes }) => ({ path: join(folder, ...path.split('/')), bytes }));
  const digests = await hashFiles(files, { signal });
  const other = doubtful.filter(({ path }, i) => digests[i]?.sha256 !== old.get(path)?.sha256);
  return [...surely, ...other].map(({ path }) => path);
}
