/**
 * What the harness is told (`spec.json` in its control folder), and the folders that it keeps to.
 *
 * Layout on the engine's side, below one base folder (a container's `/training`, or a local run's work folder):
 *   control/spec.json       this value; `control/secrets.json` beside it is read and unlinked before user code starts
 *   control/harness.py …    the harness itself
 *   control/record.json     the completion record, written last, by rename
 *   <package>/              the working directory of the run (`packageFolder`), with the dataset at `<package>/<mountName>`
 *   out/package, out/artifacts   what the harness hands over at the end, by renaming out of the working directory
 */
import * as z from 'zod';

export const harnessSpecSchema = z.strictObject({
  schema: z.literal(1),
  run: z.string(),
  nonce: z.string(),
  /** Name of the working directory below the base folder. */
  package: z.string(),
  /** Absolute path of the base folder on the engine's side. */
  base: z.string(),
  /** Name of the dataset inside the package. */
  data: z.string(),
  /**
   * mount: the dataset is mounted there already. link-or-mount: the harness mounts `path` read-only where the system lets
   * it (an unprivileged mount namespace), and otherwise makes the argument of train() the path itself.
   */
  dataset: z.union([
    z.strictObject({ kind: z.literal('mount') }),
    z.strictObject({ kind: z.literal('local'), path: z.string(), access: z.enum(['read-only', 'copy']) }),
  ]),
  artifacts: z.string(),
  parameters: z.record(z.string(), z.string()),
  secretNames: z.array(z.string()),
  timeoutSeconds: z.number().nullable(),
  /** Between SIGTERM and SIGKILL. */
  graceSeconds: z.number(),
  gpu: z.strictObject({ requested: z.boolean(), count: z.int().nullable() }),
  /** Where framed log records go: the harness's stdout, or a file (absolute path). */
  log: z.union([z.literal('stdout'), z.string()]),
  /** True in a container: every process left over is the run's, and is killed at the end. */
  ownsAllProcesses: z.boolean(),
});
export type HarnessSpec = z.infer<typeof harnessSpecSchema>;

/** What lies beside the package below the base folder. */
const besidePackage: ReadonlySet<string> = new Set(['control', 'out', 'home', 'overlay', 'overlay-probe']);

/** The working directory's name: the package's, unless something else has that place. */
export const packageFolder = (name: string): string =>
  besidePackage.has(name.toLowerCase()) ? `${name}-package` : name;
