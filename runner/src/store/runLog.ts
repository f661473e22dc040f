/**
 * The log of a run on disk: `log.txt` (bytes as written), `log.idx` (where each piece belongs) and `events.jsonl`. Data
 * first, then the index: what the index does not know is cut off at the next opening, so no line is there twice.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LogChunk, LogCursor } from '../engine/engine';
import type { Disk, DiskFile } from './disk';
import { isMissing } from './diskErrors';
import { isThere } from './fileOperations';
import { decodeRecord, encodeRecord, recordLength, streamNumbers, type IndexRecord } from './logRecord';
import type { LogPiece, RunLog } from './store';

export const logFile = 'log.txt';
export const indexFile = 'log.idx';
const eventsFile = 'events.jsonl';

type Item = { readonly chunk: LogChunk; readonly cursor: LogCursor };

/** The run's folder must be there. `now` names what is set aside. */
export async function openRunLog(disk: Disk, folder: string, now: number): Promise<RunLog> {
  await disk.stat(folder);
  if (!(await isThere(disk, join(folder, indexFile)))) await setAside(disk, join(folder, logFile), now);
  const log = new FileRunLog(await openFiles(disk, folder));
  try {
    if (await log.mend()) return log;
    await log.close();
  } catch (error) {
    await log.close().catch(() => undefined);
    throw error;
  }
  // Records that nobody wrote: the log is followed again from its start, and what is here is kept aside.
  for (const name of [logFile, indexFile, eventsFile]) await setAside(disk, join(folder, name), now);
  return openRunLog(disk, folder, now);
}

async function setAside(disk: Disk, path: string, now: number): Promise<void> {
  const size = await disk.stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > 0) await disk.rename(path, `${path}.damaged-${now}`);
  else await disk.remove(path);
}

interface Files {
  readonly data: DiskFile;
  readonly index: DiskFile;
  readonly events: DiskFile;
}

async function openFiles(disk: Disk, folder: string): Promise<Files> {
  const opened: DiskFile[] = [];
  try {
    for (const name of [logFile, eventsFile, indexFile]) opened.push(await disk.open(join(folder, name), 'write'));
  } catch (error) {
    for (const file of opened) await file.close().catch(() => undefined);
    throw error;
  }
  const [data, events, index] = opened as [DiskFile, DiskFile, DiskFile];
  return { data, events, index };
}

const digestBlock = 1024 * 1024;
const recordsAtOnce = 1024;

const nothingYet: IndexRecord = { sequence: 0, time: 0, length: 0, stream: 0, offset: 0, eventsEnd: 0, hint: '' };

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

  /** Drops what a crash left half-written. False where the index is no index. */
  async mend(): Promise<boolean> {
    const { data, index, events } = this.files;
    const [dataSize, indexSize, eventsSize] = await Promise.all([data.size(), index.size(), events.size()]);
    const found = await this.lastWhole(Math.floor(indexSize / recordLength), dataSize, eventsSize);
    if (found === undefined) return false;
    const { end, records } = found;
    this.length = end.offset + end.length;
    this.eventsLength = end.eventsEnd;
    this.indexLength = records * recordLength;
    this.last = end.sequence === 0 ? null : { sequence: end.sequence, hint: end.hint };
    if (this.indexLength !== indexSize) await index.truncate(this.indexLength);
    if (this.length !== dataSize) await data.truncate(this.length);
    if (this.eventsLength !== eventsSize) await events.truncate(this.eventsLength);
    return true;
  }

  /** The last record whose data are there. Undefined where there are only records that nobody wrote. */
  private async lastWhole(count: number, dataSize: number, eventsSize: number) {
    let strange = 0;
    for (let records = count; records > 0; records--) {
      const end = await this.recordAt(records - 1);
      if (end === undefined) strange += 1;
      else if (end.offset + end.length <= dataSize && end.eventsEnd <= eventsSize) return { end, records };
    }
    return strange > 0 ? undefined : { end: nothingYet, records: 0 };
  }

  async append(chunks: readonly Item[]): Promise<void> {
    const bytes: Uint8Array[] = [];
    const records: Buffer[] = [];
    const events: Buffer[] = [];
    let offset = this.length;
    let eventsEnd = this.eventsLength;
    let last = this.last;
    for (const { chunk, cursor } of chunks) {
      const { sequence, time } = chunk;
      if (sequence <= (last?.sequence ?? 0)) continue;
      const isEvent = chunk.stream === 'event';
      const length = isEvent ? 0 : chunk.bytes.length;
      if (isEvent) eventsEnd += events[events.push(eventLine(chunk)) - 1]?.length ?? 0;
      else bytes.push(chunk.bytes);
      const stream = streamNumbers[chunk.stream];
      records.push(encodeRecord({ sequence, time, length, stream, offset, eventsEnd, hint: cursor.hint }));
      offset += length;
      last = { sequence, hint: cursor.hint };
    }
    if (records.length === 0) return;
    await this.write(Buffer.concat(bytes), Buffer.concat(records), Buffer.concat(events));
    this.last = last;
  }

  async note(text: string, time: number): Promise<void> {
    const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
    const record = encodeRecord({
      sequence: this.last?.sequence ?? 0,
      time,
      length: bytes.length,
      stream: streamNumbers.note,
      offset: this.length,
      eventsEnd: this.eventsLength,
      hint: this.last?.hint ?? '',
    });
    await this.write(bytes, record, Buffer.alloc(0));
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    for await (const { start, end } of this.ranges()) {
      for (let at = start; at < end;) {
        const part = await this.files.data.read(Math.min(digestBlock, end - at), at);
        if (part.length === 0) return '';
        hash.update(part);
        at += part.length;
      }
    }
    return hash.digest('hex');
  }

  async reset(): Promise<void> {
    await this.files.index.truncate(0);
    this.last = null;
    this.length = 0;
    this.indexLength = 0;
    this.eventsLength = 0;
    await this.files.data.truncate(0);
    await this.files.events.truncate(0);
  }

  async sync(): Promise<void> {
    const { data, index, events } = this.files;
    const used = this.eventsLength > 0 ? [data, index, events] : [data, index];
    await Promise.all(used.map((file) => file.sync()));
  }

  async close(): Promise<void> {
    const { data, index, events } = this.files;
    await Promise.all([data.close(), index.close(), events.close()]);
  }

  /** Nothing counts before its record is written; what is beyond the counted length is written over. */
  private async write(bytes: Buffer, records: Buffer, events: Buffer): Promise<void> {
    if (bytes.length > 0) await this.files.data.write(bytes, this.length);
    if (events.length > 0) await this.files.events.write(events, this.eventsLength);
    await this.files.index.write(records, this.indexLength);
    this.length += bytes.length;
    this.indexLength += records.length;
    this.eventsLength += events.length;
  }

  private async recordAt(number: number): Promise<IndexRecord | undefined> {
    return decodeRecord(await this.files.index.read(recordLength, number * recordLength), 0);
  }

  /** Where the run's own bytes are, neighbours joined. */
  private async *ranges(): AsyncIterable<{ readonly start: number; readonly end: number }> {
    let range = { start: 0, end: 0 };
    for (let at = 0; at < this.indexLength; at += recordsAtOnce * recordLength) {
      const want = Math.min(recordsAtOnce * recordLength, this.indexLength - at);
      for (const record of recordsIn(await this.files.index.read(want, at))) {
        if (record.stream > streamNumbers.stderr) continue;
        if (record.offset !== range.end) {
          yield range;
          range = { start: record.offset, end: record.offset };
        }
        range = { start: range.start, end: record.offset + record.length };
      }
    }
    yield range;
  }
}

/** Stops at a record that is not whole. */
function* recordsIn(block: Buffer): Iterable<IndexRecord> {
  for (let at = 0; at + recordLength <= block.length; at += recordLength) {
    const record = decodeRecord(block, at);
    if (record === undefined) return;
    yield record;
  }
}

/** `time` is added to the harness's own words. */
function eventLine(chunk: LogChunk): Buffer {
  try {
    const value = JSON.parse(Buffer.from(chunk.bytes).toString('utf8')) as object;
    return Buffer.from(`${JSON.stringify({ time: chunk.time, ...value })}\n`);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The pieces of a log from a byte offset on, from a reader's own handle. */
export async function* readPieces(disk: Disk, folder: string, offset: number): AsyncIterable<LogPiece> {
  const path = join(folder, indexFile);
  if (!(await isThere(disk, path))) return;
  const index = await disk.open(path, 'read');
  try {
    const size = await index.size();
    let at = (await firstRecord(index, Math.floor(size / recordLength), offset)) * recordLength;
    for (; at + recordLength <= size; at += recordsAtOnce * recordLength) {
      for (const record of recordsIn(await index.read(recordsAtOnce * recordLength, at))) {
        if (record.stream === streamNumbers.event || record.offset < offset) continue;
        const { length, time } = record;
        const stream = record.stream === streamNumbers.stderr ? 'stderr' : 'stdout';
        yield { offset: record.offset, length, time, stream };
      }
    }
  } finally {
    await index.close();
  }
}

/** The number of the first record at or after the offset, found by halving. */
async function firstRecord(index: DiskFile, records: number, offset: number): Promise<number> {
  let low = 0;
  let high = records;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = decodeRecord(await index.read(recordLength, middle * recordLength), 0);
    if (record !== undefined && record.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bytes of a log from an offset to its present end; nothing where there is no log. */
export async function* readBytes(disk: Disk, folder: string, offset: number): AsyncIterable<Uint8Array> {
  let file: DiskFile;
  try {
    file = await disk.open(join(folder, logFile), 'read');
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    const size = await file.size();
    for (let at = offset; at < size;) {
      const part = await file.read(Math.min(64 * 1024, size - at), at);
      if (part.length === 0) return;
      yield part;
      at += part.length;
    }
  } finally {
    await file.close();
  }
}
