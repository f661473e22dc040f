/** Copies of datasets that engines elsewhere keep: the shapes of `datasets`. */
import * as z from 'zod';
import { parseDuration } from './quantities';
import { digestText } from './treeHash';

export const storedDatasetSchema = z.strictObject({
  engine: z.string(),
  /** What the folder was called. */
  name: z.string(),
  tree: digestText,
  files: z.int().min(0),
  bytes: z.int().min(0),
  /** ISO 8601, or "". */
  sentAt: z.string(),
  /** When a run of this store last began or ended with it, or it was sent. */
  usedAt: z.string(),
  /** Runs that have it now: it stays as long as they do. */
  users: z.array(z.string()),
});
export type StoredDataset = z.infer<typeof storedDatasetSchema>;

export const storedDatasetsSchema = z.strictObject({
  datasets: z.array(storedDatasetSchema),
  /** Engines that could not be asked. */
  problems: z.array(z.strictObject({ engine: z.string(), message: z.string() })),
});
export type StoredDatasets = z.infer<typeof storedDatasetsSchema>;

export const clearedDatasetsSchema = z.strictObject({
  cleared: z.array(storedDatasetSchema),
  /** What that has freed: contents that other copies have too stay. */
  bytes: z.int().min(0),
  /** Those that were to go and are in use. */
  kept: z.array(storedDatasetSchema),
  problems: z.array(z.strictObject({ engine: z.string(), message: z.string() })),
});
export type ClearedDatasets = z.infer<typeof clearedDatasetsSchema>;

/** Milliseconds of `30d`, `12h` or `90m`; copies are kept for days. Undefined where it is no time. */
export function datasetAge(text: string): number | undefined {
  const days = /^(\d+(?:\.\d+)?)d$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * 24 * 3600 * 1000;
  try {
    return parseDuration(text) * 1000;
  } catch {
    return undefined;
  }
}
