/** What is known of the GPUs of an engine, beyond what `engines` shows. */
import * as z from 'zod';

export const gpuDetailSchema = z.strictObject({
  /** Its number on that machine. */
  id: z.string(),
  /** "" where it has none. */
  uuid: z.string(),
  model: z.string(),
  driver: z.string(),
  /** Bytes; null where it shares the machine's memory. */
  memory: z.number().nullable(),
});
export type GpuDetail = z.infer<typeof gpuDetailSchema>;

export const gpuTroubleSchema = z.strictObject({
  kind: z.enum([
    /** No card. */
    'none',
    /** A card that the engine can't pass on. */
    'toolkit',
    /** The engine takes the request and gives nothing. */
    'silent',
    'driver-missing',
    'driver-old',
    'driver-mismatch',
    /** A GPU of that id is not there. */
    'id',
    /** There is no image to ask in. */
    'not-asked',
    'other',
  ]),
  message: z.string(),
  hint: z.string(),
});
export type GpuTrouble = z.infer<typeof gpuTroubleSchema>;

export const gpuStyles = ['nvidia', 'cdi'] as const;

export const gpuFactsSchema = z.strictObject({
  /** How this engine is asked for GPUs: by the device driver `nvidia`, or by CDI names. */
  style: z.enum(gpuStyles),
  gpus: z.array(gpuDetailSchema),
  /** Why there are none, or null. */
  trouble: gpuTroubleSchema.nullable(),
});
export type GpuFacts = z.infer<typeof gpuFactsSchema>;

/** The GPU that a user means by a number, a UUID, or the beginning of one. */
export function gpuById(gpus: readonly GpuDetail[], id: string): GpuDetail | undefined {
  const exact = gpus.find((gpu) => gpu.id === id || gpu.uuid === id);
  if (exact !== undefined || !/^gpu-./i.test(id)) return exact;
  const matches = gpus.filter(({ uuid }) => uuid.toLowerCase().startsWith(id.toLowerCase()));
  return matches.length === 1 ? matches[0] : undefined;
}
