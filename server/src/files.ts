/** The only file of the server that reads the disk. */
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { PackageFiles } from './python/modules';
import { decodePython } from './python/decode';

/** Bytes; of a larger file the beginning is read, which is enough to see that it is too large to look at. */
const mostBytes = 9_000_000;

/** Text that an editor holds for a path, whatever the disk says. */
export type OpenText = (path: string) => string | undefined;

/** The files of a folder as they are now; `openText` wins over the disk. */
export function filesOf(folder: string, openText: OpenText = () => undefined): PackageFiles {
  const path = (relative: string): string => (relative === '' ? folder : join(folder, ...relative.split('/')));
  return {
    readText: (relative) => openText(path(relative)) ?? readText(path(relative)),
    isFile: (relative) => openText(path(relative)) !== undefined || kindOf(path(relative)) === 'file',
    isFolder: (relative) => kindOf(path(relative)) === 'folder',
    list: (relative) => listFolder(path(relative)).map((entry) => entry.name),
  };
}

/** The text of a file, in the encoding that Python would read it in; undefined where it can't be read. */
export function readText(path: string): string | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      return decodePython(readStart(file));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function readStart(file: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < mostBytes) {
    const chunk = new Uint8Array(256 * 1024);
    const count = readSync(file, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    size += count;
  }
  return Buffer.concat(chunks);
}

/** The path without links in it; the path itself where there is nothing. */
export function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

export function kindOf(path: string): 'file' | 'folder' | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isDirectory()) return 'folder';
  return found.isFile() ? 'file' : undefined;
}

function listFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

const neverEntered = new Set(['node_modules', '__pycache__', 'site-packages', 'dist-packages', 'venv', 'env']);
const deepest = 8;
const mostFolders = 20_000;

/** Folders below `root` that hold a `train.py`, in the order of their paths. Hidden and installed ones are not entered. */
export async function trainFolders(root: string, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const queue: { path: string; depth: number }[] = [{ path: root, depth: 0 }];
  for (let seen = 0; seen < mostFolders; seen++) {
    const next = queue.shift();
    if (next === undefined) break;
    if (seen % 200 === 199) await pause(signal);
    const entries = listFolder(next.path);
    if (entries.some((entry) => entry.name === 'train.py' && !entry.isDirectory())) found.push(next.path);
    if (next.depth >= deepest) continue;
    const inner = entries.filter((entry) => entry.isDirectory() && isEntered(next.path, entry.name));
    queue.push(...inner.map((entry) => ({ path: join(next.path, entry.name), depth: next.depth + 1 })));
  }
  return found.sort();
}

/** Gives way to other work of the process. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

const isEntered = (parent: string, name: string): boolean =>
  !name.startsWith('.') && !neverEntered.has(name) && kindOf(join(parent, name, 'pyvenv.cfg')) === undefined;
