/** A run: one execution of a pipeline, as every command shows it. */
import * as z from 'zod';
import { resultsSchema } from './results';

export const activeStates = ['Scheduled', 'Packaging', 'Waiting for resources', 'Running', 'Finalizing'] as const;
export const endedStates = ['Successful', 'Failed', 'Killed'] as const;
export const runStates = [...activeStates, ...endedStates] as const;
export type RunState = (typeof runStates)[number];
export type ActiveState = (typeof activeStates)[number];

export const hasEnded = (state: RunState): boolean => (endedStates as readonly string[]).includes(state);

export const causeKinds = [
  /** An exception, exit or signal of the user's code. */
  'code',
  /** No Main, train or save, or not callable so, found only when run. */
  'contract',
  'out-of-memory',
  'killed',
  'timed-out',
  'engine',
  'lost',
  'requirements',
  /** No `train.py` left, or nothing that can be kept. */
  'invalid-output',
] as const;
export type CauseKind = (typeof causeKinds)[number];

/** A frame of a Python traceback. `file`: relative to the package where the frame is the user's. `line`: one-based. */
export const frameSchema = z.strictObject({
  file: z.string(),
  line: z.int().min(0),
  function: z.string(),
  text: z.string(),
});
export type Frame = z.infer<typeof frameSchema>;

export const causeSchema = z.strictObject({
  kind: z.enum(causeKinds),
  message: z.string(),
  hint: z.string(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  /** Outermost frame first. */
  traceback: z.array(frameSchema),
  /** The exceptions that this one came from, nearest first. */
  chain: z.array(z.strictObject({ message: z.string(), traceback: z.array(frameSchema) })),
});
export type Cause = z.infer<typeof causeSchema>;

export const warningSchema = z.strictObject({ code: z.string(), message: z.string() });
export type Warning = z.infer<typeof warningSchema>;

/** What keeps the run from going on, from outside. */
export const problemSchema = z.strictObject({ code: z.string(), message: z.string(), hint: z.string() });
export type Problem = z.infer<typeof problemSchema>;

export const gotGpuSchema = z.strictObject({ model: z.string(), uuid: z.string(), driver: z.string() });
export type GotGpu = z.infer<typeof gotGpuSchema>;

/** ISO 8601, UTC, with milliseconds. */
export const timeText = z.iso.datetime({ precision: 3 });

export const runSchema = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  /** The pipeline's name, or else the package's. */
  pipeline: z.string(),
  package: z.string(),
  /** The version that it started from, "" until that is known. */
  from: z.string(),
  /** The version that it made, "" where there is none (yet). */
  version: z.string(),
  state: z.enum(runStates),
  cause: causeSchema.nullable(),
  startedAt: timeText,
  endedAt: timeText.nullable(),
  /** Seconds that each phase has taken, by the words of the states, in order. */
  phases: z.array(z.strictObject({ name: z.enum(activeStates), seconds: z.number().min(0) })),
  problem: problemSchema.nullable(),
  engine: z.string(),
  /** Null with the process engine. */
  image: z.string().nullable(),
  gpu: z.strictObject({
    /** `none`, `all`, a count, or ids with commas between them. */
    requested: z.string(),
    got: z.array(gotGpuSchema),
  }),
  /** `tree`: at the start; "" until it is counted. */
  dataset: z.strictObject({
    path: z.string(),
    tree: z.string(),
    files: z.int().min(0),
    bytes: z.int().min(0),
  }),
  /** Defaults included; secret values as `***`. */
  parameters: z.record(z.string(), z.string()),
  warnings: z.array(warningSchema),
  /** The run's folder, relative to the workspace. */
  folder: z.string(),
  results: resultsSchema.nullable(),
});
export type Run = z.infer<typeof runSchema>;

export const runsSchema = z.strictObject({ runs: z.array(runSchema) });

export function cause(kind: CauseKind, message: string, rest: Partial<Omit<Cause, 'kind' | 'message'>> = {}): Cause {
  return { kind, message, hint: '', exitCode: null, signal: null, traceback: [], chain: [], ...rest };
}

/** Exit code of `run` and `attach` for an ended run (0 successful, 1 failed, 3 engine or environment, 130 killed). */
export function exitCodeOfRun(run: Pick<Run, 'state' | 'cause'>): 0 | 1 | 3 | 130 {
  if (run.state === 'Successful') return 0;
  if (run.state === 'Killed') return 130;
  const kind = run.cause?.kind;
  if (run.state !== 'Failed' || kind === 'engine' || kind === 'lost' || kind === 'requirements') return 3;
  return 1;
}
