/** A version: an immutable zip, sealed by the `version.json` beside it. */
import * as z from 'zod';
import { digestText, fileEntrySchema } from './treeHash';
import { gotGpuSchema, timeText, warningSchema } from './run';

export const sealSchema = z.strictObject({
  /** SHA-256 of the zip's bytes. */
  zip: digestText,
  /** Tree hash of the content below the zip's root folder. */
  tree: digestText,
  files: z.array(fileEntrySchema),
});
export type Seal = z.infer<typeof sealSchema>;

/** What a trained version was made from. Null values mean "unknown" or "not so with this engine". */
export const madeFromSchema = z.strictObject({
  source: z.strictObject({ version: z.string(), tree: digestText }),
  dataset: z.strictObject({
    name: z.string(),
    tree: digestText,
    files: z.int().min(0),
    bytes: z.int().min(0),
    /** True where the dataset was found changed at the end. */
    changed: z.boolean(),
  }),
  image: z.strictObject({ name: z.string(), digest: z.string(), platform: z.string() }).nullable(),
  /** Version of the interpreter, like "3.12.7". */
  python: z.string(),
  /** Installed distributions as `name==version`, sorted. */
  distributions: z.array(z.string()),
  /** As the run's; secret values as `***`. */
  parameters: z.record(z.string(), z.string()),
  gpu: z.array(gotGpuSchema),
  engine: z.string(),
  network: z.string(),
  /** Version of the harness. */
  harness: z.string(),
  resources: z.strictObject({
    platform: z.string(),
    cpus: z.number().nullable(),
    /** Bytes. */
    memory: z.number().nullable(),
  }),
});
export type MadeFrom = z.infer<typeof madeFromSchema>;

export const versionFileSchema = z.strictObject({
  schema: z.literal(1),
  package: z.string(),
  version: z.string(),
  /** The version that training started from; "" where this one was published. */
  from: z.string(),
  /** Id of the run that made it; "" where it was published. */
  run: z.string(),
  createdAt: timeText,
  sealed: sealSchema,
  /** Null where it was published. */
  madeFrom: madeFromSchema.nullable(),
});
export type VersionFile = z.infer<typeof versionFileSchema>;

export const versionFileName = 'version.json';

/** A version as commands show it. */
export const versionSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  from: z.string(),
  run: z.string(),
  createdAt: timeText,
  /** Length of the zip. */
  bytes: z.int().min(0),
  /** The zip, relative to the workspace. */
  path: z.string(),
  /** `sealed.tree`. */
  contentHash: digestText,
  dataset: z.strictObject({ name: z.string(), tree: digestText }).nullable(),
});
export type Version = z.infer<typeof versionSchema>;

export const versionsSchema = z.strictObject({ versions: z.array(versionSchema) });

/** The document of `publish`. `created`: false where the content was there already. */
export const publishedSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  created: z.boolean(),
  path: z.string(),
  contentHash: digestText,
  warnings: z.array(warningSchema),
});
export type Published = z.infer<typeof publishedSchema>;

/** The document of `export`; `import` adds `warnings`. */
export const exportedSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  path: z.string(),
  contentHash: digestText,
});
export type Exported = z.infer<typeof exportedSchema>;
export const importedSchema = exportedSchema.extend({ warnings: z.array(warningSchema) });
export type Imported = z.infer<typeof importedSchema>;

export const verifiedSchema = z.strictObject({
  ok: z.boolean(),
  /** How many versions were looked at. */
  checked: z.int().min(0),
  problems: z.array(
    z.strictObject({
      /** `digits@1.1`. */
      version: z.string(),
      path: z.string(),
      expected: z.string(),
      found: z.string(),
    }),
  ),
});
export type Verified = z.infer<typeof verifiedSchema>;

export const deletedSchema = z.strictObject({
  /** Ids in full: `digits@1.1`, or a run's id. */
  deleted: z.array(z.string()),
  bytes: z.int().min(0),
});
export type Deleted = z.infer<typeof deletedSchema>;

/** `digits@1.1` for people and scripts. */
export const versionId = (name: string, version: string): string => `${name}@${version}`;
