/** The lists of datasets that were sent, kept here so that after a change only the difference has to be told. Only a cache. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetEntry } from '../domain/treeHash';
import { treeDigest } from './hashTree';

export interface KnownTree {
  readonly tree: string;
  readonly entries: readonly DatasetEntry[];
}

const folderOf = (cacheFolder: string): string => join(cacheFolder, 'trees');
const fileOf = (cacheFolder: string, tree: string): string =>
  join(folderOf(cacheFolder), `${tree.replace(/^sha256:/, '')}.json`);

const mostKept = 20;
const mostCompared = 4;

export async function rememberTree(cacheFolder: string, tree: string, entries: readonly DatasetEntry[]): Promise<void> {
  const file = fileOf(cacheFolder, tree);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(folderOf(cacheFolder), { recursive: true });
    await writeFile(temporary, JSON.stringify(entries));
    await rename(temporary, file);
    for (const { name } of (await newestFirst(cacheFolder)).slice(mostKept))
      await rm(join(folderOf(cacheFolder), name), { force: true });
  } catch {
    // Without it the whole list is told the next time.
  }
}

/** The newest of those wanted, each checked to be what its name says. */
export async function treesKnown(cacheFolder: string, wanted: ReadonlySet<string>): Promise<KnownTree[]> {
  const known: KnownTree[] = [];
  for (const { name } of await newestFirst(cacheFolder)) {
    const tree = `sha256:${name.slice(0, -'.json'.length)}`;
    if (!wanted.has(tree)) continue;
    const entries = await readTree(join(folderOf(cacheFolder), name), tree);
    if (entries !== undefined) known.push({ tree, entries });
    if (known.length === mostCompared) break;
  }
  return known;
}

async function readTree(file: string, tree: string): Promise<readonly DatasetEntry[] | undefined> {
  try {
    const entries = JSON.parse(await readFile(file, 'utf8')) as DatasetEntry[];
    return treeDigest(entries) === tree ? entries : undefined;
  } catch {
    return undefined;
  }
}

async function newestFirst(cacheFolder: string): Promise<{ name: string; changed: number }[]> {
  const names = await readdir(folderOf(cacheFolder)).catch((): string[] => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const changed = await stat(join(folderOf(cacheFolder), name)).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        return { name, changed };
      }),
  );
  return found.sort((a, b) => b.changed - a.changed);
}
