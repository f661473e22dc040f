/**
 * A disk in memory that tells what is durable from what is not, so that every state a power cut may leave can be built.
 * Two kinds of effects wait for an fsync: the content of a file, and an entry of a folder. A crash keeps any choice of
 * those that were not made durable.
 */
import type { Dirent, Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Disk, DiskFile } from '../../runner/src/store/disk';

interface Node {
  readonly number: number;
  /** Undefined: a file. */
  readonly entries: Map<string, number> | undefined;
  content: Buffer;
  time: number;
}

type Change = readonly [folder: number, name: string, node: number | undefined];

/** Changes of folders in one effect are kept or dropped together, as journals do it; the first one's fsync makes it durable. */
type Effect =
  | { readonly kind: 'content'; readonly node: number; readonly content: Buffer }
  | { readonly kind: 'entry'; readonly folder: number; readonly changes: readonly Change[] };

interface Image {
  readonly nodes: Map<number, Node>;
}

const fail = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });
const root = 1;

export class MemoryDisk implements Disk {
  private image: Image;
  private durable: Image;
  private pending: Effect[] = [];
  private next: number;
  private clock = 1_767_225_600_000;
  /** Called before every operation. */
  onOperation: (name: string, path: string) => void = () => undefined;

  constructor(image: Image = emptyImage()) {
    this.image = image;
    this.durable = copyOf(image);
    this.next = Math.max(...image.nodes.keys()) + 1;
  }

  /** How many effects are not durable. */
  get waiting(): number {
    return this.pending.length;
  }

  /** What is there after a power cut that kept the effects that `keeps` says; `tear` leaves a file's content in part. */
  crash(keeps: (index: number) => 'kept' | 'dropped' | 'torn'): MemoryDisk {
    const image = copyOf(this.durable);
    for (const node of this.image.nodes.values())
      if (!image.nodes.has(node.number)) image.nodes.set(node.number, empty(node));
    this.pending.forEach((effect, index) => {
      const fate = keeps(index);
      if (fate !== 'dropped') apply(image, effect, fate === 'torn');
    });
    return new MemoryDisk(image);
  }

  async readFile(path: string): Promise<Buffer> {
    this.onOperation('readFile', path);
    return Buffer.from(this.file(path).content);
  }

  async writeNew(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
    this.onOperation('writeNew', path);
    if (this.find(path) !== undefined) throw fail('EEXIST', path);
    const node = this.make(false);
    this.link1(path, node.number);
    this.setContent(node, Buffer.from(data as Uint8Array));
    if (durable) this.makeDurable((effect) => effect.kind === 'content' && effect.node === node.number);
  }

  async overwrite(path: string, data: string): Promise<void> {
    this.onOperation('overwrite', path);
    const node = this.file(path);
    this.setContent(node, Buffer.concat([Buffer.from(data), node.content.subarray(Buffer.byteLength(data))]));
  }

  async rename(from: string, to: string): Promise<void> {
    this.onOperation('rename', to);
    const node = this.find(from);
    if (node === undefined) throw fail('ENOENT', from);
    const target = this.find(to);
    if (target?.entries !== undefined && target.entries.size > 0) throw fail('ENOTEMPTY', to);
    this.change([
      [this.folder(dirname(to)).number, basename(to), node.number],
      [this.folder(dirname(from)).number, basename(from), undefined],
    ]);
  }

  async link(from: string, to: string): Promise<void> {
    this.onOperation('link', to);
    if (this.find(to) !== undefined) throw fail('EEXIST', to);
    this.link1(to, this.file(from).number);
  }

  async unlink(path: string): Promise<void> {
    this.onOperation('unlink', path);
    this.file(path);
    this.change([[this.folder(dirname(path)).number, basename(path), undefined]]);
  }

  async mkdir(path: string): Promise<void> {
    this.onOperation('mkdir', path);
    if (this.find(path) !== undefined) throw fail('EEXIST', path);
    const parent = this.folder(dirname(path));
    this.change([[parent.number, basename(path), this.make(true).number]]);
  }

  async readdir(path: string): Promise<Dirent[]> {
    this.onOperation('readdir', path);
    return [...(this.folder(path).entries ?? [])].map(([name, number]) => {
      const isFolder = this.image.nodes.get(number)?.entries !== undefined;
      return { name, isDirectory: () => isFolder, isFile: () => !isFolder } as unknown as Dirent;
    });
  }

  async stat(path: string): Promise<Stats> {
    this.onOperation('stat', path);
    const node = this.find(path);
    if (node === undefined) throw fail('ENOENT', path);
    const mtime = new Date(node.time);
    return { size: node.content.length, mtimeMs: node.time, mtime, ino: node.number } as unknown as Stats;
  }

  statAll(paths: readonly string[]): Promise<(Stats | undefined)[]> {
    return Promise.all(paths.map((path) => this.stat(path).catch(() => undefined)));
  }

  async remove(path: string): Promise<void> {
    this.onOperation('remove', path);
    const node = this.find(path);
    if (node === undefined) return;
    this.empty(node);
    this.change([[this.folder(dirname(path)).number, basename(path), undefined]]);
  }

  async touch(path: string, time: Date): Promise<void> {
    this.file(path).time = time.getTime();
  }

  async syncFolder(path: string): Promise<void> {
    this.onOperation('syncFolder', path);
    const { number } = this.folder(path);
    this.makeDurable((effect) => effect.kind === 'entry' && effect.folder === number);
  }

  async open(path: string, use: 'read' | 'write'): Promise<DiskFile> {
    this.onOperation('open', path);
    if (this.find(path) === undefined && use === 'write') await this.writeNew(path, '', false);
    const node = this.file(path);
    return {
      size: async () => node.content.length,
      read: async (length, position) => Buffer.from(node.content.subarray(position, position + length)),
      write: async (bytes, position) => {
        this.onOperation('write', path);
        const content = Buffer.alloc(Math.max(node.content.length, position + bytes.length));
        node.content.copy(content);
        content.set(bytes, position);
        this.setContent(node, content);
      },
      truncate: async (length) => {
        this.onOperation('truncate', path);
        const content = Buffer.alloc(length);
        node.content.copy(content);
        this.setContent(node, content);
      },
      sync: async () => {
        this.onOperation('sync', path);
        this.makeDurable((effect) => effect.kind === 'content' && effect.node === node.number);
      },
      close: async () => undefined,
    };
  }

  private make(isFolder: boolean): Node {
    const number = this.next++;
    const node = { number, entries: isFolder ? new Map() : undefined, content: Buffer.alloc(0), time: this.clock++ };
    this.image.nodes.set(number, node);
    return node;
  }

  private empty(node: Node): void {
    for (const [name, number] of Array.from(node.entries ?? [])) {
      const child = this.image.nodes.get(number);
      if (child !== undefined) this.empty(child);
      this.change([[node.number, name, undefined]]);
    }
  }

  private link1(path: string, node: number): void {
    this.change([[this.folder(dirname(path)).number, basename(path), node]]);
  }

  private change(changes: readonly [Change, ...Change[]]): void {
    this.perform({ kind: 'entry', folder: changes[0][0], changes });
  }

  private setContent(node: Node, content: Buffer): void {
    this.perform({ kind: 'content', node: node.number, content });
  }

  private perform(effect: Effect): void {
    apply(this.image, effect, false);
    this.pending.push(effect);
  }

  private makeDurable(isMade: (effect: Effect) => boolean): void {
    for (const node of this.image.nodes.values()) {
      if (!this.durable.nodes.has(node.number)) this.durable.nodes.set(node.number, empty(node));
    }
    const made = withEarlier(this.pending, this.pending.filter(isMade));
    for (const effect of this.pending) if (made.has(effect)) apply(this.durable, effect, false);
    this.pending = this.pending.filter((effect) => !made.has(effect));
  }

  private find(path: string): Node | undefined {
    let node = this.image.nodes.get(root);
    for (const name of path.split('/').filter((part) => part !== '')) {
      const number = node?.entries?.get(name);
      node = number === undefined ? undefined : this.image.nodes.get(number);
    }
    return node;
  }

  private file(path: string): Node {
    const node = this.find(path);
    if (node === undefined) throw fail('ENOENT', path);
    if (node.entries !== undefined) throw fail('EISDIR', path);
    return node;
  }

  private folder(path: string): Node {
    const node = this.find(path);
    if (node === undefined) throw fail('ENOENT', path);
    if (node.entries === undefined) throw fail('ENOTDIR', path);
    return node;
  }
}

/** An earlier change of a name cannot come after a later one of it. */
function withEarlier(pending: readonly Effect[], chosen: readonly Effect[]): Set<Effect> {
  const all = new Set(chosen);
  const keys = new Set(chosen.flatMap(keysOf));
  for (const effect of [...pending].reverse()) {
    if (!all.has(effect) && !keysOf(effect).some((key) => keys.has(key))) continue;
    all.add(effect);
    for (const key of keysOf(effect)) keys.add(key);
  }
  return all;
}

const keysOf = (effect: Effect): string[] =>
  effect.kind === 'content' ? [] : effect.changes.map(([folder, name]) => `${folder}/${name}`);

function emptyImage(): Image {
  return { nodes: new Map([[root, { number: root, entries: new Map(), content: Buffer.alloc(0), time: 0 }]]) };
}

const empty = (node: Node): Node => ({
  ...node,
  entries: node.entries === undefined ? undefined : new Map(),
  content: Buffer.alloc(0),
});

function copyOf({ nodes }: Image): Image {
  const copies = [...nodes.values()].map((node) => ({
    ...node,
    entries: node.entries === undefined ? undefined : new Map(node.entries),
  }));
  return { nodes: new Map(copies.map((node) => [node.number, node])) };
}

function apply(image: Image, effect: Effect, torn: boolean): void {
  if (effect.kind === 'content') {
    const node = image.nodes.get(effect.node);
    if (node === undefined) return;
    node.content = torn ? effect.content.subarray(0, Math.floor(effect.content.length / 2)) : effect.content;
    return;
  }
  for (const [folder, name, number] of effect.changes) {
    const entries = image.nodes.get(folder)?.entries;
    if (number === undefined) entries?.delete(name);
    else entries?.set(name, number);
  }
}
