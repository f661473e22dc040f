/** Watches a run that another process drives, and takes over where that process dies. */
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError } from '../domain/errors';
import { hasEnded, type Run } from '../domain/run';
import type { DrivenRun } from '../runner';
import type { Lease, LogPiece } from '../store/store';
import { isToClear } from './intent';
import type { RunContext, SafeEvents } from './runContext';

const pollMilliseconds = 250;
const partBytes = 1024 * 1024;

export class RunWatcher implements DrivenRun {
  readonly ended: Promise<Run>;
  private readonly released = new AbortController();
  private offset = 0;
  private shown = '';
  private taken: DrivenRun | undefined;
  private stopAsked = false;

  constructor(
    private readonly context: RunContext,
    readonly id: string,
    private readonly events: SafeEvents,
    private readonly takeOver: (lease: Lease) => Promise<DrivenRun>,
  ) {
    this.ended = this.watch();
  }

  async stop(now = false): Promise<void> {
    if (this.taken !== undefined) return this.taken.stop(now);
    const kill = now || this.stopAsked;
    this.stopAsked = true;
    return this.context.store.runs.requestStop(this.id, kill);
  }

  async release(): Promise<void> {
    this.released.abort();
    await this.taken?.release();
    await this.ended.catch(() => undefined);
  }

  private async watch(): Promise<Run> {
    const { runs } = this.context.store;
    for (;;) {
      const record = await runs.read(this.id);
      if (record === undefined)
        throw new ExpectedError('run-missing', `The run ${this.id} was deleted while it was watched.`);
      await this.showLog();
      this.showRun(record.run);
      const isOver = hasEnded(record.run.state);
      if (this.released.signal.aborted || (isOver && !isToClear(record.intent))) return record.run;
      const lease = await runs.lease(this.id);
      // Whoever drives it clears it away.
      if (isOver && lease === undefined) return record.run;
      if (lease !== undefined) {
        this.taken = await this.takeOver(lease);
        // Released while it was being taken over: it must not be driven on unasked.
        if (this.released.signal.aborted) await this.taken.release();
        return this.taken.ended;
      }
      await delay(pollMilliseconds, undefined, { signal: this.released.signal }).catch(() => undefined);
    }
  }

  private showRun(run: Run): void {
    const text = JSON.stringify(run);
    if (text === this.shown) return;
    this.shown = text;
    this.events.run(run);
  }

  /** What the log holds beyond what was shown, piece by piece with its stream; a long log a part at a time. */
  private async showLog(): Promise<void> {
    let part: LogPiece[] = [];
    let length = 0;
    for await (const piece of this.context.store.runs.readLogIndex(this.id, this.offset)) {
      part.push(piece);
      length += piece.length;
      if (length < partBytes) continue;
      if (!(await this.showPart(part, length))) return;
      part = [];
      length = 0;
    }
    await this.showPart(part, length);
  }

  /** False where the log does not hold all of it yet. */
  private async showPart(part: readonly LogPiece[], length: number): Promise<boolean> {
    const start = part[0]?.offset;
    if (start === undefined) return true;
    const bytes = await this.bytesAt(start, length);
    for (const piece of part) {
      const from = piece.offset - start;
      if (from + piece.length > bytes.length) return false;
      const { time, stream } = piece;
      this.events.text({ runId: this.id, time, stream, bytes: bytes.subarray(from, from + piece.length) });
      this.offset = piece.offset + piece.length;
    }
    return true;
  }

  private async bytesAt(start: number, length: number): Promise<Buffer> {
    const found: Uint8Array[] = [];
    let missing = length;
    for await (const bytes of this.context.store.runs.readLog(this.id, start)) {
      found.push(bytes.subarray(0, missing));
      missing -= bytes.length;
      if (missing <= 0) break;
    }
    return Buffer.concat(found);
  }
}
