/** The intent of a run: all that is needed to drive it on, kept in `run.json` beside the run document. No secret values. */
import * as z from 'zod';
import { datasetAccessModes, networkModes } from '../domain/pipeline';
import { activeStates, warningSchema } from '../domain/run';

const limitsSchema = z.strictObject({
  memory: z.number().nullable(),
  cpus: z.number().nullable(),
  shm: z.number().nullable(),
  timeoutSeconds: z.number().nullable(),
});

export const intentSchema = z.strictObject({
  schema: z.literal(1),
  nonce: z.string(),
  installation: z.string(),
  /** Address of the engine: a name may stand for another one by now. Absent where the engine has none. */
  endpoint: z.string().optional(),
  /**
   * How far the run got, durably. packaging: nothing is on the engine yet. submitting: `start` may have been called.
   * started: the engine has accepted it. ended: the engine's verdict is known. sealed: all is in place, only the
   * engine's things are still to be removed. done: nothing is left to do.
   */
  stage: z.enum(['packaging', 'submitting', 'started', 'ended', 'sealed', 'done']),
  /** Working folder (absolute) whose content is published first, or null where the run starts from a version. */
  folder: z.string().nullable(),
  python: z.string(),
  image: z.string(),
  gpu: z.string(),
  network: z.enum(networkModes),
  limits: limitsSchema,
  dataset: z.strictObject({ path: z.string(), access: z.enum(datasetAccessModes) }),
  /** Without the secrets. */
  parameters: z.record(z.string(), z.string()),
  secretNames: z.array(z.string()),
  artifactsDirectory: z.string(),
  saveTrainingData: z.boolean(),
  /** Known once packaging is over. */
  packaged: z
    .strictObject({
      version: z.string(),
      reserved: z.string(),
      mountName: z.string(),
      environment: z.strictObject({
        target: z.string(),
        image: z.strictObject({ name: z.string(), digest: z.string(), platform: z.string() }).nullable(),
        summary: z.string(),
        built: z.boolean(),
        warnings: z.array(warningSchema),
      }),
    })
    .nullable(),
  /** The phase under way and when it began (milliseconds since the epoch). */
  phase: z.strictObject({ name: z.enum(activeStates), at: z.number() }),
  /** The engine's verdict once it is known. */
  verdict: z
    .strictObject({
      kind: z.enum(['ended', 'forgotten']),
      exitCode: z.number().nullable(),
      signal: z.string().nullable(),
      outOfMemory: z.boolean(),
      error: z.string(),
    })
    .nullable(),
  /** When the version is said to be made; fixed before the first try at sealing, so that every try gives the same bytes. */
  sealedAt: z.string().nullable(),
  /** Where several were named, all of them: the first that is free takes the run. */
  engines: z.array(z.string()).default([]),
});
export type Intent = z.infer<typeof intentSchema>;
export type Packaged = NonNullable<Intent['packaged']>;
export type Verdict = NonNullable<Intent['verdict']>;

/** Of a run that has ended: whether something of it is still to be cleared away. What has no readable intent has nothing. */
export function isToClear(intent: unknown): boolean {
  const stage = intentSchema.safeParse(intent).data?.stage;
  return stage !== undefined && stage !== 'done';
}

/** The address that its engine must have; undefined while nothing of the run can be on an engine. */
export const engineOf = ({ stage, endpoint }: Intent): string | undefined =>
  stage === 'packaging' ? undefined : endpoint;

/** From now on things of the run may be on this engine. */
export const onEngine = (intent: Intent, { endpoint }: { readonly endpoint?: string }): Intent => {
  const { endpoint: _, ...rest } = intent;
  return endpoint === undefined ? rest : { ...rest, endpoint };
};
