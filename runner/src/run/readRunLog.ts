/** The log of a run for its readers: as bytes or as lines, now or until the run has ended. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../domain/run';
import type { RunLogLine } from '../runner';
import type { RunStore } from '../store/store';
import { LineAssembler } from './logLines';

const pollMilliseconds = 200;

export interface FollowLog {
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told the lines that have not ended yet, each time that all there is was read. */
  readonly onPending?: ((lines: readonly RunLogLine[]) => void) | undefined;
}

export async function* logBytes(runs: RunStore, id: string, options: FollowLog): AsyncIterable<Uint8Array> {
  let offset = 0;
  for await (const last of rounds(runs, id, options)) {
    void last;
    for await (const bytes of runs.readLog(id, offset)) {
      offset += bytes.length;
      yield bytes;
    }
  }
}

export async function* logLines(runs: RunStore, id: string, options: FollowLog): AsyncIterable<RunLogLine> {
  const lines = new LineAssembler();
  const reader = new PieceReader(runs, id);
  for await (const last of rounds(runs, id, options)) {
    void last;
    for await (const { piece, bytes } of reader.next()) yield* lines.push(piece.stream, piece.time, bytes);
    options.onPending?.(lines.pending());
  }
  yield* lines.end();
}

/** Lines of `events.jsonl`; a torn last line is passed over. */
export async function* readRunEvents(runs: RunStore, id: string): AsyncIterable<unknown> {
  const file = createReadStream(join(runs.folder(id), 'events.jsonl'), 'utf8');
  const lines = createInterface({ input: file, crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      const value = parseJson(line);
      if (value !== undefined) yield value;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One round now, and more until the run has ended; the last round comes after the end. */
async function* rounds(runs: RunStore, id: string, options: FollowLog): AsyncIterable<boolean> {
  for (;;) {
    const record = options.follow ? await runs.read(id) : undefined;
    const last = record === undefined || hasEnded(record.run.state) || options.signal?.aborted === true;
    yield last;
    if (last) return;
    await delay(pollMilliseconds, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** Joins the index with the bytes, in bounded memory. */
class PieceReader {
  private offset = 0;

  constructor(
    private readonly runs: RunStore,
    private readonly id: string,
  ) {}

  async *next() {
    const source = new ByteSource(this.runs.readLog(this.id, this.offset)[Symbol.asyncIterator]());
    try {
      for await (const piece of this.runs.readLogIndex(this.id, this.offset)) {
        if (piece.offset < this.offset || piece.length === 0) continue;
        const bytes = await source.take(piece.length);
        if (bytes === undefined) return;
        this.offset = piece.offset + piece.length;
        yield { piece, bytes };
      }
    } finally {
      await source.close();
    }
  }
}

class ByteSource {
  private buffer = Buffer.alloc(0);

  constructor(private readonly parts: AsyncIterator<Uint8Array>) {}

  /** Lets go of the file, also where not all of it was read. */
  async close(): Promise<void> {
    await this.parts.return?.();
  }

  async take(length: number): Promise<Uint8Array | undefined> {
    while (this.buffer.length < length) {
      const part = await this.parts.next();
      if (part.done === true) return undefined;
      this.buffer = Buffer.concat([this.buffer, part.value]);
    }
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }
}
