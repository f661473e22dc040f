/** Follows a started run to its end: its log by cursor, its state by inspecting, whatever the connection does meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { isExpected, messageOf } from '../domain/errors';
import type { Problem } from '../domain/run';
import type { Engine, EngineState, LogChunk, LogCursor, RunRef } from '../engine/engine';
import type { RunLog } from '../store/store';
import type { RunContext } from './runContext';

type Item = { readonly chunk: LogChunk; readonly cursor: LogCursor };

export interface FollowHooks {
  readonly onState: (state: EngineState) => void;
  /** After the chunks are in the log. */
  readonly onChunks: (chunks: readonly LogChunk[]) => void;
  /** Something outside keeps us from hearing of the run; null once it is heard again. */
  readonly onProblem: (problem: Problem | null) => void;
}

export type FinalState = Extract<EngineState, { kind: 'ended' | 'forgotten' }>;

const pollMilliseconds = 2_000;
const batchLimit = 1_000;
const backOff = [250, 500, 1_000, 2_000, 5_000] as const;

export async function followRun(
  context: RunContext,
  engine: Engine,
  ref: RunRef,
  log: RunLog,
  hooks: FollowHooks,
  signal: AbortSignal,
): Promise<FinalState> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const wake = new Wake();
  let wasLost = false;
  const noticeLoss = (): void => {
    wasLost = true;
  };
  const logs = streamLog(context, engine, ref, log, hooks, both, wake, noticeLoss);
  try {
    // What is still missing of the log is read at the end of the run, by `drainLog`.
    const state = await pollState(engine, ref, hooks, signal, wake, noticeLoss);
    if (!wasLost || state.kind !== 'ended' || state.error !== '') return state;
    return { ...state, error: 'the connection to it was lost in mid-run' };
  } finally {
    stop.abort();
    await logs;
  }
}

/** Reads what there is beyond the cursor, once; used after the end. */
export async function drainLog(
  engine: Engine,
  ref: RunRef,
  log: RunLog,
  hooks: Pick<FollowHooks, 'onChunks'>,
  signal: AbortSignal,
): Promise<void> {
  const writer = new BatchWriter(log, hooks);
  for await (const item of engine.follow(ref, { after: log.cursor, live: false, signal })) await writer.push(item);
  await writer.flush();
}

/** Lets the end of the log hurry the next look at the state. */
class Wake {
  private resolve: () => void = () => undefined;
  private promise = new Promise<void>((resolve) => (this.resolve = resolve));

  ring(): void {
    this.resolve();
  }

  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const both = AbortSignal.any([signal, timer.signal]);
    await Promise.race([this.promise, delay(milliseconds, undefined, { signal: both }).catch(() => undefined)]);
    timer.abort();
    this.promise = new Promise<void>((resolve) => (this.resolve = resolve));
  }
}

async function pollState(
  engine: Engine,
  ref: RunRef,
  hooks: FollowHooks,
  signal: AbortSignal,
  wake: Wake,
  onLoss: () => void,
): Promise<FinalState> {
  for (;;) {
    await wake.wait(pollMilliseconds, signal);
    signal.throwIfAborted();
    const state = await engine.inspect(ref, signal).catch((error: unknown) => unknownBecause(error));
    signal.throwIfAborted();
    if (state.kind === 'unknown') onLoss();
    hooks.onProblem(state.kind === 'unknown' ? silence(engine, state.why) : null);
    hooks.onState(state);
    if (state.kind === 'ended' || state.kind === 'forgotten') return state;
  }
}

const unknownBecause = (error: unknown): EngineState => ({ kind: 'unknown', why: messageOf(error) });

const silence = (engine: Engine, why: string): Problem => ({
  code: 'engine-unreachable',
  message: `No news from ${engine.name}: ${why}`,
  hint: 'The run goes on there; its news are picked up once it answers.',
});

async function streamLog(
  context: RunContext,
  engine: Engine,
  ref: RunRef,
  log: RunLog,
  hooks: FollowHooks,
  signal: AbortSignal,
  wake: Wake,
  onLoss: () => void,
): Promise<void> {
  const writer = new BatchWriter(log, hooks);
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const item of engine.follow(ref, { after: log.cursor, live: true, signal })) {
        await writer.push(item);
        failures = 0;
      }
      await writer.flush();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (isExpected(error, 'disk-full'))
        hooks.onProblem({ code: error.code, message: error.message, hint: error.hint });
      if (isExpected(error, 'engine-unreachable')) onLoss();
      context.log.debug(`log of ${ref.runId}: ${messageOf(error)}`);
      failures += 1;
    }
    wake.ring();
    const pause = failures === 0 ? 100 : (backOff[Math.min(failures - 1, backOff.length - 1)] ?? 5_000);
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

/** Writes chunks in batches while new ones come in, with back-pressure. A failure shows at the next push or flush. */
class BatchWriter {
  private pending: Item[] = [];
  private writing: Promise<void> | undefined;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly log: RunLog,
    private readonly hooks: Pick<FollowHooks, 'onChunks'>,
  ) {}

  async push(item: Item): Promise<void> {
    this.pending.push(item);
    this.writing ??= this.write();
    if (this.pending.length >= batchLimit) await this.writing;
    this.raise();
  }

  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
    this.raise();
  }

  /** What was not written is followed again from the log's cursor. */
  private raise(): void {
    const failed = this.failure;
    this.failure = undefined;
    if (failed === undefined) return;
    this.pending = [];
    throw failed.error;
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.pending.length > 0) {
        const batch = this.pending;
        this.pending = [];
        await this.log.append(batch);
        this.hooks.onChunks(batch.map((item) => item.chunk));
      }
    } catch (error) {
      this.failure = { error };
    } finally {
      this.writing = undefined;
    }
  }
}
