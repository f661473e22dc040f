/**
 * The log of a run on disk: `log.txt` (bytes as written), `log.idx` (where each piece belongs) and `events.jsonl`. Data
 * first, then the index: what the index does not know is cut off at the next opening, so no line is there twice.
 *
 * An index record, little-endian: sequence u48, time u48 (ms), length u32, stream u8 (0 stdout, 1 stderr, 2 event,
 * 3 note), 3 bytes zero, byte offset u48, 6 bytes zero, hint 24 bytes of UTF-8 padded with zeros.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogChunk, LogCursor } from '../engine/engine';
import { expectedDiskError, isMissing } from './disk';
import type { LogPiece, RunLog } from './store';

export const recordLength = 64;
const hintOffset = 40;
const hintLength = 24;

interface IndexRecord {
  readonly sequence: number;
  readonly time: number;
  readonly length: number;
  readonly stream: number;
  readonly offset: number;
  readonly hint: string;
}

const streamNumber = { stdout: 0, stderr: 1, event: 2 } as const;
const noteStream = 3;

function encode(record: IndexRecord): Buffer {
  const buffer = Buffer.alloc(recordLength);
  buffer.writeUIntLE(record.sequence, 0, 6);
  buffer.writeUIntLE(Math.max(0, Math.floor(record.time)), 6, 6);
  buffer.writeUInt32LE(record.length, 12);
  buffer.writeUInt8(record.stream, 16);
  buffer.writeUIntLE(record.offset, 20, 6);
  buffer.write(record.hint.slice(0, hintLength), hintOffset, hintLength, 'latin1');
  return buffer;
}

export function decode(buffer: Buffer, at: number): IndexRecord {
  return {
    sequence: buffer.readUIntLE(at, 6),
    time: buffer.readUIntLE(at + 6, 6),
    length: buffer.readUInt32LE(at + 12),
    stream: buffer.readUInt8(at + 16),
    offset: buffer.readUIntLE(at + 20, 6),
    hint: buffer.toString('latin1', at + hintOffset, at + hintOffset + hintLength).replace(/\0+$/, ''),
  };
}

export async function openRunLog(folder: string): Promise<RunLog> {
  const files = await openFiles(folder);
  const log = new FileRunLog(files);
  await log.mend();
  return log;
}

interface Files {
  readonly data: FileHandle;
  readonly index: FileHandle;
  readonly events: FileHandle;
}

async function openFiles(folder: string): Promise<Files> {
  try {
    return {
      data: await openOrMake(join(folder, 'log.txt')),
      index: await openOrMake(join(folder, 'log.idx')),
      events: await openOrMake(join(folder, 'events.jsonl')),
    };
  } catch (error) {
    throw expectedDiskError(error, folder);
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (!isMissing(error)) throw error;
    return open(path, 'w+');
  }
}

class FileRunLog implements RunLog {
  private last: LogCursor | null = null;
  private length = 0;
  private indexLength = 0;
  private eventsLength = 0;

  constructor(private readonly files: Files) {}

  get cursor(): LogCursor | null {
    return this.last;
  }

  get bytes(): number {
    return this.length;
  }

  /** Drops what a crash left half-written. */
  async mend(): Promise<void> {
    const { data, index, events } = this.files;
    const dataSize = (await data.stat()).size;
    let records = Math.floor((await index.stat()).size / recordLength);
    while (records > 0) {
      const { offset, length, sequence, hint, stream } = await this.recordAt(records - 1);
      if (offset + length <= dataSize) {
        this.length = offset + length;
        if (stream !== noteStream) this.last = { sequence, hint };
        else this.last = await this.cursorBefore(records - 1);
        break;
      }
      records -= 1;
    }
    this.indexLength = records * recordLength;
    await data.truncate(this.length);
    await index.truncate(this.indexLength);
    this.eventsLength = (await events.stat()).size;
  }

  async append(chunks: readonly { readonly chunk: LogChunk; readonly cursor: LogCursor }[]): Promise<void> {
    const after = this.last?.sequence ?? 0;
    const fresh = chunks.filter(({ chunk }) => chunk.sequence > after);
    if (fresh.length === 0) return;
    const bytes: Uint8Array[] = [];
    const records: Buffer[] = [];
    const events: string[] = [];
    let offset = this.length;
    let last = this.last;
    for (const { chunk, cursor } of fresh) {
      if (chunk.sequence <= (last?.sequence ?? 0)) continue;
      const isEvent = chunk.stream === 'event';
      const length = isEvent ? 0 : chunk.bytes.length;
      if (isEvent) events.push(eventLine(chunk));
      else bytes.push(chunk.bytes);
      const stream = streamNumber[chunk.stream];
      records.push(encode({ sequence: chunk.sequence, time: chunk.time, length, stream, offset, hint: cursor.hint }));
      offset += length;
      last = { sequence: chunk.sequence, hint: cursor.hint };
    }
    await this.write(Buffer.concat(bytes), Buffer.concat(records), events.join(''));
    this.last = last;
  }

  async note(text: string, time: number): Promise<void> {
    const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
    const sequence = this.last?.sequence ?? 0;
    const record = encode({ sequence, time, length: bytes.length, stream: noteStream, offset: this.length, hint: '' });
    await this.write(bytes, record, '');
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    const block = Buffer.alloc(1024 * 1024);
    for await (const record of this.records()) {
      if (record.stream > 1) continue;
      for (let done = 0; done < record.length;) {
        const want = Math.min(block.length, record.length - done);
        const { bytesRead } = await this.files.data.read(block, 0, want, record.offset + done);
        if (bytesRead === 0) return '';
        hash.update(block.subarray(0, bytesRead));
        done += bytesRead;
      }
    }
    return hash.digest('hex');
  }

  async reset(): Promise<void> {
    await this.files.index.truncate(0);
    await this.files.data.truncate(0);
    await this.files.events.truncate(0);
    this.last = null;
    this.length = 0;
    this.indexLength = 0;
    this.eventsLength = 0;
  }

  async sync(): Promise<void> {
    try {
      await Promise.all([this.files.data.datasync(), this.files.index.datasync()]);
    } catch (error) {
      throw expectedDiskError(error, 'log.txt');
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.files.data.close(), this.files.index.close(), this.files.events.close()]);
  }

  private async write(bytes: Buffer, records: Buffer, events: string): Promise<void> {
    try {
      await writeAll(this.files.data, bytes, this.length);
      if (events !== '') await writeAll(this.files.events, Buffer.from(events), this.eventsLength);
      await writeAll(this.files.index, records, this.indexLength);
    } catch (error) {
      throw expectedDiskError(error, 'log.txt');
    }
    this.length += bytes.length;
    this.indexLength += records.length;
    this.eventsLength += Buffer.byteLength(events);
  }

  private async cursorBefore(record: number): Promise<LogCursor | null> {
    for (let i = record - 1; i >= 0; i--) {
      const { stream, sequence, hint } = await this.recordAt(i);
      if (stream !== noteStream) return { sequence, hint };
    }
    return null;
  }

  private async recordAt(number: number): Promise<IndexRecord> {
    const buffer = Buffer.alloc(recordLength);
    await this.files.index.read(buffer, 0, recordLength, number * recordLength);
    return decode(buffer, 0);
  }

  private async *records(): AsyncIterable<IndexRecord> {
    const block = Buffer.alloc(recordLength * 1024);
    for (let at = 0; at < this.indexLength; at += block.length) {
      const { bytesRead } = await this.files.index.read(block, 0, Math.min(block.length, this.indexLength - at), at);
      for (let i = 0; i + recordLength <= bytesRead; i += recordLength) yield decode(block, i);
    }
  }
}

/** `time` is added to the harness's own words. */
function eventLine(chunk: LogChunk): string {
  try {
    const value = JSON.parse(Buffer.from(chunk.bytes).toString('utf8')) as object;
    return `${JSON.stringify({ time: chunk.time, ...value })}\n`;
  } catch {
    return '';
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The pieces of a log from a byte offset on, from a reader's own handle. */
export async function* readPieces(folder: string, offset: number): AsyncIterable<LogPiece> {
  let index: FileHandle;
  try {
    index = await open(join(folder, 'log.idx'), 'r');
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    const { size } = await index.stat();
    const block = Buffer.alloc(recordLength * 1024);
    let at = (await firstRecord(index, Math.floor(size / recordLength), offset)) * recordLength;
    for (; at + recordLength <= size; at += block.length) {
      const { bytesRead } = await index.read(block, 0, block.length, at);
      for (let i = 0; i + recordLength <= bytesRead; i += recordLength) {
        const record = decode(block, i);
        if (record.stream === 2 || record.offset < offset) continue;
        yield {
          offset: record.offset,
          length: record.length,
          time: record.time,
          stream: record.stream === 1 ? 'stderr' : 'stdout',
        };
      }
    }
  } finally {
    await index.close();
  }
}

/** The number of the first record at or after the offset, found by halving. */
async function firstRecord(index: FileHandle, records: number, offset: number): Promise<number> {
  const buffer = Buffer.alloc(recordLength);
  let low = 0;
  let high = records;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    await index.read(buffer, 0, recordLength, middle * recordLength);
    if (decode(buffer, 0).offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
