/** Reads the zips of versions through yauzl: the list of files, and each of them without unpacking the rest. */
import { Transform, type Readable } from 'node:stream';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { open as openArchive, type Entry, type ZipFile } from 'yauzl';
import { ExpectedError, messageOf } from '../domain/errors';
import { methods } from './zipFormat';

export interface ZipEntry {
  /** Below the root folder, with `/`, without a trailing slash. */
  readonly path: string;
  readonly mode: '644' | '755' | 'dir';
  readonly bytes: number;
}

export interface ZipReader {
  readonly entries: readonly ZipEntry[];
  /** The whole content; small files quickly. */
  readFile(path: string): Promise<Buffer>;
  openRead(path: string): Promise<Readable>;
  close(): Promise<void>;
}

const smallSize = 1024 * 1024;

export async function openZip(path: string): Promise<ZipReader> {
  const { archive, entries } = await openEntries(path);
  return new YauzlReader(archive, path, new Map(entries.map((entry) => [pathOf(entry), entry])));
}

/** Opens and lists; also for archives that have passed the policy. The caller closes. */
export async function openEntries(path: string): Promise<{ archive: ZipFile; entries: Entry[] }> {
  const archive = await openFile(path);
  try {
    return { archive, entries: await readEntries(archive) };
  } catch (error) {
    archive.close();
    throw error;
  }
}

function openFile(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    openArchive(path, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, archive) => {
      if (error === null && archive !== undefined) resolve(archive);
      else reject(damaged(path, error));
    });
  });
}

function readEntries(archive: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    archive.on('entry', (entry: Entry) => {
      entries.push(entry);
      archive.readEntry();
    });
    archive.once('end', () => resolve(entries));
    archive.once('error', reject);
    archive.readEntry();
  });
}

class YauzlReader implements ZipReader {
  readonly entries: readonly ZipEntry[];
  private file: Promise<FileHandle> | undefined;

  constructor(
    private readonly archive: ZipFile,
    private readonly path: string,
    private readonly byPath: ReadonlyMap<string, Entry>,
  ) {
    this.entries = [...byPath].filter(([name]) => name !== '').map(([name, entry]) => zipEntry(name, entry));
  }

  async readFile(path: string): Promise<Buffer> {
    const entry = this.byPath.get(path);
    if (entry !== undefined && entry.uncompressedSize <= smallSize && entry.compressedSize <= smallSize)
      return this.readSmall(entry);
    const parts: Buffer[] = [];
    for await (const part of await this.openRead(path)) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }

  /** A stream for each of 100,000 small files takes ten times as long as their bytes. */
  private async readSmall(entry: Entry): Promise<Buffer> {
    this.file ??= open(this.path, 'r');
    try {
      const packed = await readPacked(this.archive, await this.file, entry);
      const content = entry.compressionMethod === methods.stored ? packed : inflate(packed, entry.uncompressedSize);
      if (content.length !== entry.uncompressedSize) throw new Error(`${entry.fileName} has another length`);
      if (crc32(content) !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is wrong`);
      return content;
    } catch (error) {
      throw damaged(this.path, error);
    }
  }

  openRead(path: string): Promise<Readable> {
    const entry = this.byPath.get(path);
    if (entry === undefined) return Promise.reject(new Error(`${this.path} has no ${path}`));
    return new Promise((resolve, reject) => {
      this.archive.openReadStream(entry, (error, stream) => {
        if (error === null && stream !== undefined) resolve(checked(stream, entry, this.path));
        else reject(damaged(this.path, error));
      });
    });
  }

  async close(): Promise<void> {
    this.archive.close();
    const file = await this.file?.catch(() => undefined);
    await file?.close();
  }
}

/** No more than the entry says it holds. */
const inflate = (packed: Buffer, size: number): Buffer =>
  inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });

/** The bytes of an entry as they lie in the archive, read through `file`. */
export async function readPacked(archive: ZipFile, file: FileHandle, entry: Entry): Promise<Buffer> {
  const start = await dataStart(archive, entry);
  const packed = Buffer.allocUnsafe(entry.compressedSize);
  for (let done = 0; done < packed.length;) {
    const { bytesRead } = await file.read(packed, done, packed.length - done, start + done);
    if (bytesRead === 0) throw new Error('it ends too early');
    done += bytesRead;
  }
  return packed;
}

function dataStart(archive: ZipFile, entry: Entry): Promise<number> {
  return new Promise((resolve, reject) => {
    archive.readLocalFileHeader(entry, { minimal: true }, (error, header) =>
      error === null ? resolve(header.fileDataStart) : reject(error),
    );
  });
}

/** yauzl does not look at checksums. A damaged file fails at its end instead of passing for the real one. */
function checked(stream: Readable, entry: Entry, path: string): Readable {
  let crc = 0;
  const check = new Transform({
    transform(part: Buffer, _encoding, done) {
      crc = crc32(part, crc);
      done(null, part);
    },
    flush(done) {
      done(crc === entry.crc32 ? null : damaged(path, `the checksum of ${entry.fileName} is wrong`));
    },
    destroy(error, done) {
      stream.destroy();
      done(error);
    },
  });
  stream.on('error', (error) => check.destroy(damaged(path, error)));
  return stream.pipe(check);
}

const executable = 0o100;

function zipEntry(path: string, entry: Entry): ZipEntry {
  const isFolder = entry.fileName.endsWith('/');
  const unixMode = entry.externalFileAttributes >>> 16;
  const mode = isFolder ? 'dir' : (unixMode & executable) !== 0 ? '755' : '644';
  return { path, mode, bytes: isFolder ? 0 : entry.uncompressedSize };
}

/** Without the root folder and the slash at the end. */
function pathOf(entry: Entry): string {
  const name = entry.fileName.replace(/\/$/, '');
  const slash = name.indexOf('/');
  return slash === -1 ? '' : name.slice(slash + 1);
}

const damaged = (path: string, error: unknown): ExpectedError =>
  new ExpectedError(
    'store-damaged',
    `${path} can't be read: ${messageOf(error)}.`,
    '`verify` tells what is still whole.',
    {
      cause: error,
    },
  );
