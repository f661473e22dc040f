/** Walks a folder, follows links that stay inside it, and tells what cannot be kept. */
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { comparePaths } from '../domain/treeHash';
import { hasControl, isBrokenUtf8 } from './portableNames';
import type { ScannedEntry } from './scannedTree';

export interface WalkRules {
  /** True for what stays out; a folder that is left out is not entered. */
  readonly leaveOut: (path: string, isFolder: boolean, absolute: string) => boolean | Promise<boolean>;
  /** Told what cannot be kept: throws to refuse, or returns to leave it out. */
  readonly refuse: (path: string, reason: string) => void;
  /** Told of a link that is kept as a copy. */
  readonly onLink: (path: string, target: string) => void;
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
    const found = await readdir(folder, { withFileTypes: true });
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
    if (await this.rules.leaveOut(path, entry.isDirectory(), absolute)) return;
    const nameProblem = nameTrouble(entry.name);
    if (nameProblem !== undefined) return this.rules.refuse(printable(path), nameProblem);
    if (entry.isSymbolicLink()) return this.visitLink(absolute, path, above);
    if (entry.isDirectory()) return this.enter(absolute, path, [...above, absolute]);
    if (entry.isFile()) return this.addFile(absolute, path, await lstat(absolute));
    this.rules.refuse(path, `is ${kindOf(entry)}`);
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
    if (await this.rules.leaveOut(inside.split(sep).join('/'), found.isDirectory(), target)) {
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

function nameTrouble(name: string): string | undefined {
  if (isBrokenUtf8(name)) return 'has a name that is not UTF-8';
  if (hasControl(name)) return 'has a control character in its name';
  return name.includes('\\') ? 'has a backslash in its name' : undefined;
}

/** Control characters shown as `\u….`, so that a message cannot be forged. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function kindOf(entry: Dirent): string {
  if (entry.isFIFO()) return 'a named pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}
