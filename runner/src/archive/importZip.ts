/** Imports a package zip from anywhere: the policy first, then extraction into a staging folder, checked byte by byte. */
import { mkdir, open, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { formatNumber } from '../domain/format';
import { bytecodeFolder, vcsFolders } from '../domain/packageContent';
import { packageNameProblem } from '../domain/packageName';
import type { Warning } from '../domain/run';
import { comparePaths } from '../domain/treeHash';
import { refused } from './archiveRefusal';
import { extractEntry } from './extractEntry';
import type { ScannedEntry, Step } from './scannedTree';
import { printable } from '../domain/printable';
import { openEntries } from './zipReader';
import { readPolicyEntries, type PolicyEntry } from './zipPolicy';

export interface ImportZipOptions {
  readonly maxBytes?: number | undefined;
  readonly maxEntries?: number | undefined;
  readonly anyName?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((step: Step) => void) | undefined;
}

export interface ImportedZip {
  readonly name: string;
  /** Extracted, ready to be packed. */
  readonly entries: readonly ScannedEntry[];
  readonly warnings: readonly Warning[];
}

const defaultMaxBytes = 64 * 1024 ** 3;
const defaultMaxEntries = 200_000;
const left = new Set([...vcsFolders, bytecodeFolder]);

/** `staging` is made; it is removed again where the archive is refused. */
export async function importZip(path: string, staging: string, options: ImportZipOptions = {}): Promise<ImportedZip> {
  const file = await openArchive(path);
  try {
    const { maxBytes = defaultMaxBytes, maxEntries = defaultMaxEntries, anyName = false } = options;
    const all = await readPolicyEntries(file, { maxBytes, maxEntries, anyName });
    const root = rootOf(all, path);
    const kept = all.filter((entry) => !entry.path.split('/').some((part) => left.has(part)));
    await mkdir(staging, { recursive: true });
    await refuseTooLarge(kept, staging);
    const entries = await extractAll(path, kept, root, staging, options);
    return { name: root.name, entries, warnings: warningsOf(all.length - kept.length, kept) };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function openArchive(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    if (!found.isFile()) {
      throw new ExpectedError(
        'archive-refused',
        `${path} is no file.`,
        'Give a package zip; `publish` takes in a folder.',
      );
    }
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw new ExpectedError('archive-refused', `${path} can't be opened.`, 'Give the path of a package zip.', {
      cause: error,
    });
  }
}

interface Root {
  readonly name: string;
  /** What is dropped from the paths: "digits/" or "". */
  readonly prefix: string;
}

/** One root folder with `train.py`, and nothing beside it; or `train.py` at the top. */
function rootOf(entries: readonly PolicyEntry[], path: string): Root {
  const isFile = (name: string): boolean => entries.some((entry) => entry.path === name && !entry.isFolder);
  const tops = [...new Set(entries.map((entry) => entry.path.split('/')[0] ?? ''))];
  const archiveName = basename(path).replace(/\.zip$/i, '');
  if (isFile('train.py')) return named(archiveName, '', path);
  const [top, second] = tops;
  if (top !== undefined && second === undefined && isFile(`${top}/train.py`)) return named(top, `${top}/`, path);
  if (top !== undefined && second === undefined)
    throw refused(`${printable(top)} in ${path} has no train.py, so it is no ML package.`);
  const beside =
    tops.length === 0
      ? 'is empty'
      : `holds ${tops.slice(0, 5).map(printable).join(', ')} at its top and no train.py there`;
  throw refused(`${path} ${beside}: a package zip has one folder with train.py, and nothing beside it.`);
}

function named(name: string, prefix: string, path: string): Root {
  const problem = packageNameProblem(name);
  if (problem !== undefined) {
    const hint = `Nothing was imported. Rename ${prefix === '' ? 'the archive' : 'its root folder'}: that is the name of the package.`;
    throw refused(`"${printable(name)}" from ${path} can't be the name of a package: it ${problem}.`, hint);
  }
  return { name, prefix };
}

async function refuseTooLarge(entries: readonly PolicyEntry[], folder: string): Promise<void> {
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (bytes > bavail * bsize)
    throw refused(`The archive unpacks to ${bytes} bytes, and only ${bavail * bsize} are free.`);
}

async function extractAll(
  archivePath: string,
  entries: readonly PolicyEntry[],
  root: Root,
  staging: string,
  { signal, onProgress }: Pick<ImportZipOptions, 'signal' | 'onProgress'>,
): Promise<ScannedEntry[]> {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  let done = 0;
  const made = new Set<string>();
  const extracted: ScannedEntry[] = [];
  const full = new Set(entries.flatMap((entry) => foldersAbove(entry.path)));
  const reader = await openEntries(archivePath);
  const byOffset = new Map(reader.entries.map((entry) => [entry.relativeOffsetOfLocalHeader, entry]));
  const file = await open(archivePath, 'r');
  try {
    for (const entry of entries) {
      signal?.throwIfAborted();
      const path = entry.path.slice(root.prefix.length);
      if (path === '' || entry.path === root.prefix.slice(0, -1)) continue;
      const target = join(staging, ...path.split('/'));
      const folder = entry.isFolder ? target : dirname(target);
      if (!made.has(folder)) await mkdir(folder, { recursive: true });
      made.add(folder);
      const onBytes = (bytes: number): void => {
        done += bytes;
        onProgress?.({ done, total });
      };
      if (!entry.isFolder)
        await extractEntry({
          archive: reader.archive,
          file,
          found: byOffset.get(entry.offset),
          entry,
          target,
          onBytes,
          signal,
        });
      if (!entry.isFolder || !full.has(entry.path)) extracted.push(scanned(entry, path, target));
    }
  } finally {
    reader.archive.close();
    await file.close();
  }
  return extracted.sort((a, b) => comparePaths(a.path, b.path));
}

const foldersAbove = (path: string): string[] => {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
};

function scanned(entry: PolicyEntry, path: string, source: string): ScannedEntry {
  if (entry.isFolder) return { path, kind: 'dir', mode: 'dir', bytes: 0, source, mtimeMs: 0 };
  const mode = (entry.mode & 0o100) === 0 ? '644' : '755';
  return { path, kind: 'file', mode, bytes: entry.size, source, mtimeMs: 0 };
}

function warningsOf(leftOut: number, kept: readonly PolicyEntry[]): Warning[] {
  const special = kept.filter((entry) => (entry.mode & 0o7000) !== 0);
  const unmarked = kept.filter((entry) => entry.isUnmarked);
  return [
    ...(leftOut === 0
      ? []
      : [{ code: 'import-skipped', message: `${leftOut} entries of VCS folders and __pycache__ were left out.` }]),
    ...(unmarked.length === 0 ? [] : [unmarkedWarning(unmarked)]),
    ...special.map((entry) => ({
      code: 'import-mode',
      message: `${printable(entry.path)} had setuid, setgid or sticky bits; they are dropped.`,
    })),
  ];
}

function unmarkedWarning(unmarked: readonly PolicyEntry[]): Warning {
  const first = printable(unmarked[0]?.path ?? '');
  const many = formatNumber(unmarked.length, 'name beyond ASCII was', 'names beyond ASCII were');
  const message = `The archive does not say that its names are UTF-8; ${many} read so, like ${first}.`;
  return { code: 'import-name-encoding', message };
}
