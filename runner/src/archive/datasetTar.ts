/**
 * The contents of a dataset as an uncompressed tar, read straight into the blocks that are sent: many small files go at the
 * speed of the disk, and a large one never lies in memory.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { ExpectedError } from '../domain/errors';
import type { Owner } from './tarPack';

export interface TarContent {
  /** In the tar; below 100 bytes. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** The tar holds what comes after this. */
  readonly offset: number;
  /** Of the whole file. */
  readonly bytes: number;
  readonly mode: number;
}

export interface TarContentsOptions {
  readonly owner: Owner;
  /** After each block: contents and bytes so far. */
  readonly onProgress: (step: { readonly files: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

const record = 512;
const blockLength = 1024 * 1024;

/** Ends with an empty file `done`, which is what tells the far side that nothing is missing. */
export async function* tarContents(
  contents: readonly TarContent[],
  options: TarContentsOptions,
): AsyncGenerator<Buffer> {
  const block = new Block();
  let bytes = 0;
  for (const [i, content] of contents.entries()) {
    if (block.room < record) yield block.take();
    const length = content.bytes - content.offset;
    block.put(tarHeader(content.name, length, content.mode, options.owner));
    const file = open(content.path);
    try {
      for (let done = 0; done < length;) {
        if (block.room === 0) yield block.take();
        options.signal?.throwIfAborted();
        const read = block.read(file, content.offset + done, length - done);
        if (read === 0) throw changed(content.path);
        done += read;
        bytes += read;
        options.onProgress({ files: i, bytes });
      }
    } finally {
      closeSync(file);
    }
    block.pad();
    options.onProgress({ files: i + 1, bytes });
  }
  if (block.room < 3 * record) yield block.take();
  block.put(tarHeader('done', 0, 0o600, options.owner));
  block.put(Buffer.alloc(2 * record));
  yield block.take();
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? changed(path) : error;
  }
}

export const changed = (path: string): ExpectedError =>
  new ExpectedError(
    'engine-failed',
    `${path} changed while the dataset was sent.`,
    'Wait until nothing writes into the dataset, then run again.',
  );

/** What is sent at once. A block that was taken is never written again. */
class Block {
  private buffer = Buffer.allocUnsafe(blockLength);
  private length = 0;

  get room(): number {
    return blockLength - this.length;
  }

  put(part: Buffer): void {
    part.copy(this.buffer, this.length);
    this.length += part.length;
  }

  read(file: number, position: number, most: number): number {
    const read = readSync(file, this.buffer, this.length, Math.min(most, this.room), position);
    this.length += read;
    return read;
  }

  /** The length of a block is a multiple of a record's. */
  pad(): void {
    const rest = this.length % record;
    if (rest === 0) return;
    this.buffer.fill(0, this.length, this.length + record - rest);
    this.length += record - rest;
  }

  take(): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(blockLength);
    this.length = 0;
    return taken;
  }
}

const largestOctal = 0o77777777777;

/** A header of the ustar format. */
export function tarHeader(name: string, bytes: number, mode: number, { uid, gid }: Owner): Buffer {
  const header = Buffer.alloc(record);
  const octal = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  header.write(name, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  if (bytes <= largestOctal) octal(bytes, 124, 12);
  else {
    // Over 8 GiB the length is binary, as GNU tar and Go have it.
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  octal(0, 136, 12);
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
