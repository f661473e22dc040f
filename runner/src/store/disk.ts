/** The operations that the store needs of a file system, behind one port so that tests can make each of them fail or record it. */
import { constants, statSync, type Dirent, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

export interface Disk {
  readFile(path: string): Promise<Buffer>;
  /** Writes a new file and, where told so, makes its content durable. */
  writeNew(path: string, data: string | Uint8Array, durable: boolean): Promise<void>;
  /** Writes over the beginning of a file that is there, in place: needs no room. */
  overwrite(path: string, data: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Fails with EEXIST where `to` is there. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** One folder; its parent must be there. */
  mkdir(path: string): Promise<void>;
  readdir(path: string): Promise<Dirent[]>;
  stat(path: string): Promise<Stats>;
  /** Of thousands of files at once; undefined for those that cannot be looked at. */
  statAll(paths: readonly string[]): Promise<(Stats | undefined)[]>;
  /** A file or folder with all that is below; nothing happens where it is not there. */
  remove(path: string): Promise<void>;
  touch(path: string, time: Date): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** `write`: for reading too, and made where it is not there. */
  open(path: string, use: 'read' | 'write'): Promise<DiskFile>;
}

export interface DiskFile {
  size(): Promise<number>;
  /** Fewer bytes than asked for only at the end of the file. */
  read(length: number, position: number): Promise<Buffer>;
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const realDisk: Disk = {
  readFile: (path) => fs.readFile(path),
  writeNew,
  overwrite: async (path, data) => {
    const file = await fs.open(path, 'r+');
    try {
      await file.write(data, 0);
    } finally {
      await file.close();
    }
  },
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  unlink: (path) => fs.unlink(path),
  mkdir: async (path) => void (await fs.mkdir(path)),
  readdir: (path) => fs.readdir(path, { withFileTypes: true }),
  stat: (path) => fs.stat(path),
  statAll,
  // Virus scanners and indexers hold files of Windows for a moment.
  remove: (path) => fs.rm(path, { recursive: true, force: true, maxRetries: 3 }),
  touch: (path, time) => fs.utimes(path, time, time),
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
  open: async (path, use) =>
    diskFile(await fs.open(path, use === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT, 0o644)),
};

const statsAtOnce = 100;

/** Ten times faster than asking for each through the thread pool; others have their turn in between. */
async function statAll(paths: readonly string[]): Promise<(Stats | undefined)[]> {
  const found: (Stats | undefined)[] = [];
  for (const path of paths) {
    found.push(statIfThere(path));
    if (found.length % statsAtOnce === 0) await turn();
  }
  return found;
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function writeNew(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
  const file = await fs.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    await file.writeFile(data);
    if (durable) await file.datasync();
  } catch (error) {
    await file.close().catch(() => undefined);
    await fs.unlink(path).catch(() => undefined);
    throw error;
  }
  await file.close();
}

function diskFile(file: fs.FileHandle): DiskFile {
  return {
    size: async () => (await file.stat()).size,
    read: async (length, position) => {
      const buffer = Buffer.alloc(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(buffer, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return buffer.subarray(0, done);
    },
    write: async (bytes, position) => {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    truncate: (length) => file.truncate(length),
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}
