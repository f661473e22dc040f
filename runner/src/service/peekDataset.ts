/** A look inside a dataset folder, bounded in time, for the panel. */
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
  const total: Count = { files: 0, folders: 0, bytes: 0 };
  const top = (await readdir(folder, { withFileTypes: true })).sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const entries: DatasetPeek['entries'][number][] = [];
  let partial = false;
  for (const entry of [...top.filter((one) => one.isDirectory()), ...top.filter((one) => !one.isDirectory())]) {
    const count: Count = { files: 0, folders: 0, bytes: 0 };
    const kind = entry.isDirectory() ? 'folder' : 'file';
    if (kind === 'folder') partial = !(await countFolder(join(folder, entry.name), count, deadline)) || partial;
    else await countFile(join(folder, entry.name), count);
    total.files += count.files;
    total.bytes += count.bytes;
    total.folders += count.folders + (kind === 'folder' ? 1 : 0);
    if (entries.length < shownEntries) entries.push({ name: entry.name, kind, files: count.files, bytes: count.bytes });
    if (performance.now() > deadline) break;
  }
  const subFolders = top.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return {
    path: shownPath(workspace, folder),
    ...total,
    partial: partial || performance.now() > deadline,
    entries,
    subFolders: subFolders.slice(0, shownFolders),
  };
}

async function countFile(path: string, count: Count): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return;
  count.files += 1;
  count.bytes += found.size;
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
