/**
 * Folders in which things are made before they are moved into place: `staging/<id>`, and beside each `staging/<id>.json`,
 * which says whose it is. It is written before the folder is made and goes after it, so a folder without it is nobody's.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Disk } from './disk';
import { listFolder, parseJson, readIfThere } from './fileOperations';
import { identitySchema, stateOf, type ProcessIdentity } from './processIdentity';
import type { Staging } from './store';

const ownerSuffix = '.json';
/** What belongs to a process that cannot be looked at from here is removed after this long. */
const forgottenMilliseconds = 7 * 24 * 3_600_000;
/** An owner's file that cannot be read is being written, or its writer died over it. */
const tornMilliseconds = 60_000;

export async function makeStaging(disk: Disk, folder: string, own: ProcessIdentity): Promise<Staging> {
  const path = join(folder, randomBytes(8).toString('hex'));
  const remove = (): Promise<void> => removeStaging(disk, path).catch(() => undefined);
  try {
    await disk.writeNew(`${path}${ownerSuffix}`, JSON.stringify(own), false);
    await disk.mkdir(path);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

async function removeStaging(disk: Disk, path: string): Promise<void> {
  await disk.remove(path);
  await disk.remove(`${path}${ownerSuffix}`);
}

/** Removes what dead processes left. */
export async function clearStaging(disk: Disk, folder: string, own: ProcessIdentity, now: number): Promise<void> {
  const names = (await listFolder(disk, folder)).map((entry) => entry.name);
  for (const id of new Set(names.map((name) => name.replace(/\.json$/, '')))) {
    const path = join(folder, id);
    if (await isAbandoned(disk, path, own, now)) await removeStaging(disk, path).catch(() => undefined);
  }
}

async function isAbandoned(disk: Disk, path: string, own: ProcessIdentity, now: number): Promise<boolean> {
  const text = await readIfThere(disk, `${path}${ownerSuffix}`);
  if (text === undefined) return true;
  const owner = identitySchema.safeParse(parseJson(text));
  const state = owner.success ? await stateOf(owner.data, own) : 'unknown';
  if (state !== 'unknown') return state === 'dead';
  const found = await disk.stat(`${path}${ownerSuffix}`).catch(() => undefined);
  return found !== undefined && now - found.mtimeMs > (owner.success ? forgottenMilliseconds : tornMilliseconds);
}
