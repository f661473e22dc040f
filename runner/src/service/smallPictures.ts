/** Thumbnails of a dataset: pictures that are small enough to be shown as they are. */
import type { Dirent } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { DatasetPeek } from '../protocol';

const mostPictures = 10;
const mostBytes = 32_000;
/** Names that are looked at in one folder: huge folders are not read to the end. */
const lookedAt = 200;
const types: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
};

/** One picture of each folder, then further ones in turn, so that every class of a dataset is seen. */
export async function smallPictures(folder: string, top: readonly Dirent[]): Promise<DatasetPeek['pictures']> {
  const folders = top.filter((entry) => entry.isDirectory()).slice(0, mostPictures);
  const own = top.filter((entry) => entry.isFile() && isPicture(entry.name)).slice(0, lookedAt);
  const lists = await Promise.all([
    ...folders.map(async ({ name }) => (await picturesIn(join(folder, name))).map((file) => `${name}/${file}`)),
    own.map(({ name }) => name),
  ]);
  const pictures: { name: string; source: string }[] = [];
  for (let turn = 0; pictures.length < mostPictures && lists.some((list) => turn < list.length); turn++) {
    for (const list of lists) {
      const name = list[turn];
      const source = name === undefined || pictures.length >= mostPictures ? undefined : await dataUri(folder, name);
      if (name !== undefined && source !== undefined) pictures.push({ name, source });
    }
    if (turn > lookedAt) break;
  }
  return pictures;
}

const isPicture = (name: string): boolean => types[extname(name).toLowerCase()] !== undefined;

async function picturesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  let seen = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isFile() && isPicture(entry.name)) found.push(entry.name);
      if (++seen >= lookedAt || found.length >= mostPictures) break;
    }
  } catch {
    return found;
  }
  return found.sort();
}

async function dataUri(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    const { size } = await stat(path);
    if (size === 0 || size > mostBytes) return undefined;
    return `data:${types[extname(name).toLowerCase()] ?? ''};base64,${(await readFile(path)).toString('base64')}`;
  } catch {
    return undefined;
  }
}
