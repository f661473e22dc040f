/** `_results.json`: what went in, what came out, and how long it took. Exactly these keys. */
import * as z from 'zod';

/** Times are seconds since the epoch; `execution_time` is seconds of a monotonic clock. Secret values appear as `***`. */
export const resultsSchema = z.strictObject({
  parameters: z.strictObject({
    /** The pipeline's name, or else the package's. */
    pipeline: z.string(),
    inputs: z.strictObject({
      package: z.string(),
      /** The version that the run started from. */
      version: z.string(),
      /** The dataset's path: relative to the workspace with `/`, absolute outside of it. */
      train_data: z.string(),
      /** "False" without a GPU, "True" with one. */
      gpu: z.enum(['True', 'False']),
    }),
    env: z.record(z.string(), z.string()),
  }),
  run_summary: z.strictObject({
    execution_time: z.number().min(0),
    start_at: z.number().min(0),
    end_at: z.number().min(0),
    /** Relative to the run's folder; "" where nothing was kept. */
    outputs: z.strictObject({
      train_data: z.string(),
      artifacts_data: z.string(),
      package: z.string(),
      /** The version that the run made; "" where it failed or was killed. */
      version: z.string(),
    }),
  }),
});
export type Results = z.infer<typeof resultsSchema>;

export const resultsFileName = '_results.json';
export const maskedSecret = '***';
