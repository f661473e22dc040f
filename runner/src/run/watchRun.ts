/** Watches a run that another process drives, and takes over where that process dies. */
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError } from '../domain/errors';
import { hasEnded, type Run } from '../domain/run';
import type { DrivenRun } from '../runner';
import type { Lease, LogPiece } from '../store/store';
import { isToClear } from './intent';
import type { RunContext, SafeEvents } from './runContext';

const pollMilliseconds = 250;

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

  /** What the log holds beyond what was shown, piece by piece with its stream. */
  private async showLog(): Promise<void> {
    const { runs } = this.context.store;
    const pieces: LogPiece[] = [];
    for await (const piece of runs.readLogIndex(this.id, this.offset)) pieces.push(piece);
    if (pieces.length === 0) return;
    const start = this.offset;
    const bytes: Uint8Array[] = [];
    for await (const part of runs.readLog(this.id, start)) bytes.push(part);
    const all = Buffer.concat(bytes);
    for (const piece of pieces) {
      const from = piece.offset - start;
      if (piece.offset < start || from + piece.length > all.length) continue;
      const { time, stream } = piece;
      this.events.text({ runId: this.id, time, stream, bytes: all.subarray(from, from + piece.length) });
      this.offset = piece.offset + piece.length;
    }
  }
}
