/** What the pipeline panel and the extension tell each other; a part of the door `protocol.ts`. */
import * as z from 'zod';
import type { EngineFacts } from '../../runner/src/domain/engineFacts';
import type { GpuTrouble } from '../../runner/src/domain/gpuFacts';
import type { Finding } from '../../runner/src/domain/finding';
import type { Metric } from '../../runner/src/domain/metrics';
import type { Problem, Run } from '../../runner/src/domain/run';

export const parameterRowSchema = z.object({
  name: z.string(),
  /** Never the value of a secret that the extension keeps. */
  value: z.string(),
  secret: z.boolean(),
  /** True: the extension keeps a value for it. */
  stored: z.boolean(),
});
export type ParameterRow = z.infer<typeof parameterRowSchema>;

/** The form as it stands, saved or not. Empty text means the default. */
export const draftSchema = z.object({
  /** Name of the saved pipeline, or "" for one that was never saved. */
  name: z.string(),
  /** Folder of the package, or its name where it has no folder. */
  package: z.string(),
  /** A version, or "" for the working folder. */
  from: z.string(),
  dataset: z.string(),
  subFolder: z.string(),
  datasetAccess: z.enum(['read-only', 'copy']),
  engine: z.string(),
  gpuKind: z.enum(['none', 'all', 'count', 'ids']),
  gpuCount: z.string(),
  gpuIds: z.array(z.string()),
  image: z.string(),
  network: z.enum(['bridge', 'none']),
  memory: z.string(),
  cpus: z.string(),
  shm: z.string(),
  timeout: z.string(),
  parameters: z.array(parameterRowSchema),
  saveTrainingData: z.boolean(),
  artifactsDirectory: z.string(),
});
export type Draft = z.infer<typeof draftSchema>;

export const emptyDraft: Draft = {
  name: '',
  package: '',
  from: '',
  dataset: '',
  subFolder: '',
  datasetAccess: 'read-only',
  engine: '',
  gpuKind: 'none',
  gpuCount: '1',
  gpuIds: [],
  image: '',
  network: 'bridge',
  memory: '',
  cpus: '',
  shm: '',
  timeout: '',
  parameters: [],
  saveTrainingData: false,
  artifactsDirectory: '',
};

/** What the page keeps over hide, reload and restart; the extension gets it back with the panel. */
export const rememberedPanelSchema = z.object({
  draft: draftSchema,
  /** When that was, in milliseconds since the epoch. */
  at: z.number().default(0),
  /** Runs whose strip was closed. */
  closed: z.array(z.string()).default([]),
});
export type RememberedPanel = z.infer<typeof rememberedPanelSchema>;

/** Page to host, of the panel alone. */
export const panelMessageSchemas = [
  z.object({ kind: z.literal('edit'), draft: draftSchema }),
  z.object({ kind: z.literal('run'), draft: draftSchema }),
  z.object({ kind: z.literal('save'), draft: draftSchema, as: z.boolean() }),
  z.object({ kind: z.literal('browse') }),
  /** The list of recent datasets, to choose from by keyboard. */
  z.object({ kind: z.literal('recentDatasets') }),
  z.object({ kind: z.literal('askEngines') }),
  /** All checks once more. */
  z.object({ kind: z.literal('checkAgain') }),
  z.object({ kind: z.literal('showChanges') }),
  z.object({ kind: z.literal('showDifferences') }),
  /** A secret that was typed: kept by the extension from now on. */
  z.object({ kind: z.literal('secret'), name: z.string(), value: z.string() }),
  z.object({ kind: z.literal('renameSecret'), from: z.string(), to: z.string() }),
  z.object({ kind: z.literal('compareRuns'), id: z.string(), other: z.string() }),
  z.object({ kind: z.literal('openRunFrame'), id: z.string(), file: z.string(), line: z.number() }),
  z.object({ kind: z.literal('showRunResults'), id: z.string() }),
  z.object({
    kind: z.literal('command'),
    command: z.enum([
      'newPackage',
      'importPackage',
      'usePackageFolder',
      'openJson',
      'openFolder',
      'manageTrust',
      'showRunnerLog',
      'restartRunner',
      'showProblems',
    ]),
  }),
] as const;

export interface PackageChoice {
  readonly name: string;
  readonly folder: string | null;
  /** Highest first. */
  readonly versions: readonly string[];
  /** When each version was made (ISO 8601) and whether by a run. */
  readonly made?: Readonly<Record<string, { readonly at: string; readonly trained: boolean }>>;
}

/** What a run would do: START → [N.0 →] N.m on ENGINE. */
export interface PlanFacts {
  readonly from: string;
  readonly publishes: boolean;
  readonly makes: string;
  readonly engine: string;
  readonly changedSince: { readonly version: string; readonly paths: readonly string[] } | null;
  /** What the run starts from. */
  readonly source: { readonly files: number; readonly bytes: number };
  /** Minors that are taken already, lowest first. */
  readonly taken: readonly string[];
}

/** What was tried, and what came of it. Null: not tried. */
export interface CheckFacts {
  readonly engine: { readonly name: string; readonly milliseconds: number; readonly problem: Problem | null };
  readonly findings: readonly Finding[] | null;
  readonly blocking: number;
  readonly packageProblem: Problem | null;
  readonly seal: boolean | null;
  readonly reads: readonly { readonly name: string; readonly fallback: string | null }[];
  readonly gpuProblem: Problem | null;
  /** Why the engine has none to give; null where it has, or was not asked. */
  readonly gpuTrouble: GpuTrouble | null;
  readonly environment: {
    readonly kind: 'ready' | 'build';
    readonly base: string;
    readonly isBaseThere: boolean;
    readonly files: readonly string[];
    readonly changed: readonly { readonly file: string; readonly names: readonly string[] }[];
  } | null;
  readonly environmentProblem: Problem | null;
  readonly disk: { readonly free: number | null };
}

export interface DatasetView {
  readonly path: string;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** True while it is counted on: the numbers are lower bounds. */
  readonly partial: boolean;
  readonly entries: readonly {
    readonly name: string;
    readonly kind: 'file' | 'folder';
    readonly files: number;
    readonly bytes: number;
  }[];
  /** Of the folder, not of the chosen sub-folder. */
  readonly subFolders: readonly string[];
  /** Data URIs. */
  readonly pictures?: readonly { readonly name: string; readonly source: string }[];
  /** How long the look took, in milliseconds. */
  readonly milliseconds?: number;
  /** Since the last run with it; null where there is nothing to compare with. */
  readonly changes?: {
    readonly version: string;
    readonly added: number;
    readonly changed: number;
    readonly removed: number;
  } | null;
}

/** A problem at a field; `field` is the field's id in the page, or "" where it concerns the whole. */
export interface FieldProblem {
  readonly field: string;
  readonly label: string;
  readonly message: string;
  /** In the plan, away from the field, where the message alone would not say what it is about. */
  readonly summary?: string;
  /** What mends it with one press. */
  readonly fix?: { readonly text: string; readonly edit: Partial<Draft> } | undefined;
}

/** What is known of a run of this pipeline beyond its document. */
export interface LiveRun {
  readonly id: string;
  /** What it waits for or works on. */
  readonly progress: { readonly text: string; readonly done?: number; readonly total?: number } | null;
  /** The last line of its log. */
  readonly line: string;
  /** The newest value of each, in the order in which they were printed first. */
  readonly metrics: readonly Metric[];
  /** The number that is reserved for what it makes. */
  readonly makes?: string;
  /** Milliseconds since the epoch since when nothing was heard of it; null while it is heard. */
  readonly silentSince: number | null;
  /** Files that it wrote for people, once it has ended. */
  readonly artifacts: { readonly pictures: number; readonly others: number } | null;
}

export type PanelSituation = 'ready' | 'loading' | 'no-folder' | 'virtual' | 'untrusted';

export interface PanelState {
  readonly situation?: PanelSituation;
  readonly packages: readonly PackageChoice[];
  readonly draft: Draft;
  readonly saved: boolean;
  /** Undefined until they were asked for the first time. */
  readonly engines: readonly EngineFacts[] | undefined;
  /** Milliseconds since the epoch. */
  readonly enginesAt?: number;
  readonly asking?: boolean;
  readonly plan: PlanFacts | undefined;
  /** True while plan and checks are on their way: what is shown is of a moment ago. */
  readonly planning: boolean;
  readonly problems: readonly FieldProblem[];
  readonly checks?: CheckFacts | undefined;
  readonly dataset: DatasetView | undefined;
  readonly recentDatasets: readonly string[];
  /** Of this pipeline: in progress first, then newest first. */
  readonly runs: readonly Run[];
  readonly live?: readonly LiveRun[];
  /** True from the press of Run until the run is there. */
  readonly starting?: boolean;
  /** The runner process is gone or on its way back. */
  readonly runner?: 'up' | 'restarting' | 'gone';
}

/** Host to page, of the panel alone. */
export type PanelHostMessage =
  | { readonly kind: 'panel'; readonly state: PanelState }
  /** Another draft takes the form's place. */
  | { readonly kind: 'draft'; readonly draft: Draft }
  /** Some fields change; what is typed elsewhere stays. */
  | { readonly kind: 'patch'; readonly part: Partial<Draft> }
  /** Secrets that the extension keeps a value for. */
  | { readonly kind: 'stored'; readonly names: readonly string[] };
