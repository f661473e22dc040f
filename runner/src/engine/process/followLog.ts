/** Reads a local run's framed log file, from a byte offset on. */
import { watch } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeRecord, LineSplitter } from '../logFrames';
import type { FollowOptions, LogChunk, LogCursor } from '../engine';
import type { RunPaths } from './runPaths';

export interface LogItem {
  readonly chunk: LogChunk;
  readonly cursor: LogCursor;
}

const readBytes = 256 * 1024;
/** A watcher may stay silent, so the file is looked at again all the same. */
const lookMilliseconds = 250;

export async function* followLog(
  paths: RunPaths,
  options: FollowOptions,
  isOver: () => Promise<boolean>,
): AsyncGenerator<LogItem> {
  const reader = new LogReader(paths.log, options.after);
  const news = new News(paths.log, options.signal);
  try {
    for (;;) {
      options.signal.throwIfAborted();
      // Asked before reading: what was written until then is read in any case.
      const last = !options.live || (await isOver());
      yield* reader.read(options.signal);
      if (last) return;
      await news.wait();
    }
  } finally {
    news.close();
    await reader.close();
  }
}

/** Knows its place in the file, and starts over where the file is not the one that the cursor was made from. */
class LogReader {
  private handle: FileHandle | undefined;
  private offset: number;
  /** Where the line begins that is still incomplete. */
  private lineStart: number;
  private sequence: number;
  private splitter = new LineSplitter();
  private checked: boolean;

  constructor(
    private readonly path: string,
    after: LogCursor | null,
  ) {
    const place = Number(after?.hint ?? '0');
    this.sequence = after?.sequence ?? 0;
    this.offset = Number.isSafeInteger(place) && place >= 0 ? place : 0;
    this.lineStart = this.offset;
    this.checked = this.offset === 0;
  }

  async *read(signal: AbortSignal): AsyncGenerator<LogItem> {
    this.handle ??= await open(this.path, 'r').catch(() => undefined);
    if (this.handle === undefined) return;
    await this.startOverIfShorter(this.handle);
    const buffer = Buffer.allocUnsafe(readBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await this.handle.read(buffer, 0, readBytes, this.offset);
      if (bytesRead === 0) return;
      const lines = this.splitter.push(buffer.subarray(0, bytesRead));
      this.offset += bytesRead;
      for (const line of lines) {
        this.lineStart += line.length + 1;
        const item = this.item(line);
        if (item === 'start over') break;
        if (item !== undefined) yield item;
      }
    }
  }

  private item(line: Buffer): LogItem | 'start over' | undefined {
    const chunk = decodeRecord(line);
    if (!this.checked) {
      this.checked = true;
      if (chunk?.sequence !== this.sequence + 1) {
        this.startOver();
        return 'start over';
      }
    }
    if (chunk === undefined || chunk.sequence <= this.sequence) return undefined;
    this.sequence = chunk.sequence;
    // The bytes may be a part of the read buffer; a copy outlives it.
    const cursor = { sequence: chunk.sequence, hint: String(this.lineStart) };
    return { chunk: { ...chunk, bytes: Uint8Array.from(chunk.bytes) }, cursor };
  }

  private startOver(): void {
    this.offset = 0;
    this.lineStart = 0;
    this.splitter = new LineSplitter();
  }

  private async startOverIfShorter(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat();
    if (size < this.offset) this.startOver();
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** Wakes when the file may have grown. */
class News {
  private ring: () => void = () => undefined;
  private watcher: ReturnType<typeof watch> | undefined;

  constructor(
    private readonly path: string,
    private readonly signal: AbortSignal,
  ) {}

  async wait(): Promise<void> {
    const timer = new AbortController();
    const rung = new Promise<void>((resolve) => (this.ring = resolve));
    this.watcher ??= this.startWatching();
    const signal = AbortSignal.any([this.signal, timer.signal]);
    await Promise.race([rung, delay(lookMilliseconds, undefined, { signal }).catch(() => undefined)]);
    timer.abort();
  }

  private startWatching(): ReturnType<typeof watch> | undefined {
    try {
      const watcher = watch(this.path, { persistent: false }, () => this.ring());
      watcher.on('error', () => undefined);
      return watcher;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.watcher?.close();
  }
}
