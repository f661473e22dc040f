/** The messages between a page and the extension. The page speaks first (`ready`); the host answers with full state. */
import * as z from 'zod';
import type { EngineFacts } from '../../runner/src/domain/engineFacts';
import type { Run } from '../../runner/src/domain/run';

export const parameterRowSchema = z.object({
  name: z.string(),
  value: z.string(),
  secret: z.boolean(),
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

/** Page to host. */
export const pageMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('edit'), draft: draftSchema }),
  z.object({ kind: z.literal('run'), draft: draftSchema }),
  z.object({ kind: z.literal('save'), draft: draftSchema, as: z.boolean() }),
  z.object({ kind: z.literal('browse') }),
  z.object({ kind: z.literal('askEngines') }),
  z.object({ kind: z.literal('stop'), id: z.string() }),
  z.object({ kind: z.literal('openRun'), id: z.string() }),
  z.object({ kind: z.literal('runAgain'), id: z.string() }),
  z.object({ kind: z.literal('openFrame'), file: z.string(), line: z.number() }),
  z.object({ kind: z.literal('openFile'), path: z.string() }),
  z.object({ kind: z.literal('showLog') }),
  z.object({ kind: z.literal('showResults') }),
  z.object({ kind: z.literal('command'), command: z.enum(['newPackage', 'importPackage', 'openJson']) }),
]);
export type PageMessage = z.infer<typeof pageMessageSchema>;

export interface PackageChoice {
  readonly name: string;
  readonly folder: string | null;
  readonly versions: readonly string[];
}

export interface PlanText {
  /** START → [N.0 →] N.m on ENGINE */
  readonly from: string;
  readonly publishes: boolean;
  readonly makes: string;
  readonly engine: string;
  readonly why: string;
}

export interface DatasetView {
  readonly path: string;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly partial: boolean;
  readonly entries: readonly {
    readonly name: string;
    readonly kind: 'file' | 'folder';
    readonly files: number;
    readonly bytes: number;
  }[];
  readonly subFolders: readonly string[];
}

/** A problem at a field; `field` is the field's id in the page, or "" where it concerns the whole. */
export interface FieldProblem {
  readonly field: string;
  readonly label: string;
  readonly message: string;
}

export interface PanelState {
  readonly packages: readonly PackageChoice[];
  readonly draft: Draft;
  readonly saved: boolean;
  readonly engines: readonly EngineFacts[] | undefined;
  readonly plan: PlanText | undefined;
  readonly planning: boolean;
  readonly problems: readonly FieldProblem[];
  readonly dataset: DatasetView | undefined;
  readonly recentDatasets: readonly string[];
  readonly runs: readonly Run[];
}

export interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface PictureView {
  readonly name: string;
  /** A webview URI. */
  readonly source: string;
  readonly path: string;
  readonly bytes: number;
}

export interface RunPageState {
  readonly run: Run;
  readonly pictures: readonly PictureView[];
  readonly files: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  readonly madeOf: readonly { readonly label: string; readonly text: string }[];
}

/** Host to page. */
export type HostMessage =
  | { readonly kind: 'panel'; readonly state: PanelState }
  | { readonly kind: 'draft'; readonly draft: Draft }
  | { readonly kind: 'runPage'; readonly state: RunPageState }
  | { readonly kind: 'log'; readonly from: number; readonly lines: readonly LogLine[] };
