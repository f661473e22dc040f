/** The messages of the pages that show a run and that compare two. Part of the door: `protocol.ts` hands it on. */
import * as z from 'zod';
import type { Marks } from '../../runner/src/domain/marks';
import type { Run } from '../../runner/src/domain/run';

/** What the buttons of these pages start; the host decides what they act on. */
export const runCommands = [
  'runAgain',
  'runWithChanges',
  'compareRuns',
  'stopRun',
  'showLog',
  'showResults',
  'revealRun',
  'deleteRun',
  'renameRun',
  'noteRun',
  'starRun',
  'unstarRun',
] as const;
export type RunCommand = (typeof runCommands)[number];

/** Page to host. */
export const runMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('runCommand'), command: z.enum(runCommands) }),
  /** A line of the package, as the version of the run had it. */
  z.object({ kind: z.literal('openFrame'), file: z.string(), line: z.number().int() }),
  z.object({ kind: z.literal('openFile'), path: z.string() }),
  /** A file of "Changed since the last success", or of a comparison. */
  z.object({ kind: z.literal('openChange'), path: z.string() }),
  z.object({ kind: z.literal('openAllChanges') }),
  z.object({
    kind: z.literal('madeOf'),
    action: z.enum(['files', 'source', 'data', 'image', 'distributions', 'parameters', 'verify', 'record']),
  }),
  z.object({ kind: z.literal('copy'), text: z.string().max(100_000) }),
  /** A section was folded or unfolded; remembered for the user. */
  z.object({ kind: z.literal('fold'), section: z.string().max(100), folded: z.boolean() }),
  z.object({ kind: z.literal('chooseRuns'), left: z.string(), right: z.string() }),
]);
export type RunMessage = z.infer<typeof runMessageSchema>;

export interface FileView {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

export interface PictureView extends FileView {
  /** A webview URI. */
  readonly source: string;
}

export interface ChangeView {
  readonly path: string;
  readonly letter: 'A' | 'M' | 'D';
  readonly before: number;
  readonly after: number;
  readonly lines: { readonly added: number; readonly removed: number } | null;
  readonly madeByTraining: boolean;
}

export interface MadeOfRow {
  readonly label: string;
  readonly text: string;
  /** Shortened digest, shown in the editor's font. */
  readonly digest?: string;
  readonly changes?: readonly { readonly letter: string; readonly text: string }[];
  readonly action?: { readonly text: string; readonly what: Extract<RunMessage, { kind: 'madeOf' }>['action'] };
}

/** The newest earlier success of the same pipeline. */
export interface Baseline {
  readonly version: string;
  /** Last value of each metric. */
  readonly values: Readonly<Record<string, number>>;
}

export interface RunPageState {
  readonly run: Run;
  readonly marks: Marks;
  /** Working folder or version files: which paths of the log are links. */
  readonly packageFiles: readonly string[];
  readonly pictures: readonly PictureView[];
  readonly files: readonly FileView[];
  readonly madeOf: readonly MadeOfRow[];
  /** `_results.json` as it is written. */
  readonly raw: string;
  readonly baseline: Baseline | null;
  readonly changedSince: {
    readonly version: string;
    readonly changes: readonly ChangeView[];
    /** "data, parameters and image" that are the same, or what differs. */
    readonly words: string;
  } | null;
  /** True where the failing file reads otherwise now than in the version that ran. */
  readonly sourceChanged: boolean;
  /** Where a version was published for this run. */
  readonly published: boolean;
  /** CPUs and memory (bytes) that the run could use; null where that is not known. */
  readonly limits: { readonly cpus: number | null; readonly memory: number | null };
  readonly folded: readonly string[];
}

export interface UsageView {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly gpu: readonly { readonly utilization: number | null; readonly memory: number | null }[];
}

export interface RunChoice {
  readonly id: string;
  readonly text: string;
}

export interface CompareSide {
  readonly run: Run;
  readonly marks: Marks;
  /** In the order first printed. */
  readonly metrics: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
  /** Bytes; null where it was not measured. */
  readonly peakMemory: number | null;
  readonly pictures: readonly PictureView[];
  readonly distributions: readonly string[] | null;
  readonly python: string;
}

export interface ComparePageState {
  readonly choices: readonly RunChoice[];
  readonly left: CompareSide;
  readonly right: CompareSide;
  /** Null where a version of one of the sides is gone. */
  readonly files: { readonly changes: readonly ChangeView[]; readonly same: number } | null;
  readonly data: {
    readonly known: boolean;
    readonly same: boolean;
    readonly added: number;
    readonly changed: number;
    readonly removed: number;
    readonly changes: readonly { readonly path: string; readonly letter: 'A' | 'M' | 'D' }[];
  };
}

/** Host to page. */
export type RunHostMessage =
  | { readonly kind: 'runPage'; readonly state: RunPageState }
  | {
      readonly kind: 'log';
      readonly from: number;
      readonly lines: readonly { readonly time: string; readonly stream: 'stdout' | 'stderr'; readonly text: string }[];
    }
  | { readonly kind: 'usage'; readonly from: number; readonly usage: readonly UsageView[] }
  | { readonly kind: 'comparePage'; readonly state: ComparePageState };
