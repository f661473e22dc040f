/** Whole-file operations made of a disk's: each leaves the old or the new state, whatever fails. */
import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Disk } from './disk';
import { errorCode, isMissing, isTaken } from './diskErrors';

export const temporaryName = (path: string): string => `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;

/** What a write waits for: nothing, its content (the old or the new one is there, never half of it), or also its name. */
export type Durability = 'none' | 'content' | 'all';

/** Replaces a file: temp, fsync, rename, fsync of the folder. */
export async function replaceFile(disk: Disk, path: string, data: string, durability: Durability = 'all') {
  const temporary = temporaryName(path);
  try {
    await disk.writeNew(temporary, data, durability !== 'none');
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.unlink(temporary).catch(() => undefined);
    throw error;
  }
  if (durability === 'all') await disk.syncFolder(dirname(path));
}

/** File systems without hard links (exFAT, some network drives) say one of these. */
const noLinks: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EISDIR'];

/** Makes a file with its whole content, or answers false where it is there already. */
export async function createExclusive(disk: Disk, path: string, data: string, durability: Durability = 'all') {
  const temporary = temporaryName(path);
  const durable = durability !== 'none';
  try {
    await disk.writeNew(temporary, data, durable);
    await linkOrWrite(disk, temporary, path, data, durable);
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    await disk.unlink(temporary).catch(() => undefined);
  }
  if (durability === 'all') await disk.syncFolder(dirname(path));
  return true;
}

async function linkOrWrite(disk: Disk, temporary: string, path: string, data: string, durable: boolean) {
  try {
    await disk.link(temporary, path);
  } catch (error) {
    if (!noLinks.includes(errorCode(error))) throw error;
    await disk.writeNew(path, data, durable);
  }
}

/** Makes a folder and the ones above it; durable, whoever made them. False where it was there. */
export async function makeFolder(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.mkdir(path);
  } catch (error) {
    if (isTaken(error)) return false;
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolder(disk, parent);
    return makeFolder(disk, path);
  }
  await disk.syncFolder(dirname(path));
  return true;
}

/** Undefined where there is no such file. */
export async function readIfThere(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return (await disk.readFile(path)).toString('utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What is in a folder; nothing where it does not exist. */
export async function listFolder(disk: Disk, folder: string): Promise<Dirent[]> {
  try {
    return await disk.readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export async function isThere(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Bytes of all files below. */
export async function sizeOf(disk: Disk, folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await listFolder(disk, folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(disk, path);
    else if (entry.isFile()) bytes += (await disk.stat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** Undefined where it is not JSON. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
