/** What every step of a run needs, passed in from the composition root. */
import type { Log } from '../domain/log';
import type { Run } from '../domain/run';
import type { Engine, OnProgress } from '../engine/engine';
import type { RunEvents } from '../runner';
import type { Store } from '../store/store';
import type { Clock } from './runDocument';

export interface RunContext {
  readonly workspace: string;
  readonly store: Store;
  /** By the name that a run remembers; throws `usage` where there is none. */
  readonly engine: (name: string, endpoint?: string) => Engine;
  readonly clock: Clock;
  readonly log: Log;
  /** See RunnerOptions. */
  readonly datasetAge?: number | undefined;
}

/** The caller's events; whatever they throw is a bug of the caller and stays there. */
export class SafeEvents {
  constructor(
    private readonly events: RunEvents,
    private readonly log: Log,
  ) {}

  run(run: Run): void {
    this.guard(() => this.events.onRun?.(run));
  }

  output(text: string): void {
    this.guard(() => this.events.onOutput?.(text));
  }

  readonly progress: OnProgress = (progress) => this.guard(() => this.events.onProgress?.(progress));

  text(text: Parameters<NonNullable<RunEvents['onLog']>>[0]): void {
    this.guard(() => this.events.onLog?.(text));
  }

  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
    }
  }
}
