/** Streams logs to the client line by line, while it wants them. */
import type { RunLogLine, Runner } from '../runner';

/** `pending`: how many of the lines, at their end, have not ended and will be told again. */
export type SendLines = (
  id: string,
  from: number,
  lines: readonly RunLogLine[],
  ended: boolean,
  pending: number,
) => void;

const batchLines = 1_000;
const batchMilliseconds = 50;

export class LogWatches {
  private readonly watches = new Map<string, AbortController>();

  constructor(
    private readonly runner: Runner,
    private readonly send: SendLines,
  ) {}

  watch(id: string, from: number): void {
    this.unwatch(id);
    const controller = new AbortController();
    this.watches.set(id, controller);
    void this.stream(id, from, controller.signal);
  }

  unwatch(id: string): void {
    this.watches.get(id)?.abort();
    this.watches.delete(id);
  }

  dispose(): void {
    for (const controller of this.watches.values()) controller.abort();
    this.watches.clear();
  }

  private async stream(id: string, from: number, signal: AbortSignal): Promise<void> {
    let number = 0;
    let batch: RunLogLine[] = [];
    let pending: readonly RunLogLine[] = [];
    let toldPending = '';
    const flush = (ended: boolean): void => {
      const open = ended || number < from ? [] : pending;
      const text = open.map((line) => `${line.stream} ${line.text}`).join('\n');
      if (signal.aborted || (batch.length === 0 && !ended && text === toldPending)) return;
      toldPending = text;
      this.send(id, number - batch.length, [...batch, ...open], ended, open.length);
      batch = [];
    };
    const timer = setInterval(() => flush(false), batchMilliseconds);
    try {
      for await (const line of this.runner.logLines(id, {
        follow: true,
        signal,
        onPending: (open) => (pending = open),
      })) {
        if (signal.aborted) return;
        number += 1;
        pending = [];
        if (number <= from) continue;
        batch.push(line);
        if (batch.length >= batchLines) flush(false);
      }
      flush(true);
    } catch {
      flush(true);
    } finally {
      clearInterval(timer);
      if (!signal.aborted) this.watches.delete(id);
    }
  }
}
