/** A real disk of which one operation fails, once. */
import type { Disk, DiskFile } from '../../runner/src/store/disk';
import { realDisk } from '../../runner/src/store/disk';

export interface Fault {
  /** Which operation, counted from 0; the count goes on after it. */
  readonly at: number;
  readonly code: string;
}

export interface FaultyDisk extends Disk {
  /** Names of the operations so far. */
  readonly operations: string[];
}

export function faultyDisk(fault?: Fault): FaultyDisk {
  const operations: string[] = [];
  const before = (name: string, path: string): void => {
    operations.push(name);
    if (fault === undefined || operations.length - 1 !== fault.at) return;
    throw Object.assign(new Error(`${fault.code}: ${name} '${path}'`), { code: fault.code });
  };
  const counted = <Words extends [string, ...unknown[]], T>(name: string, work: (...words: Words) => Promise<T>) => {
    return async (...words: Words): Promise<T> => {
      before(name, words[0]);
      return work(...words);
    };
  };
  const file = (path: string, real: DiskFile): DiskFile => ({
    size: () => real.size(),
    read: async (length, position) => {
      before('read', path);
      return real.read(length, position);
    },
    write: async (bytes, position) => {
      // A full disk takes a part of it.
      await real.write(bytes.subarray(0, Math.floor(bytes.length / 2)), position);
      before('write', path);
      await real.write(bytes, position);
    },
    truncate: async (length) => {
      before('truncate', path);
      await real.truncate(length);
    },
    sync: async () => {
      before('sync', path);
      await real.sync();
    },
    close: () => real.close(),
  });
  return {
    operations,
    readFile: counted('readFile', realDisk.readFile),
    writeNew: counted('writeNew', realDisk.writeNew),
    overwrite: counted('overwrite', realDisk.overwrite),
    rename: counted('rename', realDisk.rename),
    link: counted('link', realDisk.link),
    unlink: counted('unlink', realDisk.unlink),
    mkdir: counted('mkdir', realDisk.mkdir),
    readdir: counted('readdir', realDisk.readdir),
    stat: counted('stat', realDisk.stat),
    statAll: (paths) => realDisk.statAll(paths),
    remove: counted('remove', realDisk.remove),
    touch: counted('touch', realDisk.touch),
    syncFolder: counted('syncFolder', realDisk.syncFolder),
    open: async (path, use) => {
      before('open', path);
      return file(path, await realDisk.open(path, use));
    },
  };
}
