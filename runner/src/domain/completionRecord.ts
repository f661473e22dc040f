/**
 * The completion record: what the harness wrote inside the container when the training code was over. It decides
 * success; an exit code of the container proves nothing. Written by `runner/harness`, last of all, by rename.
 */
import * as z from 'zod';
import { frameSchema, gotGpuSchema } from './run';

export const recordFileName = 'record.json';

export const exceptionSchema = z.strictObject({
  /** Class of the exception, like "RuntimeError". */
  type: z.string(),
  message: z.string(),
  traceback: z.array(frameSchema),
  chain: z.array(z.strictObject({ message: z.string(), traceback: z.array(frameSchema) })),
});

export const completionRecordSchema = z.strictObject({
  schema: z.literal(1),
  /** The run's nonce; any other means that this is not our record. */
  nonce: z.string(),
  run: z.string(),
  /** Version of the harness. */
  harness: z.string(),
  /**
   * completed: train() and save() returned. failed: anything else that the user's code did. timed-out: the time limit.
   * interrupted: SIGTERM came from outside. gpu-missing: a GPU was asked for and none is there.
   */
  outcome: z.enum(['completed', 'failed', 'timed-out', 'interrupted', 'gpu-missing']),
  /** How far the user's code got when it ended. */
  step: z.enum(['start', 'import', 'init', 'train', 'save', 'done']),
  /** Set where `outcome` is failed: which kind of cause it is; engine where Python itself could not be started. */
  kind: z.enum(['code', 'contract', 'out-of-memory', 'engine']).nullable(),
  /** A sentence for people, "" where completed. */
  message: z.string(),
  hint: z.string(),
  exitCode: z.int().nullable(),
  /** Like "SIGSEGV". */
  signal: z.string().nullable(),
  exception: exceptionSchema.nullable(),
  /** Seconds since the epoch. */
  startedAt: z.number(),
  endedAt: z.number(),
  /** Monotonic seconds from the start of the user's code to its end. */
  seconds: z.number().min(0),
  /** What the log held in all: framed records, payload bytes, and SHA-256 (hex) of all stdout and stderr payload in order. */
  log: z.strictObject({ records: z.int().min(0), bytes: z.int().min(0), sha256: z.string() }),
  /** Like "3.12.7". */
  python: z.string(),
  /** Like "linux/amd64". */
  platform: z.string(),
  distributions: z.array(z.string()),
  gpu: z.strictObject({ got: z.array(gotGpuSchema), problem: z.string() }),
  resources: z.strictObject({
    cpus: z.number().nullable(),
    /** Bytes: the limit of the run or the machine's. */
    memory: z.number().nullable(),
    /** Bytes: the highest seen. */
    peakMemory: z.number().nullable(),
  }),
  /** True where a write into the read-only dataset failed (EROFS or EACCES below it): the run may want `datasetAccess: "copy"`. */
  datasetReadOnlyError: z.boolean(),
  /** Whether anything was found under the artifacts directory at the end (empty folders do not count). */
  artifacts: z.boolean(),
  /** Entries that the harness could not hand over, by path relative to the package. */
  skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
});
export type CompletionRecord = z.infer<typeof completionRecordSchema>;
