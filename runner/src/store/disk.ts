/** Durable file operations, behind one port so that tests can make each of them fail or record it. */
import { randomBytes } from 'node:crypto';
import { constants, type Dirent, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExpectedError } from '../domain/errors';

/** The operations that the store needs of a file system. */
export interface Disk {
  readFile(path: string): Promise<Buffer>;
  /** Writes a new file and, unless told otherwise, makes its content durable. */
  writeNew(path: string, data: string | Uint8Array, durable: boolean): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Fails with EEXIST where `to` is there. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  readdir(path: string): Promise<Dirent[]>;
  stat(path: string): Promise<Stats>;
  remove(path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export const realDisk: Disk = {
  readFile: (path) => fs.readFile(path),
  writeNew: async (path, data, durable) => {
    const file = await fs.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
    try {
      await file.writeFile(data);
      if (durable) await file.datasync();
    } finally {
      await file.close();
    }
  },
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  unlink: (path) => fs.unlink(path),
  mkdir: async (path) => void (await fs.mkdir(path, { recursive: true })),
  readdir: (path) => fs.readdir(path, { withFileTypes: true }),
  stat: (path) => fs.stat(path),
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  syncFile: async (path) => {
    const file = await fs.open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  },
  syncFolder: async (path) => {
    // Windows cannot open a folder for this; its file systems journal the rename.
    if (process.platform === 'win32') return;
    const folder = await fs.open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? '';

const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT'];
const refusedCodes: readonly string[] = ['EACCES', 'EPERM', 'EROFS'];

/** Turns what the system said into words for the user; a bug stays what it is. */
export function expectedDiskError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (fullCodes.includes(code)) {
    return new ExpectedError(
      'disk-full',
      `The disk is full: ${path} can't be written.`,
      'Free some room and try again.',
      { cause: error },
    );
  }
  if (refusedCodes.includes(code)) {
    const message = `${path} can't be used: no permission (${code}).`;
    return new ExpectedError('store-damaged', message, 'Give your user the right to write there.', { cause: error });
  }
  return error;
}

const temporaryName = (path: string): string => `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;

/** Replaces a file: temp, fsync, rename, fsync of the folder. */
export async function replaceFile(disk: Disk, path: string, data: string | Uint8Array, durable = true): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await disk.writeNew(temporary, data, durable);
    await disk.rename(temporary, path);
    if (durable) await disk.syncFolder(dirname(path));
  } catch (error) {
    await disk.unlink(temporary).catch(() => undefined);
    throw expectedDiskError(error, path);
  }
}

/** Makes a file with its whole content, or answers false where it is there already. */
export async function createExclusive(disk: Disk, path: string, data: string, durable = true): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    await disk.writeNew(temporary, data, durable);
    await disk.link(temporary, path);
    if (durable) await disk.syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw expectedDiskError(error, path);
  } finally {
    await disk.unlink(temporary).catch(() => undefined);
  }
}

/** Undefined where there is no such file. */
export async function readIfThere(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw expectedDiskError(error, path);
  }
}

export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error));

/** Names in a folder; none where it does not exist. */
export async function listNames(disk: Disk, folder: string): Promise<Dirent[]> {
  try {
    return await disk.readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw expectedDiskError(error, folder);
  }
}

/** Bytes of all files below. */
export async function sizeOf(disk: Disk, folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await listNames(disk, folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(disk, path);
    else if (entry.isFile()) bytes += (await disk.stat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
