/** Files that a process had begun to write beside their place when it was killed. */
import { join } from 'node:path';
import type { Disk } from './disk';
import { listFolder } from './fileOperations';

/** Whatever writes such a file has renamed it long before. */
const forgottenMilliseconds = 60_000;

/** Removes those of a folder that are old, and those that the caller knows to be nobody's. Only tidying: never fails. */
export async function clearTemporaries(
  disk: Disk,
  folder: string,
  now: number,
  isNobodys: (name: string) => boolean | Promise<boolean> = () => false,
): Promise<void> {
  try {
    const names = (await listFolder(disk, folder)).map((entry) => entry.name).filter((name) => name.endsWith('.tmp'));
    for (const name of names) {
      const path = join(folder, name);
      const isLeft = (await isNobodys(name)) || now - (await disk.stat(path)).mtimeMs > forgottenMilliseconds;
      if (isLeft) await disk.unlink(path).catch(() => undefined);
    }
  } catch {
    return;
  }
}
