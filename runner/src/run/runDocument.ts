/** Pure changes of a run and its intent: phases, ending, results. */
import type { Results } from '../domain/results';
import type { ActiveState, Cause, Run, RunState, Warning } from '../domain/run';
import type { Intent } from './intent';

export interface RunDraft {
  readonly run: Run;
  readonly intent: Intent;
}

/** Durations come from a monotonic clock while one process sees both ends of a phase, else from the wall clock. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a monotonic clock. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Measures phases; made anew by every process that drives the run. */
export class PhaseTimer {
  private began: { name: string; monotonic: number } | undefined;

  constructor(private readonly clock: Clock) {}

  /** Ends the phase under way (adding its seconds) and begins another. The same phase again changes nothing. */
  enter(draft: RunDraft, name: ActiveState): RunDraft {
    if (draft.intent.phase.name === name && draft.run.state === name) return draft;
    const closed = this.close(draft);
    this.began = { name, monotonic: this.clock.monotonic() };
    return {
      run: { ...closed, state: name },
      intent: { ...draft.intent, phase: { name, at: this.clock.now() } },
    };
  }

  /** Marks that this process saw the run's first phase begin. */
  beginAt(name: ActiveState): void {
    this.began = { name, monotonic: this.clock.monotonic() };
  }

  end(draft: RunDraft, state: RunState): Run {
    const run = this.close(draft);
    // A clock that was set back in mid-run makes no run end before it began.
    const earliest = Date.parse(run.startedAt) + run.phases.reduce((sum, { seconds }) => sum + seconds * 1000, 0);
    return { ...run, state, endedAt: isoTime(Math.max(this.clock.now(), Math.floor(earliest))) };
  }

  /** The run with the seconds of its current phase added up to now. */
  private close({ run, intent }: RunDraft): Run {
    const { name, at } = intent.phase;
    const seconds =
      this.began?.name === name
        ? (this.clock.monotonic() - this.began.monotonic) / 1000
        : Math.max(0, (this.clock.now() - at) / 1000);
    return { ...run, phases: addSeconds(run.phases, name, roundSeconds(seconds)) };
  }
}

function addSeconds(phases: Run['phases'], name: ActiveState, seconds: number): Run['phases'] {
  const known = phases.find((phase) => phase.name === name);
  if (known === undefined) return [...phases, { name, seconds }];
  return phases.map((phase) => (phase === known ? { name, seconds: roundSeconds(known.seconds + seconds) } : phase));
}

const roundSeconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

export function withWarnings(run: Run, warnings: readonly Warning[]): Run {
  const fresh = warnings.filter(
    (warning) => !run.warnings.some((known) => known.code === warning.code && known.message === warning.message),
  );
  return fresh.length === 0 ? run : { ...run, warnings: [...run.warnings, ...fresh] };
}

export interface Kept {
  /** Relative to the run's folder, or "". */
  readonly artifacts: string;
  readonly dataset: string;
}

export function resultsOf(run: Run, kept: Kept): Results {
  const startAt = Date.parse(run.startedAt) / 1000;
  const endAt = Date.parse(run.endedAt ?? run.startedAt) / 1000;
  const total = run.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return {
    parameters: {
      pipeline: run.pipeline,
      inputs: {
        package: run.package,
        version: run.from,
        train_data: run.dataset.path,
        gpu: run.gpu.requested === 'none' ? 'False' : 'True',
      },
      env: run.parameters,
    },
    run_summary: {
      execution_time: roundSeconds(total),
      start_at: startAt,
      end_at: endAt,
      outputs: {
        train_data: kept.dataset,
        artifacts_data: kept.artifacts,
        package: run.package,
        version: run.version,
      },
    },
  };
}

export const failedWith = (run: Run, cause: Cause): Run => ({ ...run, cause, version: '' });
