/**
 * Unpacks the tar that comes back from a container. It may be hostile: nothing is written outside of the destination, no
 * link is ever made or followed, and a stray entry is left out with a warning that names it.
 */
import { constants, createWriteStream } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { ExpectedError } from '../domain/errors';
import type { Warning } from '../domain/run';
import { hasControl, isBrokenUtf8 } from './portableNames';
import { printable } from '../domain/printable';

export interface UnpackOptions {
  /** The first segment of every name, which is dropped; entries without it are left out. */
  readonly root: string;
  /** Absolute path of that folder where the tar was made: links to it stay inside. */
  readonly place?: string | undefined;
  /** Absolute path of the folder that the package lay in while it ran: what was `FOLDER/NAME/x` is `package/x` in the tar. */
  readonly ranIn?: string | undefined;
  /** Entries that links to folders may add: folders of links to folders of links could make a copy of any size. */
  readonly mostCopies?: number | undefined;
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

/** What is written in one go: a stream for each of 100,000 small files takes longer than all else. */
const smallSize = 256 * 1024;

async function whole(content: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const mostCopies = 100_000;
/** A path that is too long, or holds what the file system refuses. */
const unholdable = new Set(['ENAMETOOLONG', 'EINVAL', 'EILSEQ']);

const isAbove = (folder: string, path: string): boolean => folder === '' || `${path}/`.startsWith(`${folder}/`);

const isPending = (link: Link, ...others: readonly (readonly Link[])[]): boolean =>
  others.some((list) => list.some((other) => isAbove(link.target, other.path)));

class Unpacking {
  readonly warnings: Warning[] = [];
  private readonly kinds = new Map<string, 'file' | 'folder'>();
  private readonly links: Link[] = [];
  private readonly made = new Set<string>();
  private done = 0;
  private copied = 0;

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

  /** Links that stay inside become copies, once all files are there; a link to a link waits for the other. */
  async copyLinks(): Promise<void> {
    const whole = await this.copyWhatCan(this.links, true);
    const waiting = await this.copyWhatCan(whole, false);
    for (const { path, target } of waiting) {
      const reason = isAbove(target, path)
        ? 'is a link to a folder above it, a loop'
        : `is a link to ${printable(target)}`;
      this.skip(path, this.kinds.has(target) ? reason : `${reason}, which is not there`);
    }
  }

  /** Answers what is left. With `whole`, a folder waits for the links below it. */
  private async copyWhatCan(links: readonly Link[], whole: boolean): Promise<readonly Link[]> {
    let waiting = links;
    for (let before = waiting.length + 1; waiting.length < before;) {
      before = waiting.length;
      const next: Link[] = [];
      for (const [i, link] of waiting.entries()) {
        const isPart = whole && this.kinds.get(link.target) === 'folder' && isPending(link, next, waiting.slice(i + 1));
        if (isPart || !(await this.copyLink(link))) next.push(link);
      }
      waiting = next;
    }
    return waiting;
  }

  /** False where the target is not there (yet). */
  private async copyLink({ path, target }: Link): Promise<boolean> {
    if (this.kinds.has(path)) return true;
    const kind = target === '' ? 'folder' : this.kinds.get(target);
    if (kind === undefined || isAbove(target, path)) return false;
    this.options.signal?.throwIfAborted();
    const done = kind === 'file' ? await this.copyFile(target, path) : await this.copyFolder(target, path);
    if (!done) return true;
    this.warnings.push({
      code: 'link-copied',
      message: `${printable(path)} is a link to ${printable(target)}; the version holds a copy.`,
    });
    return true;
  }

  private async copyFolder(target: string, path: string): Promise<boolean> {
    const inside = Array.from(this.kinds).filter(([name]) => name.startsWith(`${target}/`));
    this.copied += inside.length;
    const most = this.options.mostCopies ?? mostCopies;
    if (this.copied > most) {
      this.skip(path, `is a link to ${printable(target)}, one of links that lead to more than ${most} files`);
      return false;
    }
    await this.addFolder(path);
    for (const [name, kind] of inside) {
      const copy = `${path}${name.slice(target.length)}`;
      if (kind === 'folder') await this.addFolder(copy);
      else await this.copyFile(name, copy);
    }
    return true;
  }

  private async copyFile(from: string, to: string): Promise<boolean> {
    if (!(await this.makeRoom(to))) return false;
    const copied = await this.attempt(to, () => copyFile(this.place(from), this.place(to), constants.COPYFILE_FICLONE));
    if (copied) this.kinds.set(to, 'file');
    return copied;
  }

  /** A name that the system cannot hold loses nothing else. */
  private async attempt(path: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!unholdable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      this.skip(path, 'has a name that this system cannot hold');
      return false;
    }
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
    if ((header.size ?? 0) <= smallSize) {
      const bytes = await whole(content);
      this.count(bytes.length);
      const kept = await this.attempt(path, () => writeFile(this.place(path), bytes, { flag: 'wx', mode }));
      if (!kept) this.kinds.delete(path);
      return;
    }
    const counted = async function* (this: Unpacking, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const part of source) {
        this.count(part.length);
        yield part;
      }
    };
    const sink = createWriteStream(this.place(path), { flags: 'wx', mode });
    const kept = await this.attempt(path, () => pipeline(content, counted.bind(this), sink));
    if (!kept) this.kinds.delete(path);
  }

  private count(bytes: number): void {
    this.done += bytes;
    this.options.onProgress?.({ done: this.done });
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
    const made = await this.attempt(path, () => mkdir(dirname(this.place(path)), { recursive: true }));
    if (made) this.made.add(folder);
    return made;
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
    if (target === '') return undefined;
    if (target.startsWith('/')) return this.absoluteTarget(posix.normalize(target));
    const joined = posix.normalize(posix.join(this.options.root, posix.dirname(path), target));
    return this.inside(joined);
  }

  /** Training code likes absolute paths, also for links inside its own folder. */
  private absoluteTarget(target: string): string | undefined {
    const { root, place, ranIn } = this.options;
    if (place !== undefined && target.startsWith(`${place}/`)) {
      return this.inside(`${root}/${target.slice(place.length + 1)}`);
    }
    if (ranIn === undefined || !target.startsWith(`${ranIn}/`)) return undefined;
    const [name, ...parts] = target.slice(ranIn.length + 1).split('/');
    return name === 'control' ? undefined : this.inside([root, 'package', ...parts].join('/'));
  }

  private skip(path: string, reason: string): void {
    const shown = printable(path.startsWith(`${this.options.root}/`) ? path.slice(this.options.root.length + 1) : path);
    this.warnings.push({ code: 'output-skipped', message: `${shown} ${reason}; it is not kept.` });
  }
}
