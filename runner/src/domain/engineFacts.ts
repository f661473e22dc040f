/** What an engine says about itself: the shape of `engines --json`. */
import * as z from 'zod';
import { problemSchema } from './run';

/** `offered`: a host of the user's ssh configuration; nobody connects to it before it is chosen. */
export const engineStates = ['ready', 'unreachable', 'permission', 'unsupported', 'offered'] as const;

export const engineGpuSchema = z.strictObject({
  id: z.string(),
  model: z.string(),
  /** Bytes; null where the machine does not tell (unified memory). */
  memory: z.number().nullable(),
});
export type EngineGpu = z.infer<typeof engineGpuSchema>;

export const engineFactsSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['docker', 'process']),
  endpoint: z.string(),
  state: z.enum(engineStates),
  version: z.string(),
  /** Like "linux/amd64"; "" where unknown. */
  platform: z.string(),
  cpus: z.number().nullable(),
  /** Bytes. */
  memory: z.number().nullable(),
  gpus: z.array(engineGpuSchema),
  problem: problemSchema.nullable(),
});
export type EngineFacts = z.infer<typeof engineFactsSchema>;

export const enginesSchema = z.strictObject({ engines: z.array(engineFactsSchema) });

/** Engines as people call them; any other goes by its name. */
export function engineWords(name: string): string {
  if (name === 'process') return 'Local Python';
  return name === 'docker' ? 'docker (local)' : name;
}

/** The same with how it is reached: "gpu-box (ssh)". */
export function engineTitle({ name, endpoint }: Pick<EngineFacts, 'name' | 'endpoint'>): string {
  const way = /^(ssh|tcp):\/\//.exec(endpoint)?.[1];
  return way === undefined || engineWords(name) !== name
    ? engineWords(name)
    : `${name} (${way === 'tcp' ? 'tls' : way})`;
}
