/** The identity of a dataset: its tree hash, remembered while nothing changed, and private copies of it. */
import { createHash } from 'node:crypto';
import { constants, copyFile, mkdir, readFile, readlink, realpath, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExpectedError } from '../domain/errors';
import type { Warning } from '../domain/run';
import { comparePaths, type DatasetEntry } from '../domain/treeHash';
import { hashFiles } from './hashFiles';
import { treeDigest, type HashOptions } from './hashTree';
import { walkDataset, type FoundEntry } from './walkDataset';

export interface HashedDataset {
  readonly tree: string;
  readonly files: number;
  readonly bytes: number;
  readonly entries: readonly DatasetEntry[];
  readonly warnings: readonly Warning[];
}

export interface HashDatasetOptions extends HashOptions {
  /** Absolute path of a file where digests are remembered. */
  readonly cacheFile?: string;
}

/** A file that changed so shortly before it was hashed may change again within the same tick of the clock. */
const racyMilliseconds = 2_000;

export async function hashDataset(folder: string, options: HashDatasetOptions = {}): Promise<HashedDataset> {
  const root = await realpath(folder);
  const warnings: Warning[] = [];
  const found = await walkDataset(root, warnings, options.signal);
  found.sort((a, b) => comparePaths(a.path, b.path));
  const known = await readCache(options.cacheFile, root);
  const began = Date.now();
  const fresh = found.filter((entry) => entry.kind === 'file' && known.get(entry.path)?.stamp !== entry.stamp);
  const digests = await hashFiles(
    fresh.map(({ path, bytes }) => ({ path: join(root, ...path.split('/')), bytes })),
    options,
  );
  const byPath = new Map(fresh.map((entry, i) => [entry.path, digests[i]]));
  const entries = found.map((entry): DatasetEntry => {
    if (entry.kind === 'dir') return { path: entry.path, mode: 'dir', bytes: 0, sha256: '' };
    if (entry.kind === 'link') return linkEntry(entry);
    const hashed = byPath.get(entry.path);
    const sha256 = hashed?.sha256 ?? known.get(entry.path)?.sha256 ?? '';
    return { path: entry.path, mode: entry.mode, bytes: hashed?.bytes ?? entry.bytes, sha256 };
  });
  await writeCache(options.cacheFile, root, found, entries, began, fresh.length > 0 || known.size !== entries.length);
  const files = entries.filter((entry) => entry.mode !== 'dir');
  const bytes = files.reduce((sum, entry) => sum + (entry.mode === 'link' ? 0 : entry.bytes), 0);
  return { tree: treeDigest(entries), files: files.length, bytes, entries, warnings };
}

function linkEntry({ path, target }: FoundEntry): DatasetEntry {
  const text = Buffer.from(target);
  return { path, mode: 'link', bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}

type Cache = Map<string, { readonly stamp: string; readonly sha256: string }>;

async function readCache(file: string | undefined, root: string): Promise<Cache> {
  if (file === undefined) return new Map();
  const text = await readFile(file, 'utf8').catch(() => '');
  const [head, ...lines] = text.split('\n');
  if (head !== JSON.stringify({ cache: 1, root })) return new Map();
  const cache: Cache = new Map();
  for (const line of lines) {
    const space = line.indexOf(' ', 65);
    if (space === -1) continue;
    cache.set(JSON.parse(line.slice(space + 1)) as string, { stamp: line.slice(65, space), sha256: line.slice(0, 64) });
  }
  return cache;
}

async function writeCache(
  file: string | undefined,
  root: string,
  found: readonly FoundEntry[],
  entries: readonly DatasetEntry[],
  began: number,
  isNew: boolean,
): Promise<void> {
  if (file === undefined || !isNew) return;
  const lines = [JSON.stringify({ cache: 1, root })];
  found.forEach((entry, i) => {
    const sha256 = entries[i]?.sha256 ?? '';
    const isRacy = began - entry.changed < racyMilliseconds;
    if (entry.kind === 'file' && !isRacy) lines.push(`${sha256} ${entry.stamp} ${JSON.stringify(entry.path)}`);
  });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, `${lines.join('\n')}\n`);
    await rename(temporary, file);
  } catch {
    // Only a cache: the next run hashes again.
  }
}

/** Paths that were added, removed or changed. */
export function diffDatasets(before: readonly DatasetEntry[], after: readonly DatasetEntry[]): string[] {
  const key = (entry: DatasetEntry): string => `${entry.mode} ${entry.sha256} ${entry.bytes}`;
  const old = new Map(before.map((entry) => [entry.path, key(entry)]));
  const now = new Map(after.map((entry) => [entry.path, key(entry)]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .sort(comparePaths);
}

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
}

const parallelCopies = 8;

/** Copies a dataset (sharing blocks where the file system can) and says which files of the copy are not what `entries` say. */
export async function copyDataset(
  from: string,
  to: string,
  entries: readonly DatasetEntry[],
  options: CopyOptions = {},
): Promise<{ readonly changed: readonly string[] }> {
  const place = (root: string, path: string): string => join(root, ...path.split('/'));
  await mkdir(to, { recursive: true });
  const folders = new Set(
    entries.map((entry) => (entry.mode === 'dir' ? place(to, entry.path) : dirname(place(to, entry.path)))),
  );
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const copies = entries.filter((entry) => entry.mode !== 'dir');
  const copyOne = async (entry: DatasetEntry): Promise<void> => {
    options.signal?.throwIfAborted();
    const source = place(from, entry.path);
    const target = place(to, entry.path);
    if (entry.mode === 'link') await symlink(await readlink(source), target);
    else await copyFile(source, target, constants.COPYFILE_FICLONE);
  };
  for (let i = 0; i < copies.length; i += parallelCopies) {
    await Promise.all(copies.slice(i, i + parallelCopies).map(copyOne)).catch((error: unknown) => {
      throw full(error, to);
    });
  }
  const copied = await hashDataset(to, options);
  return { changed: diffDatasets(entries, copied.entries) };
}

function full(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  return new ExpectedError(
    'disk-full',
    `The disk is full: the dataset can't be copied to ${path}.`,
    'Free some room and attach again.',
  );
}
