/**
 * Makes the zip of a version: one root folder, entries in the order of the tree hash, fixed times and modes, so that the
 * same content gives the same bytes. Blocks are compressed on all threads of the pool and written in order.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { ExpectedError } from '../domain/errors';
import type { FileEntry } from '../domain/treeHash';
import { changed, treeDigest, type HashOptions } from './hashTree';
import type { ScannedEntry } from './scannedTree';
import { centralHeader, endRecords, localHeader, methods, type EntryHeader } from './zipFormat';

const deflate = promisify(deflateRaw) as (data: Buffer, options: object) => Promise<Buffer>;

export interface WriteZipOptions extends HashOptions {
  readonly entries: readonly ScannedEntry[];
  /** Name of the root folder. */
  readonly root: string;
  /** Absolute path of the file to make; it must not exist. */
  readonly target: string;
}

export interface WrittenZip {
  /** `sha256:…` of the zip's bytes. */
  readonly zip: string;
  readonly tree: string;
  readonly files: readonly FileEntry[];
  /** Length of the zip. */
  readonly bytes: number;
}

const blockSize = 1024 * 1024;
/** Blocks that may wait to be written, which bounds the memory. */
const blocksAhead = 24;
const sampleSize = 16 * 1024;
/** What saves less than this is stored. */
const worthwhile = 0.97;
const zip64From = 0xf0000000;

export async function writeZip(options: WriteZipOptions): Promise<WrittenZip> {
  const file = await openTarget(options.target);
  try {
    const writer = new ZipWriter(file, options);
    const written = await writer.write();
    await file.datasync();
    return { ...written, zip: await digestOf(options.target) };
  } catch (error) {
    await file.close();
    await rm(options.target, { force: true });
    throw diskFull(error, options.target);
  } finally {
    await file.close().catch(() => undefined);
  }
}

const openTarget = (path: string): Promise<FileHandle> =>
  open(path, 'wx', 0o644).catch((error: unknown) => {
    throw diskFull(error, path);
  });

function diskFull(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ExpectedError(
    'disk-full',
    `The disk is full: ${path} can't be written.`,
    'Free some room and try again.',
    { cause: error },
  );
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: blockSize })) hash.update(part as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

class ZipWriter {
  private position = 0;
  private readonly headers: EntryHeader[] = [];
  private readonly files: FileEntry[] = [];
  private done = 0;
  private readonly total: number;

  constructor(
    private readonly file: FileHandle,
    private readonly options: WriteZipOptions,
  ) {
    this.total = options.entries.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  async write(): Promise<Omit<WrittenZip, 'zip'>> {
    const reads = new ReadAhead(this.options.entries);
    for (const entry of this.options.entries) {
      this.options.signal?.throwIfAborted();
      if (entry.kind === 'dir') await this.addFolder(entry);
      else await this.addFile(entry, reads);
      this.done += entry.bytes;
      this.options.onProgress?.({ done: this.done, total: this.total });
    }
    const start = this.position;
    const central = Buffer.concat(this.headers.map(centralHeader));
    await this.append(central);
    await this.append(endRecords(this.headers.length, start, central.length));
    return { tree: treeDigest(this.files), files: this.files, bytes: this.position };
  }

  private async addFolder(entry: ScannedEntry): Promise<void> {
    const header = { ...this.header(entry, `${entry.path}/`, 0o40755), method: methods.stored };
    this.headers.push(header);
    this.files.push({ path: entry.path, mode: 'dir', bytes: 0, sha256: '' });
    await this.append(localHeader(header));
  }

  private async addFile(entry: ScannedEntry, reads: ReadAhead): Promise<void> {
    const mode = entry.mode === '755' ? 0o100755 : 0o100644;
    const draft = this.header(entry, entry.path, mode);
    const offset = this.position;
    const hash = createHash('sha256');
    const body =
      entry.bytes <= blockSize
        ? await this.smallBody(entry, draft, await reads.take(entry), hash)
        : await this.largeBody(entry, draft, hash);
    const header: EntryHeader = { ...draft, ...body };
    if (entry.bytes > blockSize) await this.file.write(localHeader(header), 0, undefined, offset);
    this.headers.push(header);
    const fileMode = entry.mode === '755' ? '755' : '644';
    this.files.push({ path: entry.path, mode: fileMode, bytes: entry.bytes, sha256: hash.digest('hex') });
  }

  private async smallBody(entry: ScannedEntry, draft: EntryHeader, content: Buffer, hash: Hash) {
    if (content.length !== entry.bytes) throw changed(entry.path);
    hash.update(content);
    const packed = content.length > 64 ? await deflate(content, { level: 6 }) : content;
    const deflated = packed.length < content.length * worthwhile;
    const data = deflated ? packed : content;
    const body = {
      method: deflated ? methods.deflated : methods.stored,
      crc: crc32(content),
      compressed: data.length,
      size: content.length,
    };
    await this.append(Buffer.concat([localHeader({ ...draft, ...body }), data]));
    return body;
  }

  /** Blocks are independent deflate streams that are flushed to byte boundaries, so that they can be made side by side. */
  private async largeBody(entry: ScannedEntry, draft: EntryHeader, hash: Hash) {
    const input = await open(entry.source, 'r');
    try {
      const deflated = await isWorthwhile(input, entry.bytes);
      await this.append(localHeader({ ...draft, method: methods.deflated }));
      const start = this.position;
      const { crc, size } = await this.writeBlocks(input, entry, deflated, hash);
      if ((await readBlock(input, 1, size)).length > 0) throw changed(entry.path);
      const method = deflated ? methods.deflated : methods.stored;
      return { method, crc, compressed: this.position - start, size };
    } finally {
      await input.close();
    }
  }

  private async writeBlocks(input: FileHandle, entry: ScannedEntry, deflated: boolean, hash: Hash) {
    const waiting: Promise<Buffer>[] = [];
    let crc = 0;
    let size = 0;
    while (size < entry.bytes) {
      this.options.signal?.throwIfAborted();
      const block = await readBlock(input, Math.min(blockSize, entry.bytes - size), size);
      if (block.length === 0) throw changed(entry.path);
      size += block.length;
      hash.update(block);
      crc = crc32(block, crc);
      waiting.push(quiet(deflated ? deflateBlock(block, size === entry.bytes) : Promise.resolve(block)));
      if (waiting.length >= blocksAhead) await this.append(await (waiting.shift() as Promise<Buffer>));
      this.options.onProgress?.({ done: this.done + size, total: this.total });
    }
    for (const block of waiting) await this.append(await block);
    return { crc, size };
  }

  private header(entry: ScannedEntry, path: string, mode: number): EntryHeader {
    const name = Buffer.from(`${this.options.root}/${path}`);
    const zip64 = entry.bytes >= zip64From;
    return { name, mode, method: 0, crc: 0, compressed: 0, size: 0, offset: this.position, zip64 };
  }

  private async append(data: Buffer): Promise<void> {
    for (let done = 0; done < data.length;) {
      const { bytesWritten } = await this.file.write(data, done, data.length - done, this.position + done);
      done += bytesWritten;
    }
    this.position += data.length;
  }
}

const deflateBlock = (block: Buffer, isLast: boolean): Promise<Buffer> =>
  deflate(block, { level: 6, finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH });

/** A failure shows where the promise is awaited, not as unhandled before. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

async function readBlock(input: FileHandle, length: number, position: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await input.read(block, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return block.subarray(0, done);
}

/** Looks at samples from all over the file; the same content gives the same answer. */
async function isWorthwhile(input: FileHandle, bytes: number): Promise<boolean> {
  const samples: Buffer[] = [];
  for (let i = 0; i < 8; i++) {
    samples.push(await readBlock(input, sampleSize, Math.floor(((bytes - sampleSize) * i) / 7)));
  }
  const sample = Buffer.concat(samples);
  return (await deflate(sample, { level: 1 })).length < sample.length * worthwhile;
}

/** Reads the next small files while the present one is compressed. */
class ReadAhead {
  private readonly started = new Map<ScannedEntry, Promise<Buffer>>();
  private next = 0;
  private bytes = 0;

  constructor(private readonly entries: readonly ScannedEntry[]) {}

  take(entry: ScannedEntry): Promise<Buffer> {
    this.fill();
    const read = this.started.get(entry) ?? readWhole(entry);
    if (this.started.delete(entry)) this.bytes -= entry.bytes;
    this.fill();
    return read;
  }

  private fill(): void {
    while (this.started.size < 16 && this.bytes < 8 * blockSize && this.next < this.entries.length) {
      const entry = this.entries[this.next++];
      if (entry?.kind !== 'file' || entry.bytes > blockSize) continue;
      this.started.set(entry, quiet(readWhole(entry)));
      this.bytes += entry.bytes;
    }
  }
}

async function readWhole(entry: ScannedEntry): Promise<Buffer> {
  const file = await open(entry.source, 'r');
  try {
    return await readBlock(file, entry.bytes + 1, 0);
  } finally {
    await file.close();
  }
}
