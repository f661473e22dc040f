/**
 * Unpacks the tar that comes back from a container. It may be hostile: nothing is written outside of the destination, no
 * link is ever made or followed, and a stray entry is left out with a warning that names it.
 */
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { ExpectedError } from '../domain/errors';
import type { Warning } from '../domain/run';
import { hasControl, isBrokenUtf8 } from './portableNames';
import { printable } from './walkFolder';

export interface UnpackOptions {
  /** The first segment of every name, which is dropped; entries without it are left out. */
  readonly root: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (step: { readonly done: number }) => void;
}

interface Link {
  readonly path: string;
  /** Inside the destination, with `/`. */
  readonly target: string;
}

export async function unpackOutputs(
  tar: Readable,
  destination: string,
  options: UnpackOptions,
): Promise<{ readonly warnings: readonly Warning[] }> {
  const unpacking = new Unpacking(destination, options);
  await mkdir(destination, { recursive: true });
  const reader = extract();
  const feeding = pipeline(tar, reader, { signal: options.signal });
  feeding.catch(() => undefined);
  try {
    for await (const entry of reader) {
      options.signal?.throwIfAborted();
      await unpacking.take(entry.header, entry as unknown as Readable);
      entry.resume();
    }
    await feeding;
  } catch (error) {
    tar.destroy();
    throw diskFull(error, destination);
  }
  await unpacking.copyLinks();
  return { warnings: unpacking.warnings };
}

function diskFull(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  return new ExpectedError(
    'disk-full',
    `The disk is full: what the run left can't be brought to ${path}.`,
    'Free some room and attach to the run.',
  );
}

class Unpacking {
  readonly warnings: Warning[] = [];
  private readonly kinds = new Map<string, 'file' | 'folder'>();
  private readonly links: Link[] = [];
  private readonly made = new Set<string>();
  private done = 0;

  constructor(
    private readonly destination: string,
    private readonly options: UnpackOptions,
  ) {}

  async take(header: Header, content: Readable): Promise<void> {
    const path = this.inside(header.name);
    if (path === undefined) return this.skip(header.name, 'has a name that leads outside, or cannot be kept');
    switch (header.type) {
      case 'directory':
        return this.addFolder(path);
      case 'file':
      case 'contiguous-file':
        return this.addFile(path, header, content);
      case 'link':
        return this.addLink(path, this.inside(header.linkname ?? ''), header);
      case 'symlink':
        return this.addLink(path, this.linkTarget(path, header.linkname ?? ''), header);
      default:
        this.skip(
          header.name,
          `is ${header.type === 'fifo' ? 'a named pipe' : 'a device or something else that is no file'}`,
        );
    }
  }

  /** Links that stay inside become copies, once all files are there; links to links after what they point to. */
  async copyLinks(): Promise<void> {
    let left = this.links.filter(({ path }) => !this.kinds.has(path));
    for (let before = left.length + 1; left.length < before;) {
      before = left.length;
      const waiting: Link[] = [];
      for (const link of left) if (!(await this.copyLink(link))) waiting.push(link);
      left = waiting;
    }
    for (const { path, target } of left) this.skip(path, `is a link to ${target}, which is not there`);
  }

  /** False where its target is not there, or not yet. */
  private async copyLink({ path, target }: Link): Promise<boolean> {
    const kind = this.kinds.get(target);
    if (this.kinds.has(path)) return true;
    if (kind === undefined || `${path}/`.startsWith(`${target}/`)) return false;
    if (kind === 'file') await this.copyFile(target, path);
    else await this.copyFolder(target, path);
    return true;
  }

  private async copyFolder(target: string, path: string): Promise<void> {
    await this.addFolder(path);
    for (const [name, kind] of Array.from(this.kinds)) {
      if (!name.startsWith(`${target}/`)) continue;
      const copy = `${path}${name.slice(target.length)}`;
      if (kind === 'folder') await this.addFolder(copy);
      else await this.copyFile(name, copy);
    }
  }

  private async copyFile(from: string, to: string): Promise<void> {
    if (!(await this.makeRoom(to))) return;
    await copyFile(this.place(from), this.place(to));
    this.kinds.set(to, 'file');
    this.warnings.push({
      code: 'link-copied',
      message: `${printable(to)} is a link to ${printable(from)}; the version holds a copy.`,
    });
  }

  private async addFolder(path: string): Promise<void> {
    if (path === '') return;
    if (!(await this.makeRoom(`${path}/x`))) return;
    this.kinds.set(path, 'folder');
  }

  private async addFile(path: string, header: Header, content: Readable): Promise<void> {
    if (path === '' || !(await this.makeRoom(path))) return;
    if (this.kinds.has(path)) return this.skip(path, 'is there twice');
    this.kinds.set(path, 'file');
    const mode = ((header.mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755;
    const counted = async function* (this: Unpacking, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const part of source) {
        this.done += part.length;
        this.options.onProgress?.({ done: this.done });
        yield part;
      }
    };
    await pipeline(content, counted.bind(this), createWriteStream(this.place(path), { flags: 'wx', mode }));
  }

  private addLink(path: string, target: string | undefined, header: Header): void {
    if (path === '') return;
    if (target === undefined) this.skip(path, `is a link to ${printable(header.linkname ?? '')}, outside the package`);
    else this.links.push({ path, target });
  }

  /** Makes the folders above a path. False (and a warning) where a file is in the way. */
  private async makeRoom(path: string): Promise<boolean> {
    const folder = posix.dirname(path);
    if (folder === '.' || this.made.has(folder)) return true;
    const parts = folder.split('/');
    for (let i = 1; i <= parts.length; i++) {
      const above = parts.slice(0, i).join('/');
      if (this.kinds.get(above) === 'file') {
        this.skip(path, `lies below ${printable(above)}, which is a file`);
        return false;
      }
      this.kinds.set(above, 'folder');
    }
    await mkdir(dirname(this.place(path)), { recursive: true });
    this.made.add(folder);
    return true;
  }

  private place(path: string): string {
    return join(this.destination, ...path.split('/'));
  }

  /** The path below the root, or undefined where it leads outside or its name cannot be kept. */
  private inside(name: string): string | undefined {
    if (isBrokenUtf8(name) || hasControl(name) || name.includes('\\') || name.startsWith('/')) return undefined;
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..') || parts[0] !== this.options.root) return undefined;
    return parts.slice(1).join('/');
  }

  private linkTarget(path: string, target: string): string | undefined {
    if (target.startsWith('/') || target === '') return undefined;
    const joined = posix.normalize(posix.join(this.options.root, posix.dirname(path), target));
    return this.inside(joined);
  }

  private skip(path: string, reason: string): void {
    const shown = printable(path.startsWith(`${this.options.root}/`) ? path.slice(this.options.root.length + 1) : path);
    this.warnings.push({ code: 'output-skipped', message: `${shown} ${reason}; it is not kept.` });
  }
}
