/** What the system says about a file, in words for the user. */
import { ExpectedError, isExpected } from '../domain/errors';
import type { Disk, DiskFile } from './disk';

/** The system's own code ("ENOENT"), also of an error that was put into words; "" where there is none. */
export function errorCode(error: unknown): string {
  if (isExpected(error)) return errorCode(error.cause);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error));
/** Something is at the place already; Windows has EPERM for a folder. */
export const isTaken = (error: unknown): boolean => ['EEXIST', 'ENOTEMPTY'].includes(errorCode(error));

const words: Readonly<Record<string, readonly [string, string]>> = {
  EACCES: ['you have no permission', 'Give your user the right to read and write there, then try again.'],
  EPERM: ['the system does not permit it', 'Give your user the right to read and write there, then try again.'],
  EROFS: ['the file system is read-only', 'Make it writable, or choose another place with --store.'],
  EIO: ['the disk reports an error', 'Check the disk, then try again.'],
  EMFILE: ['too many files are open', 'Close other programs or raise the limit (`ulimit -n`), then try again.'],
  ENFILE: ['too many files are open', 'Close other programs, then try again.'],
  EBUSY: ['another program uses it', 'Close that program, then try again.'],
  ESTALE: ['the network drive lost it', 'Connect the drive again, then try again.'],
};

/** A bug stays what it is. */
export function expectedDiskError(error: unknown, path: string): unknown {
  if (isExpected(error)) return error;
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The disk is full: ${path} can't be written.`;
    return new ExpectedError('disk-full', message, 'Free some room, then try again.', { cause: error });
  }
  const said = words[code];
  if (said === undefined) return error;
  const [why, hint] = said;
  return new ExpectedError('store-damaged', `${path} can't be used: ${why} (${code}).`, hint, { cause: error });
}

async function explain<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw expectedDiskError(error, path);
  }
}

/** The same disk, whose errors are put into words. */
export function explainedDisk(disk: Disk): Disk {
  return {
    readFile: (path) => explain(path, disk.readFile(path)),
    writeNew: (path, data, durable) => explain(path, disk.writeNew(path, data, durable)),
    overwrite: (path, data) => explain(path, disk.overwrite(path, data)),
    rename: (from, to) => explain(to, disk.rename(from, to)),
    link: (from, to) => explain(to, disk.link(from, to)),
    unlink: (path) => explain(path, disk.unlink(path)),
    mkdir: (path) => explain(path, disk.mkdir(path)),
    readdir: (path) => explain(path, disk.readdir(path)),
    stat: (path) => explain(path, disk.stat(path)),
    statAll: (paths) => disk.statAll(paths),
    remove: (path) => explain(path, disk.remove(path)),
    touch: (path, time) => explain(path, disk.touch(path, time)),
    syncFolder: (path) => explain(path, disk.syncFolder(path)),
    open: async (path, use) => explainedFile(path, await explain(path, disk.open(path, use))),
  };
}

function explainedFile(path: string, file: DiskFile): DiskFile {
  return {
    size: () => explain(path, file.size()),
    read: (length, position) => explain(path, file.read(length, position)),
    write: (bytes, position) => explain(path, file.write(bytes, position)),
    truncate: (length) => explain(path, file.truncate(length)),
    sync: () => explain(path, file.sync()),
    close: () => explain(path, file.close()),
  };
}
