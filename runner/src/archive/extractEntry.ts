/** Unpacks one entry of an archive that has passed the policy, and holds it against what the entry says of itself. */
import { createWriteStream } from 'node:fs';
import { writeFile, type FileHandle } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { ExpectedError } from '../domain/errors';
import { refused } from './archiveRefusal';
import { printable } from '../domain/printable';
import { methods } from './zipFormat';
import { readPacked } from './zipReader';
import type { PolicyEntry } from './zipPolicy';

export interface Extraction {
  readonly archive: ZipFile;
  /** The archive again, for what is read in one go. */
  readonly file: FileHandle;
  readonly found: Entry | undefined;
  readonly entry: PolicyEntry;
  readonly target: string;
  readonly onBytes: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const smallSize = 256 * 1024;

/** yauzl finds the data; it is inflated here, so that bytes behind its end are seen. */
export async function extractEntry(extraction: Extraction): Promise<void> {
  const { found, entry, signal } = extraction;
  const shown = printable(entry.path);
  // A name that is not marked is read in another alphabet there.
  if (found === undefined || !(found.fileName === entry.path || entry.isUnmarked))
    throw refused(`${shown} is read differently by two readers.`);
  try {
    const isSmall = entry.size <= smallSize && entry.compressed <= smallSize;
    await (isSmall ? extractSmall(extraction, found, shown) : extractLarge(extraction, found, shown));
  } catch (error) {
    signal?.throwIfAborted();
    throw unpackingProblem(error, shown);
  }
}

const modeOf = (entry: PolicyEntry): number => ((entry.mode & 0o100) === 0 ? 0o644 : 0o755);
const trailing = (shown: string): ExpectedError => refused(`${shown} has bytes behind its compressed data.`);

/** A stream for each of 100,000 small files takes ten times as long as their bytes. */
async function extractSmall({ archive, file, entry, target, onBytes }: Extraction, found: Entry, shown: string) {
  const packed = await readPacked(archive, file, found);
  const content = entry.method === methods.stored ? packed : inflateSmall(packed, entry, shown);
  if (content.length !== entry.size) throw refused(`${shown} lies about its size.`);
  if (crc32(content) !== entry.crc) throw refused(`${shown} is damaged: its checksum is wrong.`);
  await writeFile(target, content, { flag: 'wx', mode: modeOf(entry) });
  onBytes(content.length);
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function inflateSmall(packed: Buffer, entry: PolicyEntry, shown: string): Buffer {
  try {
    const options = { maxOutputLength: entry.size + 1, info: true };
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as Inflated;
    if (engine.bytesWritten !== packed.length) throw trailing(shown);
    return buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw refused(`${shown} lies about its size.`);
  }
}

async function extractLarge({ archive, entry, target, onBytes, signal }: Extraction, found: Entry, shown: string) {
  const sink = createWriteStream(target, { flags: 'wx', mode: modeOf(entry) });
  const check = new ContentCheck(entry, shown, onBytes);
  const input = await rawStream(archive, found);
  if (entry.method === methods.stored) return pipeline(input, check, sink, { signal });
  const inflate = createInflateRaw();
  await pipeline(input, inflate, check, sink, { signal });
  if (inflate.bytesWritten !== entry.compressed) throw trailing(shown);
}

function unpackingProblem(error: unknown, shown: string): ExpectedError {
  if (error instanceof ExpectedError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC') return refused(`${shown} can't be unpacked: ${message}.`);
  return new ExpectedError(
    'disk-full',
    `The disk is full: ${shown} can't be unpacked.`,
    'Free some room and try again.',
  );
}

function rawStream(archive: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, stream?: Readable): void => {
      if (error === null && stream !== undefined) resolve(stream);
      else reject(error ?? new Error('no data'));
    };
    if (entry.compressionMethod === methods.stored) archive.openReadStream(entry, done);
    else archive.openReadStream(entry, { decompress: false, decrypt: null, start: null, end: null }, done);
  });
}

/** Lets through no more than the entry said, and at the end only what has its length and checksum. */
class ContentCheck extends Transform {
  private size = 0;
  private crc = 0;

  constructor(
    private readonly entry: PolicyEntry,
    private readonly shown: string,
    private readonly onBytes: (bytes: number) => void,
  ) {
    super();
  }

  override _transform(
    part: Buffer,
    _encoding: BufferEncoding,
    done: (error: Error | null, part?: Buffer) => void,
  ): void {
    this.size += part.length;
    this.crc = crc32(part, this.crc);
    this.onBytes(part.length);
    if (this.size > this.entry.size) done(refused(`${this.shown} lies about its size.`));
    else done(null, part);
  }

  override _flush(done: (error?: Error | null) => void): void {
    if (this.size !== this.entry.size) done(refused(`${this.shown} lies about its size.`));
    else if (this.crc !== this.entry.crc) done(refused(`${this.shown} is damaged: its checksum is wrong.`));
    else done();
  }
}
