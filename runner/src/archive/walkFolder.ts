/** Walks a folder, follows links that stay inside it, and tells what cannot be kept. */
import { constants, type Dirent, type Stats } from 'node:fs';
import { access, chmod, lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { messageOf } from '../domain/errors';
import { printable } from '../domain/printable';
import { comparePaths } from '../domain/treeHash';
import { hasControl, isBrokenUtf8 } from './portableNames';
import type { ScannedEntry } from './scannedTree';

export type NameKind = 'file' | 'folder' | 'link';

export interface WalkRules {
  /** True for what stays out; a folder that is left out is not entered. */
  readonly leaveOut: (path: string, kind: NameKind, absolute: string) => boolean | Promise<boolean>;
  /** True for what a link may not bring back in. */
  readonly leaveOutTarget: (path: string) => boolean;
  /** Told what cannot be kept: throws to refuse, or returns to leave it out. */
  readonly refuse: (path: string, reason: string) => void;
  /** Told of a link that is kept as a copy. */
  readonly onLink: (path: string, target: string) => void;
  /** Makes readable what its owner may not read (a run's own folder only); what stays unreadable is refused by name. */
  readonly mend?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const executable = 0o100;
const parallelStats = 32;

export async function walkFolder(folder: string, rules: WalkRules): Promise<ScannedEntry[]> {
  const root = await realpath(folder);
  const walk = new Walk(root, rules);
  await walk.enter(root, '', [root]);
  return walk.entries.sort((a, b) => comparePaths(a.path, b.path));
}

class Walk {
  readonly entries: ScannedEntry[] = [];

  constructor(
    private readonly root: string,
    private readonly rules: WalkRules,
  ) {}

  /** Answers whether the folder holds anything that is kept, or is really empty (and then kept as such). */
  async enter(folder: string, path: string, above: readonly string[]): Promise<void> {
    this.rules.signal?.throwIfAborted();
    const found = await this.list(folder, path);
    if (found === undefined) return;
    if (found.length === 0 && path !== '') {
      this.entries.push({ path, kind: 'dir', mode: 'dir', bytes: 0, source: folder, mtimeMs: 0 });
      return;
    }
    for (let i = 0; i < found.length; i += parallelStats) {
      await Promise.all(found.slice(i, i + parallelStats).map((entry) => this.visit(folder, path, entry, above)));
    }
  }

  private async visit(folder: string, parent: string, entry: Dirent, above: readonly string[]): Promise<void> {
    const absolute = join(folder, entry.name);
    const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
    if (await this.rules.leaveOut(path, nameKind(entry), absolute)) return;
    const nameProblem = nameTrouble(entry.name);
    if (nameProblem !== undefined) return this.rules.refuse(printable(path), nameProblem);
    if (entry.isSymbolicLink()) return this.visitLink(absolute, path, above);
    if (entry.isDirectory()) return this.enter(absolute, path, [...above, absolute]);
    if (entry.isFile()) return this.visitFile(absolute, path);
    this.rules.refuse(path, `is ${kindOf(entry)}`);
  }

  private async list(folder: string, path: string): Promise<Dirent[] | undefined> {
    try {
      if (this.rules.mend === true) await addMode(folder, await lstat(folder), 0o700);
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (path === '') throw error;
      this.rules.refuse(printable(path), unreadable(error));
      return undefined;
    }
  }

  private async visitFile(absolute: string, path: string): Promise<void> {
    const found = await lstat(absolute);
    try {
      if (this.rules.mend === true) await addMode(absolute, found, 0o400);
      // A file that cannot be read is told now, by name, rather than in the middle of a zip.
      if (!isReadableByOwner(found) || process.platform === 'win32') await access(absolute, constants.R_OK);
    } catch (error) {
      return this.rules.refuse(path, unreadable(error));
    }
    this.addFile(absolute, path, found);
  }

  private async visitLink(absolute: string, path: string, above: readonly string[]): Promise<void> {
    const target = await realpath(absolute).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
    if (target === 'ELOOP') return this.rules.refuse(path, 'is a link that leads to itself');
    if (target === undefined || !target.includes(sep)) return this.rules.refuse(path, 'is a link to nowhere');
    const inside = relative(this.root, target);
    if (inside.startsWith('..') || inside === target)
      return this.rules.refuse(path, `is a link to ${target}, outside the package`);
    if (above.includes(target)) return this.rules.refuse(path, 'is a link to a folder above it, a loop');
    const found = await stat(target);
    if (this.rules.leaveOutTarget(inside.split(sep).join('/'))) {
      return this.rules.refuse(path, `is a link to ${inside}, which is not part of the package`);
    }
    this.rules.onLink(path, inside);
    if (found.isDirectory()) return this.enter(target, path, [...above, target]);
    if (found.isFile()) return this.addFile(target, path, found);
    this.rules.refuse(path, 'is a link to something that is no file');
  }

  private addFile(source: string, path: string, found: Stats): void {
    const isExecutable = process.platform !== 'win32' && (found.mode & executable) !== 0;
    const mode = isExecutable ? '755' : '644';
    this.entries.push({ path, kind: 'file', mode, bytes: found.size, source, mtimeMs: found.mtimeMs });
  }
}

const nameKind = (entry: Dirent): NameKind =>
  entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'file';

const isReadableByOwner = (found: Stats): boolean => found.uid === process.getuid?.() && (found.mode & 0o400) !== 0;

async function addMode(path: string, found: Stats, wanted: number): Promise<void> {
  if (process.platform === 'win32' || (found.mode & wanted) === wanted) return;
  await chmod(path, (found.mode & 0o777) | wanted);
}

const unreadable = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG'
    ? 'has a path that is too long for this system'
    : `can't be read (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`;

function nameTrouble(name: string): string | undefined {
  if (isBrokenUtf8(name)) return 'has a name that is not UTF-8';
  if (hasControl(name)) return 'has a control character in its name';
  return name.includes('\\') ? 'has a backslash in its name' : undefined;
}

function kindOf(entry: Dirent): string {
  if (entry.isFIFO()) return 'a named pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}
