/** A look inside a dataset folder, bounded in time, for the panel. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import type { DatasetPeek } from '../protocol';
import { shownPath } from '../run/paths';

const shownEntries = 50;
const shownFolders = 200;

interface Count {
  files: number;
  folders: number;
  bytes: number;
}

/** Counting stops after `budgetMilliseconds`; the answer says so. Links are not followed. */
export async function peekDataset(workspace: string, path: string, budgetMilliseconds = 1_500): Promise<DatasetPeek> {
  const folder = resolve(workspace, path);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new ExpectedError(
      'dataset-missing',
      `${path} doesn't exist or is no folder.`,
      'Choose the folder that holds the data.',
    );
  }
  const deadline = performance.now() + budgetMilliseconds;
  const names = await readdir(folder, { withFileTypes: true });
  const top = names.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en'));
  const subFolders = top.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const { entries, total, partial } = await countTop(folder, top, deadline);
  return {
    path: shownPath(workspace, folder),
    ...total,
    partial,
    entries: entries.slice(0, shownEntries),
    subFolders: subFolders.slice(0, shownFolders),
  };
}

/** Folders first. */
const rank = (entry: Dirent): number => (entry.isDirectory() ? 0 : 1);

async function countTop(folder: string, top: readonly Dirent[], deadline: number) {
  const total: Count = { files: 0, folders: 0, bytes: 0 };
  const entries: DatasetPeek['entries'][number][] = [];
  for (const entry of top) {
    const path = join(folder, entry.name);
    const count: Count = { files: 0, folders: 0, bytes: 0 };
    const whole = entry.isDirectory() ? await countFolder(path, count, deadline) : await countFile(path, count);
    total.files += count.files;
    total.bytes += count.bytes;
    total.folders += count.folders + (entry.isDirectory() ? 1 : 0);
    const kind = entry.isDirectory() ? 'folder' : 'file';
    entries.push({ name: entry.name, kind, files: count.files, bytes: count.bytes });
    if (!whole || performance.now() > deadline) return { entries, total, partial: true };
  }
  return { entries, total, partial: false };
}

async function countFile(path: string, count: Count): Promise<true> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) {
    count.files += 1;
    count.bytes += found.size;
  }
  return true;
}

/** False where the time was over before all was counted. */
async function countFolder(folder: string, count: Count, deadline: number): Promise<boolean> {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) {
        count.folders += 1;
        open.push(path);
      } else if (entry.isFile()) await countFile(path, count);
      if (performance.now() > deadline) return false;
    }
  }
  return true;
}
