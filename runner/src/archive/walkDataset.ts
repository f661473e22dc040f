/** Walks a dataset: files, links as links, really empty folders; and says what is passed over. */
import { lstatSync, readdirSync, type Dirent, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { formatNumber } from '../domain/format';
import type { Warning } from '../domain/run';
import { isBrokenUtf8 } from './portableNames';
import { printable } from '../domain/printable';

export interface FoundEntry {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'link';
  readonly mode: '644' | '755';
  readonly bytes: number;
  /** Of a link. */
  readonly target: string;
  /** Changes whenever the file may have: length, times and inode. */
  readonly stamp: string;
  /** Milliseconds of the latest change. */
  readonly changed: number;
}

const batchSize = 64;
const mostWarnings = 20;
/** A batch that takes longer than this comes from a disk where waiting side by side pays. */
const slowMilliseconds = 10;

/** Unsorted. */
export async function walkDataset(root: string, warnings: Warning[], signal?: AbortSignal): Promise<FoundEntry[]> {
  const walk = new Walk(root, warnings);
  const open = [''];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    signal?.throwIfAborted();
    open.push(...(await walk.enter(path)));
  }
  walk.end();
  return walk.found;
}

class Walk {
  readonly found: FoundEntry[] = [];
  private isSlow = false;
  private unnamed = 0;

  constructor(
    private readonly root: string,
    private readonly warnings: Warning[],
  ) {}

  /** Answers the folders below. */
  async enter(path: string): Promise<string[]> {
    const folder = join(this.root, path);
    const entries = this.isSlow
      ? await readdir(folder, { withFileTypes: true })
      : readdirSync(folder, { withFileTypes: true });
    if (entries.length === 0 && path !== '') this.found.push(emptyFolder(path));
    const below: string[] = [];
    const others: string[] = [];
    for (const entry of entries) {
      const inside = path === '' ? entry.name : `${path}/${entry.name}`;
      if (isBrokenUtf8(entry.name)) this.passOver(inside, 'has a name that is not UTF-8');
      else (isFolder(entry) ? below : others).push(inside);
    }
    for (let i = 0; i < others.length; i += batchSize) await this.lookAt(others.slice(i, i + batchSize));
    return below;
  }

  /** Synchronous calls take a third of the time where the disk answers at once. */
  private async lookAt(paths: readonly string[]): Promise<void> {
    const began = performance.now();
    const stats = this.isSlow
      ? await Promise.all(paths.map((path) => lstat(`${this.root}/${path}`)))
      : paths.map((path) => lstatSync(`${this.root}/${path}`));
    this.isSlow = performance.now() - began > slowMilliseconds;
    for (const [i, path] of paths.entries()) {
      const found = stats[i];
      if (found?.isFile() === true) this.found.push(entryOf(path, 'file', found, found.size, ''));
      else if (found !== undefined) await this.add(path, found);
    }
  }

  private async add(path: string, stats: Stats): Promise<void> {
    if (stats.isSymbolicLink()) {
      const target = await readlink(join(this.root, path));
      this.found.push(entryOf(path, 'link', stats, 0, target));
      if (leavesFolder(this.root, dirname(join(this.root, path)), target)) this.warn(outside(path, target));
      else if (isAbsolute(target)) this.warn(absolute(path, target));
    } else this.passOver(path, 'is no file, folder or link');
  }

  private passOver(path: string, reason: string): void {
    this.warn(`${printable(path)} ${reason}; it is passed over.`);
  }

  /** A dataset may be nothing but links: after the first ones they are only counted. */
  private warn(message: string): void {
    if (this.warnings.length < mostWarnings) this.warnings.push({ code: 'dataset-link', message });
    else this.unnamed += 1;
  }

  /** The rest of what is to be said. */
  end(): void {
    if (this.unnamed === 0) return;
    const message = `The same goes for ${formatNumber(this.unnamed, 'more entry', 'more entries')} of the dataset.`;
    this.warnings.push({ code: 'dataset-link', message });
  }
}

const isFolder = (entry: Dirent): boolean => entry.isDirectory();

const executable = 0o100;

function entryOf(path: string, kind: 'file' | 'link', stats: Stats, bytes: number, target: string): FoundEntry {
  const isExecutable = process.platform !== 'win32' && (stats.mode & executable) !== 0;
  return {
    path,
    kind,
    bytes,
    target,
    mode: isExecutable ? '755' : '644',
    // Times are told apart down to a quarter of a microsecond, finer than the clocks of file systems.
    stamp: `${stats.size}-${stats.mtimeMs}-${stats.ctimeMs}-${stats.ino}`,
    changed: Math.max(stats.mtimeMs, stats.ctimeMs),
  };
}

const emptyFolder = (path: string): FoundEntry => ({
  path,
  kind: 'dir',
  mode: '644',
  bytes: 0,
  target: '',
  stamp: '',
  changed: 0,
});

function leavesFolder(root: string, folder: string, target: string): boolean {
  const way = relative(root, resolve(folder, target));
  return way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way;
}

const outside = (path: string, target: string): string =>
  `${printable(path)} is a link to ${printable(target)}, outside the dataset; what it points to is neither copied nor sent.`;

const absolute = (path: string, target: string): string =>
  `${printable(path)} is a link to the absolute path ${printable(target)}, which leads nowhere in a container; a relative link works everywhere.`;
