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
const filesAhead = 32;
const bytesAhead = 8 * blockSize;
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

interface AddedFile {
  readonly header: EntryHeader;
  readonly sha256: string;
}

class ZipWriter {
  /** Where the next byte goes, gathered ones included. */
  private position = 0;
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
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
    const ahead = new PackAhead(this.options.entries);
    for (const entry of this.options.entries) {
      this.options.signal?.throwIfAborted();
      if (entry.kind === 'dir') await this.addFolder(entry);
      else await this.addFile(entry, ahead);
      this.done += entry.bytes;
      this.options.onProgress?.({ done: this.done, total: this.total });
    }
    const start = this.position;
    const central = Buffer.concat(this.headers.map(centralHeader));
    await this.append(central);
    await this.append(endRecords(this.headers.length, start, central.length));
    await this.flush();
    return { tree: treeDigest(this.files), files: this.files, bytes: this.position };
  }

  private async addFolder(entry: ScannedEntry): Promise<void> {
    const header = { ...this.header(entry, `${entry.path}/`, 0o40755), method: methods.stored };
    this.headers.push(header);
    this.files.push({ path: entry.path, mode: 'dir', bytes: 0, sha256: '' });
    await this.append(localHeader(header));
  }

  private async addFile(entry: ScannedEntry, ahead: PackAhead): Promise<void> {
    const mode = entry.mode === '755' ? 0o100755 : 0o100644;
    const draft = this.header(entry, entry.path, mode);
    const { header, sha256 } =
      entry.bytes <= blockSize
        ? await this.addSmall(draft, await ahead.take(entry))
        : await this.addLarge(entry, draft);
    this.headers.push(header);
    const fileMode = entry.mode === '755' ? '755' : '644';
    this.files.push({ path: entry.path, mode: fileMode, bytes: entry.bytes, sha256 });
  }

  private async addSmall(draft: EntryHeader, file: SmallFile): Promise<AddedFile> {
    const header = { ...draft, ...file.body };
    await this.append(localHeader(header), file.data);
    return { header, sha256: file.sha256 };
  }

  /** The local header is written again once the checksum and the length are known. */
  private async addLarge(entry: ScannedEntry, draft: EntryHeader): Promise<AddedFile> {
    const hash = createHash('sha256');
    const header = { ...draft, ...(await this.largeBody(entry, draft, hash)) };
    await this.flush();
    await this.writeAt(localHeader(header), draft.offset);
    return { header, sha256: hash.digest('hex') };
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

  /** Small pieces are gathered: a write for each of 100,000 files takes most of the time. */
  private async append(...parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.gathered.push(part);
      this.gatheredBytes += part.length;
      this.position += part.length;
    }
    if (this.gatheredBytes >= blockSize) await this.flush();
  }

  private async flush(): Promise<void> {
    const [only] = this.gathered;
    const data = this.gathered.length === 1 && only !== undefined ? only : Buffer.concat(this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    await this.writeAt(data, this.position - data.length);
  }

  private async writeAt(data: Buffer, position: number): Promise<void> {
    for (let done = 0; done < data.length;) {
      const { bytesWritten } = await this.file.write(data, done, data.length - done, position + done);
      done += bytesWritten;
    }
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

interface SmallFile {
  readonly body: Pick<EntryHeader, 'method' | 'crc' | 'compressed' | 'size'>;
  readonly data: Buffer;
  readonly sha256: string;
}

async function packSmall(entry: ScannedEntry): Promise<SmallFile> {
  const content = await readWhole(entry);
  if (content.length !== entry.bytes) throw changed(entry.path);
  const packed = content.length > 64 ? await deflate(content, { level: 6 }) : content;
  const deflated = packed.length < content.length * worthwhile;
  const data = deflated ? packed : content;
  const body = {
    method: deflated ? methods.deflated : methods.stored,
    crc: crc32(content),
    compressed: data.length,
    size: content.length,
  };
  return { body, data, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Packs the next small files side by side while the present one is written. */
class PackAhead {
  private readonly started = new Map<ScannedEntry, Promise<SmallFile>>();
  private next = 0;
  private bytes = 0;

  constructor(private readonly entries: readonly ScannedEntry[]) {}

  take(entry: ScannedEntry): Promise<SmallFile> {
    const packed = this.started.get(entry) ?? packSmall(entry);
    if (this.started.delete(entry)) this.bytes -= entry.bytes;
    this.fill(entry);
    return packed;
  }

  private fill(present: ScannedEntry): void {
    while (this.started.size < filesAhead && this.bytes < bytesAhead && this.next < this.entries.length) {
      const entry = this.entries[this.next++];
      if (entry?.kind !== 'file' || entry.bytes > blockSize || entry === present) continue;
      this.started.set(entry, quiet(packSmall(entry)));
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
