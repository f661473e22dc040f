/** What the contract check says about a package: the shape of `check --json` and of every diagnostic. */
import * as z from 'zod';

/** Zero-based line and UTF-16 column, as in the Language Server Protocol. */
export const positionSchema = z.strictObject({ line: z.int().min(0), character: z.int().min(0) });
export const rangeSchema = z.strictObject({ start: positionSchema, end: positionSchema });
export type Position = z.infer<typeof positionSchema>;
export type Range = z.infer<typeof rangeSchema>;

export const severities = ['error', 'warning', 'information', 'hint'] as const;
export type Severity = (typeof severities)[number];

export const findingSchema = z.strictObject({
  /** Stable code, listed in docs/checks. */
  code: z.string(),
  severity: z.enum(severities),
  message: z.string(),
  /** Relative to the workspace with `/`; absolute outside of it. */
  file: z.string(),
  range: rangeSchema,
});
export type Finding = z.infer<typeof findingSchema>;

/** The JSON document of `check --json`. */
export const findingsSchema = z.strictObject({ findings: z.array(findingSchema) });
